//! What may be typed after `dead`, and after `source run`.
//!
//! Owns: these commands, their options and help. Must not know: what they do.

use clap::Subcommand;
use tidegate_core::time::Span;

/// `dead ...`
#[derive(Debug, Subcommand)]
pub enum DeadCommand {
    /// List dead letters, newest first: open ones, unless asked for all.
    List {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// With those that were taken up already.
        #[arg(long)]
        retried: bool,
        /// Those before this number (the last one of the listing before).
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Show everything about a dead letter: error, request, kept pages, its run and what stands against a retry.
    Show {
        /// Its number.
        id: i64,
    },
    /// Take dead letters up: elements are normalized again from their kept pages, runs are queued once more.
    Retry {
        /// Their numbers.
        #[arg(conflicts_with_all = ["tenant", "profile", "source", "kind", "class", "reason", "since", "all"])]
        ids: Vec<i64>,
        /// Which, without numbers.
        #[command(flatten)]
        which: Which,
        /// All open ones.
        #[arg(long)]
        all: bool,
    },
    /// Delete dead letters. What came of their runs stays.
    Discard {
        /// Their numbers.
        #[arg(conflicts_with_all = ["tenant", "profile", "source", "kind", "class", "reason", "since", "all"])]
        ids: Vec<i64>,
        /// Which, without numbers.
        #[command(flatten)]
        which: Which,
        /// All open ones.
        #[arg(long)]
        all: bool,
        /// Say what would be deleted, and delete nothing.
        #[arg(long)]
        dry_run: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Which dead letters are meant: those for which everything that is given holds.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Which {
    /// Of this tenant only.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Of this profile only.
    #[arg(long)]
    pub profile: Option<String>,
    /// Of this source only: id, or identifier.
    #[arg(long)]
    pub source: Option<String>,
    /// Of this sort only: element, run.
    #[arg(long)]
    pub kind: Option<String>,
    /// Of this class of failure only, such as transient or bad-answer.
    #[arg(long)]
    pub class: Option<String>,
    /// With this text in their reason.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Not older than this: a time ("2026-11-21T12:00:00Z"), or so long ago ("2h").
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

/// Options of `source run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Ids, or identifiers.
    #[arg(required_unless_present_any = ["profile", "tenant"], conflicts_with_all = ["profile", "tenant"])]
    pub sources: Vec<String>,
    /// All active sources of this profile.
    #[arg(long, short)]
    pub profile: Option<String>,
    /// All active sources of this tenant.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Wait until the runs have ended, and say how. Exit code 1 if one failed, or has not ended in time.
    #[arg(long)]
    pub wait: bool,
    /// The longest wait.
    #[arg(long, value_name = "TIME", default_value = "15m", requires = "wait")]
    pub timeout: Span,
}

/// Which sources `source pause` and `source resume` mean.
#[derive(Debug, clap::Args)]
pub struct WhichSources {
    /// Id, or identifier.
    #[arg(required_unless_present = "profile", conflicts_with = "profile")]
    pub source: Option<String>,
    /// All sources of this profile that are active (`pause`), or paused (`resume`).
    #[arg(long, short)]
    pub profile: Option<String>,
}
