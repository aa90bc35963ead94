//! Seeing when the client connects.
//!
//! Owns: the layer around the client's connector that notes the beginning and the end. Must not know: how it is done.
//! Called by the HTTP client when its pool has no connection to the host.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::progress::Progress;

/// Tells the request a connection is made for ([`Progress`]) how long that takes: look-up, dialling and TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted;

/// A connector that is watched.
#[derive(Debug, Clone)]
pub(super) struct Connector<S>(S);

impl<S> Layer<S> for Noted {
    type Service = Connector<S>;

    fn layer(&self, connector: S) -> Connector<S> {
        Connector(connector)
    }
}

impl<S, To> Service<To> for Connector<S>
where
    S: Service<To>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, to: To) -> Self::Future {
        // Taken here, as the client may finish this future in a task of its own.
        let progress = Progress::current();
        let connected = self.0.call(to);
        Box::pin(async move {
            let _connecting = progress.as_deref().map(Progress::connecting);
            connected.await
        })
    }
}
