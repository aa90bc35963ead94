//! What the daemon says about itself: logs on standard error.
//!
//! Owns: how a log line looks, and which events make one. Must not know: who causes events. Put in place by `cli`.
//!
//! Convention: the message reads alone; ids are fields too (`source.id`, `run.id`); units are in the field's name
//! (`duration_ms`); a failure is logged once, where it is handled.

mod observer;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogConfig, LogFormat};

pub use observer::LogObserver;

/// Starts logging to standard error. The first call counts; a second one changes nothing.
///
/// # Errors
/// What is wrong with the level.
pub fn start(config: &LogConfig, color: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.level).map_err(|error| {
        format!(
            "log.level = {:?}: {error}; write error, warn, info, debug, trace, or \"tidegate=debug,info\"",
            config.level
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    // A subscriber that is set already stays: tests start several daemons in one process.
    let _already_set = match config.format {
        LogFormat::Text => builder.with_ansi(color).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
