//! The listener: metrics and health, for those who watch the daemon.
//!
//! Owns: the socket, its limits, and the routes `/metrics`, `/healthz` and `/readyz`. Must not know: what is measured, or what
//! makes a daemon ready; both are asked of a [`Face`]. Put together by `cli`.
//!
//! It takes nothing in: any other target is 404, any other method 405, and the body of a request is never read.

mod listener;
mod routes;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use listener::{Listener, NotListening};

/// What the listener shows.
#[async_trait]
pub trait Face: Send + Sync {
    /// All metrics in the text format of Prometheus.
    async fn metrics(&self) -> String;

    /// Why the daemon cannot do its work at this moment, each reason as a sentence. None: it is ready.
    async fn unready(&self) -> Vec<String>;

    /// What a daemon that is ready wants to be known all the same, each as a sentence.
    async fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}
