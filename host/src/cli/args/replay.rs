//! What may be typed after `replay`.
//!
//! Owns: its options and their help. Must not know: what it does.

use tidegate_core::limits;

/// Options of `replay`.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The kept pages of all sources of this profile.
    #[arg(long, short, required_unless_present = "source")]
    pub profile: Option<String>,
    /// Those of this source only: id, or identifier.
    #[arg(long)]
    pub source: Option<String>,
    /// Pages not older than this: a time ("2026-11-21T12:00:00Z"), or so long ago ("2h").
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Pages older than this, written in the same way.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Write what comes of it. Without this nothing is changed.
    #[arg(long)]
    pub write: bool,
    /// Changes and troubles that are shown one by one, at most.
    #[arg(long, default_value_t = limits::REPLAY_SHOWN.0, value_parser = clap::value_parser!(u32).range(0..=i64::from(limits::REPLAY_SHOWN.1)))]
    pub show: u32,
}
