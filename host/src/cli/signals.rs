//! SIGINT and SIGTERM: the first asks to drain, the second stops at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::CliError;

/// The signals that ask a daemon to stop.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Self, CliError> {
        let open =
            |kind| signal(kind).map_err(|error| CliError::failed(format!("signals cannot be listened to: {error}")));
        Ok(Self { interrupt: open(SignalKind::interrupt())?, terminate: open(SignalKind::terminate())? })
    }

    /// SIGHUP, which asks a daemon to read its configuration again.
    pub(super) fn hangup() -> Result<Signal, CliError> {
        let failed = |error| CliError::failed(format!("signals cannot be listened to: {error}"));
        signal(SignalKind::hangup()).map_err(failed)
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
