//! A word on the terminal when something takes longer than a second.

use std::future::Future;
use std::io::IsTerminal;
use std::time::Duration;

use super::output::line;

/// Does `work`; if it takes longer than a second and somebody is watching, says `what` on standard error.
pub(super) async fn watched<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(Duration::from_secs(1)) => {}
    }
    if std::io::stderr().is_terminal() {
        line(&mut std::io::stderr().lock(), &format!("{what} ..."));
    }
    work.await
}
