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
    /// Check a component: contract, imports, limits, schema, examples.
    Check {
        /// The component.
        file: PathBuf,
    },
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
