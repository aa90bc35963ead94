//! What the daemon says about itself: logs on standard error, and metrics.
//!
//! Owns: how a log line looks, which events make one, and what is counted. Must not know: who causes events. Put in place by
//! `cli`.
//!
//! Convention: the message reads alone; ids are fields too (`source.id`, `run.id`); units are in the field's name
//! (`duration_ms`); a failure is logged once, where it is handled.

mod fan;
mod metrics;
mod observer;

use std::io::Write;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogConfig, LogFormat};

pub use fan::Fan;
pub use metrics::{Metric, Metrics, Watched, documented, limits_of};
pub use observer::LogObserver;

/// Standard error, for as long as somebody reads it. A full disk or a reader that has gone away costs log lines, not the
/// daemon.
#[derive(Debug, Default)]
struct Lenient;

impl Write for Lenient {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _lost = std::io::stderr().lock().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _lost = std::io::stderr().lock().flush();
        Ok(())
    }
}

/// How much is logged, to be changed while it is.
#[derive(Clone)]
pub struct Level(Arc<dyn Fn(EnvFilter) + Send + Sync>);

impl Level {
    /// Logs at that level from now on. One that is wrong changes nothing: it was refused where it was read.
    pub fn set(&self, level: &str) {
        if let Ok(filter) = filter(level) {
            (self.0)(filter);
        }
    }
}

/// Starts logging to standard error. The first call counts; a second one changes nothing, and neither does what it gives.
///
/// # Errors
/// What is wrong with the level.
pub fn start(config: &LogConfig, color: bool) -> Result<Level, String> {
    let filter = filter(&config.level)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Lenient::default)
        // Told on standard error, which may be what is broken.
        .log_internal_errors(false)
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    // A subscriber that is set already stays: tests start several daemons in one process.
    macro_rules! begin {
        ($builder:expr) => {{
            let builder = $builder.with_filter_reloading();
            let handle = builder.reload_handle();
            let _already_set = builder.try_init();
            // Gone is it only where another subscriber was set already.
            Level(Arc::new(move |filter| drop(handle.reload(filter))))
        }};
    }
    Ok(match config.format {
        LogFormat::Text => begin!(builder.with_ansi(color)),
        LogFormat::Json => begin!(builder.json().flatten_event(true)),
    })
}

/// What a level lets through.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn filter(level: &str) -> Result<EnvFilter, String> {
    // A word that is no level would be taken for the name of a module, and nothing be logged.
    let level_of = |directive: &str| directive.rsplit('=').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known =
        |directive: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&level_of(directive).as_str());
    let remedy = "write error, warn, info, debug, trace, or \"tidegate=debug,info\"";
    if !level.split(',').all(known) {
        return Err(format!("log.level = {level:?} is not a level; {remedy}"));
    }
    EnvFilter::try_new(level).map_err(|error| format!("log.level = {level:?}: {error}; {remedy}"))
}
