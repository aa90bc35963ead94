//! The socket and its limits.
//!
//! Owns: how many connections there may be, how long they may take, and how they end. Must not know: what is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tidegate_core::limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Face;
use super::routes::routes;

/// How long open connections have to end when the listener stops.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long the listener rests when the system gives it no connection (no file descriptors left, say).
const REST: Duration = Duration::from_millis(200);

/// A listener that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("listening on {address} (http.listen) failed: {cause}")]
pub struct NotListening {
    /// Where.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub cause: std::io::Error,
}

/// A socket that listens.
pub struct Listener {
    socket: TcpListener,
    /// Where it really listens: a port of 0 has become one.
    pub address: SocketAddr,
}

impl Listener {
    /// Listens. Who connects waits until [`Listener::serve`].
    ///
    /// # Errors
    /// [`NotListening`]: the address is in use or not of this machine, or the port is not for this user.
    pub async fn bind(address: SocketAddr) -> Result<Self, NotListening> {
        let failed = |cause| NotListening { address, cause };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// Answers until `stop` is cancelled.
    pub async fn serve(self, face: Arc<dyn Face>, stop: CancellationToken) {
        let router = routes(face);
        let places = Arc::new(Semaphore::new(limits::HTTP_CONNECTIONS));
        let connections = TaskTracker::new();
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.socket.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = stop.cancelled() => break,
                next = next => next,
            };
            match accepted {
                Ok((stream, _)) => {
                    let serve = serve(stream, router.clone(), stop.clone());
                    connections.spawn(async move {
                        serve.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the listener was not accepted: {error}");
                    tokio::time::sleep(REST).await;
                }
            }
        }
        connections.close();
        let _ended = tokio::time::timeout(GOODBYE, connections.wait()).await;
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, router: axum::Router, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HTTP_HEADER_TIMEOUT)
        .max_headers(limits::HTTP_HEADER_COUNT)
        .max_buf_size(limits::HTTP_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let life = tokio::time::sleep(limits::HTTP_CONNECTION_LIFE);
    tokio::pin!(life);
    // What goes wrong on a connection is its client's business.
    tokio::select! {
        _ = &mut connection => return,
        () = stop.cancelled() => {}
        () = &mut life => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ended = tokio::time::timeout(GOODBYE, connection).await;
}
