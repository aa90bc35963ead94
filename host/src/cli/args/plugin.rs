//! What may be typed of plugins.
//!
//! Owns: the commands of `plugin` and their help. Must not know: what they do.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::cli::plugin::PluginName;

/// `plugin ...`
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// List plugins: those that serve, and those that were refused with the reason.
    List,
    /// Start a plugin: a project that builds and is tested, with an example to replace. Nothing is fetched.
    New(NewArgs),
    /// Check a component: contract, imports, schema, examples, the same answer twice, limits, speed. Exit code 4 on an error.
    Check {
        /// The component.
        file: PathBuf,
        /// Recorded pages to try it with as well; the layout is in docs/fixtures.md.
        #[arg(long, value_name = "DIR")]
        fixtures: Option<PathBuf>,
    },
    /// Run recorded pages through a component and compare what comes with what must. Exit code 1 if something differs.
    Test(PluginTest),
    /// Try one source out and tell every step. Without --live nothing is fetched, and nothing is ever stored.
    Run(PluginRun),
    /// Run one source once, for real, and keep its pages as a case for `plugin test`, without what is private in them.
    Record(PluginRecord),
    /// Let a plugin serve again that is in quarantine because it broke down too often.
    Release {
        /// Its name.
        name: String,
    },
}

/// Options of `plugin new`.
#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// Its name, the platform's at best: a-z, 0-9 and "-".
    pub name: PluginName,

    /// The language.
    #[arg(long, value_enum)]
    pub lang: Language,

    /// The folder of the project, new or empty; by default one of its name in the directory.
    #[arg(long, value_name = "PATH")]
    pub to: Option<PathBuf>,
}

/// A language that plugins are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Rust, on the kit.
    Rust,
    /// JavaScript, in QuickJS.
    #[value(alias = "javascript")]
    Js,
    /// Python, with its interpreter.
    Python,
    /// C, by zig.
    C,
}

/// Options of `plugin test`.
#[derive(Debug, clap::Args)]
pub struct PluginTest {
    /// The plugin's project: what it has built, and its folder `fixtures`.
    #[arg(value_name = "DIR")]
    pub project: PathBuf,
    /// The component, if it is not where the usual toolchains put it.
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// The cases, if they are not in the folder `fixtures` of the project.
    #[arg(long, value_name = "DIR")]
    pub fixtures: Option<PathBuf>,
    /// This case only; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub case: Vec<String>,
    /// Write what came to expected.json instead of comparing it.
    #[arg(long)]
    pub update: bool,
}

/// One source to try out.
#[derive(Debug, clap::Args)]
pub struct PluginSource {
    /// The component's file, or the name of a plugin that serves here.
    pub plugin: String,
    /// Which of its kinds.
    pub kind: String,
    /// Handle, URL or whatever the kind takes.
    pub identifier: String,
    /// One override, NAME=VALUE; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The profile it runs by: a file, or a name. Without one: the plugin's own hosts, no private address, no actor.
    #[arg(long, value_name = "FILE|NAME")]
    pub profile: Option<String>,
    /// Fetches it may make.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_pages: Option<u32>,
    /// New items it may bring.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_items: Option<u32>,
    /// What a live run may spend on actors, in US dollars. Without it none is ordered.
    #[arg(long, value_name = "USD")]
    pub spend: Option<String>,
}

/// Options of `plugin run`.
#[derive(Debug, clap::Args)]
pub struct PluginRun {
    /// What is tried out.
    #[command(flatten)]
    pub source: PluginSource,
    /// Read recorded pages: the folder of one case, as in docs/fixtures.md.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["live", "spend"])]
    pub from_pages: Option<PathBuf>,
    /// Fetch for real, within what the profile allows.
    #[arg(long)]
    pub live: bool,
}

/// Options of `plugin record`.
#[derive(Debug, clap::Args)]
pub struct PluginRecord {
    /// What is run.
    #[command(flatten)]
    pub source: PluginSource,
    /// Where cases are kept.
    #[arg(long, value_name = "DIR", default_value = "fixtures")]
    pub out: PathBuf,
    /// Name of the case: a new folder there.
    #[arg(long, value_name = "NAME")]
    pub case: String,
}
