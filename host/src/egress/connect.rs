//! From a URL's host to a connection.
//!
//! Owns: resolve, judge, dial, secure, in this order and in one place, so that an address that was not judged cannot be
//! dialled. Must not know: requests. Called by the HTTP client when its pool has no connection to the host.
//!
//! A connector carries the exceptions of one profile and belongs to one client, whose pool is therefore never shared
//! with a profile that may reach less.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tidegate_core::fetch::{Denial, NetGrant};
use tidegate_core::limits;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tower_service::Service;

use super::config::EgressLimits;
use super::error::Phase;
use super::progress::Progress;
use super::resolver::Resolve;

/// Makes connections for one set of exceptions.
#[derive(Clone)]
pub(super) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    grant: NetGrant,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    limits: EgressLimits,
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum DialError {
    #[error("{reason}")]
    Denied { host: String, address: Option<IpAddr>, reason: Denial },
    #[error("resolving {host:?}: {why}")]
    Dns { host: String, why: String },
    #[error("{0}")]
    Connect(String),
    #[error("{0}")]
    Tls(String),
    #[error("timed out")]
    Timeout(Phase),
}

impl Connector {
    pub(super) fn new(
        grant: NetGrant,
        resolver: Arc<dyn Resolve>,
        tls: Arc<rustls::ClientConfig>,
        limits: EgressLimits,
    ) -> Self {
        Self { shared: Arc::new(Shared { grant, resolver, tls: TlsConnector::from(tls), limits }) }
    }
}

impl Service<Uri> for Connector {
    type Response = Socket;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Socket, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        // Taken here, as the client may finish this future in a task of its own.
        let progress = Progress::current();
        Box::pin(async move {
            let _connecting = progress.as_deref().map(Progress::connecting);
            shared.connect(&uri).await
        })
    }
}

impl Shared {
    async fn connect(&self, uri: &Uri) -> Result<Socket, DialError> {
        let secure = uri.scheme_str() == Some("https");
        let written = uri.host().unwrap_or_default();
        let host = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(written);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let addresses = self.addresses(host, port).await?;
        let opened = timeout(self.limits.connect, self.open(host, &addresses, secure));
        opened.await.unwrap_or(Err(DialError::Timeout(Phase::Connect)))
    }

    /// The addresses that will be dialled: all judged, and no others.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
        let found = if let Ok(literal) = host.parse::<IpAddr>() {
            vec![literal]
        } else {
            let lookup = timeout(self.limits.dns, self.resolver.resolve(host));
            let found = lookup.await.map_err(|_| DialError::Timeout(Phase::Dns))?;
            found.map_err(|e| DialError::Dns { host: host.to_owned(), why: e.to_string() })?
        };
        self.grant.permits_addresses(host, port, &found).map_err(|reason| match reason {
            Denial::NoAddress { .. } => DialError::Dns { host: host.to_owned(), why: "it has no address".to_owned() },
            reason => {
                let address = if let Denial::Address(denied) = &reason { Some(denied.address) } else { None };
                DialError::Denied { host: host.to_owned(), address, reason }
            }
        })?;
        let kept = found.into_iter().take(limits::DNS_ADDRESSES);
        Ok(kept.map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn open(&self, host: &str, addresses: &[SocketAddr], secure: bool) -> Result<Socket, DialError> {
        let stream = dial(addresses).await.map_err(|e| DialError::Connect(e.to_string()))?;
        // Requests are written in one piece; waiting for more only costs time. Without it the request is slower, not wrong.
        let _ = stream.set_nodelay(true);
        if !secure {
            return Ok(Socket { io: TokioIo::new(Either::Left(stream)), h2: false });
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_owned();
        let name =
            ServerName::try_from(name).map_err(|_| DialError::Tls(format!("{host:?} cannot be in a certificate")))?;
        let stream = self.tls.connect(name, stream).await.map_err(|e| DialError::Tls(e.to_string()))?;
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Socket { io: TokioIo::new(Either::Right(stream)), h2 })
    }
}

/// Dials the addresses in order, each with a head start over the next; a failure starts the next at once. The first
/// connection wins (RFC 8305).
async fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    if let [only] = addresses {
        return TcpStream::connect(only).await;
    }
    let mut queue = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::other("there is no address to dial");
    loop {
        match queue.next() {
            Some(next) => drop(attempts.spawn(TcpStream::connect(next))),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        tokio::select! {
            Some(done) = attempts.join_next() => match done {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(error) => last = io::Error::other(error),
            },
            () = sleep(limits::DIAL_STAGGER), if queue.len() > 0 => {}
        }
    }
}

/// A connection, with or without TLS.
pub(super) struct Socket {
    io: TokioIo<Either<TcpStream, TlsStream<TcpStream>>>,
    h2: bool,
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        if self.h2 { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

impl Read for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(cx, buf)
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }
}
