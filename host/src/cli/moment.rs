//! A time as a person types it: an instant, or so long ago.
//!
//! Owns: how it is read. Must not know: what it is for. Used by options such as `--since`.

use tidegate_core::time::{Span, UtcMillis};

use super::error::CliError;
use crate::ports::Clock;
use crate::system::SystemClock;

/// The value of an option: a time, or so long ago.
pub(super) fn moment(option: &str, text: &str) -> Result<UtcMillis, CliError> {
    let ago = text.parse::<Span>().ok().map(|span| SystemClock.now().minus(span.duration()));
    ago.or_else(|| UtcMillis::parse(text)).ok_or_else(|| {
        CliError::usage(format!("{option} {text:?} is neither a time (2026-11-21T12:00:00Z) nor a span (2h)"))
    })
}
