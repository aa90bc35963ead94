//! What may be typed.
//!
//! Owns: commands, options and their help. Must not know: what they do.

mod plugin;
mod replay;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use tidegate_core::time::Span;

use super::dead_args::{DeadCommand, RunArgs, WhichSources};
use crate::database::Typed;
pub(super) use plugin::{Language, NewArgs, PluginCommand, PluginRecord, PluginRun, PluginSource, PluginTest};
pub(super) use replay::ReplayArgs;
pub(super) use world::SimulateArgs;

/// Ingests content from many platforms on a schedule, at a cost that is capped for certain.
///
/// Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not found; 4 refused (source, profile, plugin or configuration is wrong);
/// 5 the database cannot be used.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, max_term_width = 100, propagate_version = true)]
pub struct Args {
    /// Where the daemon lives.
    #[command(flatten)]
    pub place: Place,

    /// How data is printed.
    #[arg(short, long, value_enum, global = true, default_value_t = Format::Text)]
    pub output: Format,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the daemon lives.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// Directory of the daemon: database, plugins/, profiles/, tidegate.toml.
    #[arg(long, value_name = "DIR", global = true, default_value = ".", env = "TIDEGATE_DIR")]
    pub dir: PathBuf,

    /// Configuration file instead of tidegate.toml in the directory.
    #[arg(long, value_name = "FILE", global = true, env = "TIDEGATE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Database instead of the configured one: postgres://user@host/database, or a SQLite file.
    #[arg(long, value_name = "URL", global = true, env = "TIDEGATE_DATABASE", hide_env_values = true)]
    pub database: Option<Typed>,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; the shapes are documented in docs/cli-json.md.
    Json,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: fetch what is due, until it is stopped (Ctrl-C drains, twice stops at once).
    Serve(ServeArgs),
    /// Show tidegate at work: the same daemon against feeds and actors written for it. Leaves nothing behind.
    Demo(DemoArgs),
    /// Do one tick and wait for its runs, for those who prefer system cron.
    RunScheduled,
    /// Add, look at, run, pause, resume and remove sources.
    #[command(subcommand)]
    Source(SourceCommand),
    /// List ingested items, newest first.
    Items(ItemsArgs),
    /// Look at runs.
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Look at what needs a person (elements and runs that came to nothing), take it up again, or discard it.
    #[command(subcommand)]
    Dead(DeadCommand),
    /// Normalize kept pages again with the plugin of now, offline and for free, and show what would change; --write applies it.
    /// Exit code 1 if the plugin broke down on a page.
    Replay(ReplayArgs),
    /// Let a user follow sources: their active followers decide how often sources with a schedule by tiers are fetched.
    Follow(FollowArgs),
    /// Let a user follow sources no more. One that nobody follows is dormant.
    Unfollow(FollowArgs),
    /// Note that a user is there now. A user seen in the last 24 hours (scheduler.active_within) is an active follower.
    Seen(SeenArgs),
    /// Simulate a day of users, sources and platforms, with the real scheduler and virtual time. Nothing is fetched or paid.
    Simulate(SimulateArgs),
    /// Look at plugins, and check a component.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Look at profiles, and check them.
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Show what may be spent, what is promised to runs, what is gone and what is left.
    Budget(BudgetArgs),
    /// Forecast runs and money, and which budget would bind. Nothing is fetched or paid.
    Plan(PlanArgs),
    /// Look at the configuration, and check it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Bring the database to the schema of this version. A daemon does so by itself where no other one can be working: with a
    /// SQLite file, and with an empty PostgreSQL database.
    Migrate,
    /// Look at alerts that are not resolved, and try where they are sent.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Watch what is due, running, spent, closed and failing, second by second.
    Top(TopArgs),
    /// Check that everything a daemon needs is in order.
    Doctor,
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Write logs as JSON, one object a line.
    #[arg(long)]
    pub log_json: bool,
}

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// End by itself after this time ("30s"); without it, Ctrl-C ends it.
    #[arg(long = "for", value_name = "TIME")]
    pub duration: Option<Span>,

    /// Keep the demo's directory (its database, for example) and say where it is.
    #[arg(long)]
    pub keep: bool,
}

/// `source ...`
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Add sources. One that is there already is left as it is.
    Add(SourceAddArgs),
    /// List sources.
    List {
        /// Of this tenant only.
        #[arg(long)]
        tenant: Option<String>,
        /// Of this profile only.
        #[arg(long)]
        profile: Option<String>,
        /// In this state only: active, inactive, paused, invalid.
        #[arg(long)]
        state: Option<String>,
        /// Those after this id (the last one of the listing before).
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Show everything about a source, and whether it would run now.
    Show {
        /// Id, or identifier.
        source: String,
    },
    /// Say why a source runs now or does not: every rule and budget with its verdict, and when that changes.
    Explain {
        /// Id, or identifier.
        source: String,
    },
    /// Run sources once, now, under the same rules and budgets; only their schedule is not waited for.
    Run(RunArgs),
    /// Pause a source. A run under way goes on to its end; an actor run is aborted, and what it has brought is stored.
    Pause {
        /// Which.
        #[command(flatten)]
        which: WhichSources,
        /// Why, for whoever asks later.
        #[arg(long, default_value = "paused by an operator")]
        reason: String,
    },
    /// Resume a paused or invalid source; its failures are forgotten and it is due at once.
    Resume {
        /// Which.
        #[command(flatten)]
        which: WhichSources,
    },
    /// Remove a source with its items, pages and runs. Pause it first if an actor run is under way: one that is left alone goes on,
    /// and the most it may cost is booked.
    Remove {
        /// Id, or identifier.
        source: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Options of `source add`.
#[derive(Debug, clap::Args)]
pub struct SourceAddArgs {
    /// What to ingest: URLs, handles, whatever the profile's kind calls for.
    #[arg(required_unless_present = "from")]
    pub identifiers: Vec<String>,
    /// Under which policy.
    #[arg(long, short)]
    pub profile: String,
    /// Who pays and owns it.
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// Overrides as one JSON object.
    #[arg(long, value_name = "JSON")]
    pub overrides: Option<String>,
    /// One override: a JSON value, or text. Goes before --overrides.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Its own schedule instead of the profile's: so long after the last attempt.
    #[arg(long, value_name = "TIME", group = "rhythm")]
    pub every: Option<Span>,
    /// Its own schedule: at the times of a cron expression of five fields, or six with seconds first.
    #[arg(long, value_name = "EXPRESSION", group = "rhythm")]
    pub cron: Option<String>,
    /// The IANA time zone of --cron (UTC without it).
    #[arg(long, value_name = "ZONE", requires = "cron")]
    pub timezone: Option<String>,
    /// Its own schedule: by active followers, with the default table.
    #[arg(long, group = "rhythm")]
    pub tiers: bool,
    /// With any of them: never faster than the source publishes or asks for.
    #[arg(long, requires = "rhythm")]
    pub adaptive: bool,
    /// Add it switched off; it does not run until it is resumed.
    #[arg(long)]
    pub inactive: bool,
    /// Read identifiers from a file, one a line ("-" is standard input; "#" begins a comment).
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
}

/// Options of `follow` and `unfollow`.
#[derive(Debug, clap::Args)]
pub struct FollowArgs {
    /// The user's id, as your own system has it.
    pub user: String,
    /// Ids, or identifiers.
    #[arg(required = true, num_args = 1..=1_000)]
    pub sources: Vec<String>,
    /// Whose user it is.
    #[arg(long, default_value = "default")]
    pub tenant: String,
}

/// Options of `seen`.
#[derive(Debug, clap::Args)]
pub struct SeenArgs {
    /// The user's id, as your own system has it.
    pub user: String,
    /// Whose user it is.
    #[arg(long, default_value = "default")]
    pub tenant: String,
}

/// Options of `items`.
#[derive(Debug, clap::Args)]
pub struct ItemsArgs {
    /// Of this source only: id, or identifier.
    #[arg(long)]
    pub source: Option<String>,
    /// Of this tenant only.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Those before this cursor (given with the last listing).
    #[arg(long, value_name = "CURSOR")]
    pub before: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
}

/// Options of `budget`.
#[derive(Debug, clap::Args)]
pub struct BudgetArgs {
    /// What holds for this tenant only.
    #[arg(long)]
    pub tenant: Option<String>,
    /// What holds for this profile only.
    #[arg(long)]
    pub profile: Option<String>,
}

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// How many days from now on.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
}

/// Options of `top`.
#[derive(Debug, clap::Args)]
pub struct TopArgs {
    /// Print one picture and end; so does `-o json`, and output that is no terminal.
    #[arg(long)]
    pub once: bool,
}

/// `alert ...`
#[derive(Debug, Subcommand)]
pub enum AlertCommand {
    /// List alerts that are not resolved, the oldest first.
    List,
    /// Send a test alert to every webhook, or to one. Exit code 1 if one did not take it.
    Test {
        /// A name in [alerts.webhook.NAME].
        name: Option<String>,
    },
}

/// `runs ...`
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs, newest first.
    List {
        /// Of this source only: id, or identifier.
        #[arg(long)]
        source: Option<String>,
        /// Of this tenant only.
        #[arg(long)]
        tenant: Option<String>,
        /// With this ending only: ok, no-new, failed.
        #[arg(long)]
        ending: Option<String>,
        /// In this stage only: queued, running, ended.
        #[arg(long)]
        stage: Option<String>,
        /// Those before this id (the last one of the listing before).
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Show everything about a run.
    Show {
        /// Id.
        run: String,
    },
}

/// `profile ...`
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// List profiles.
    List,
    /// Check profiles against their plugins, prices and budgets: all of them, or these. Nothing is fetched or paid.
    Check {
        /// Files, or names of profiles of the daemon; without any, all of them.
        #[arg(value_name = "NAME|FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of a profile, for editors that complete and check TOML.
    Schema,
}

/// `config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the configuration as it holds, defaults and environment included.
    Show,
    /// Check the configuration.
    Check,
}
