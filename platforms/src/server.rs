//! The server: listeners on loopback, one thread, one runtime.
//!
//! Owns: sockets, the thread and its end. Must not know: what is served. Called by tests, benches and `tidegate demo`.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::books::{Books, Counters};
use crate::faults;
use crate::script::{Listing, Part, Script};
use crate::site::Moment;
use crate::time::Time;

/// What all connections share.
pub(crate) struct Shared {
    script: Script,
    counters: Counters,
    time: Time,
    validators: AtomicBool,
    /// What every answer waits for, in milliseconds.
    pause: AtomicU64,
    base: String,
}

/// A running server. Stops when dropped.
pub struct FeedServer {
    shared: Arc<Shared>,
    listings: Vec<Listing>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FeedServer {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::start_on(script, 0)
    }

    /// Starts on `port` of 127.0.0.1 (0: a free one). What stands apart gets a free port of its own in any case.
    ///
    /// # Errors
    /// When the port cannot be bound or no thread started.
    pub fn start_on(script: Script, port: u16) -> io::Result<Self> {
        let (main, base) = listen(port)?;
        let (apart, base_apart) = listen(0)?;
        let listings = script.listings(&base, &base_apart);
        let shared = Arc::new(Shared {
            counters: Counters::new(script.accounts()),
            time: Time::start(script.pace),
            validators: AtomicBool::new(script.validators),
            pause: AtomicU64::new(0),
            script,
            base,
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("feed-server".to_owned()).spawn(move || {
            runtime.block_on(run([main, apart], &for_thread, stopped));
        })?;
        Ok(Self { shared, listings, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base
    }

    /// The URL of a path on the main port.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shared.base)
    }

    /// What to add as sources, with what to expect of each.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// The URLs of [`FeedServer::listings`].
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.listings.iter().map(|listing| listing.url.clone()).collect()
    }

    /// What was asked and answered until now.
    #[must_use]
    pub fn books(&self) -> Books {
        self.shared.counters.snapshot()
    }

    /// The ids of all items a growing feed has published until now, oldest first; those that have left its window
    /// included. `None` where the path is no growing feed.
    #[must_use]
    pub fn published(&self, path: &str) -> Option<Vec<String>> {
        let Part::Site(site) = &self.shared.script.part else { return None };
        let feed = site.growing(path)?;
        Some((1..=feed.count(self.shared.time.elapsed())).map(|number| feed.id(number)).collect())
    }

    /// Moves the feeds' time forward.
    pub fn advance(&self, by: Duration) {
        self.shared.time.advance(by);
    }

    /// Whether validators are sent and looked at from now on.
    pub fn set_validators(&self, on: bool) {
        self.shared.validators.store(on, Ordering::SeqCst);
    }

    /// How long every answer is waited for from now on, to a millisecond: a site under load, or far away. Faults keep their own
    /// times.
    pub fn set_pause(&self, pause: Duration) {
        self.shared.pause.store(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Stops: connections are cut, the ports are free when this returns. Gives the last books. Takes milliseconds: fit for async code, too.
    pub fn stop(mut self) -> Books {
        self.end();
        self.books()
    }

    fn end(&mut self) {
        // Either may be over already: the channel when the thread died, the thread when it ended before.
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Drop for FeedServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn listen(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    let base = format!("http://{}", listener.local_addr()?);
    Ok((listener, base))
}

/// Serves until told to stop. Dropping the set of connections cuts them.
async fn run(listeners: [TcpListener; 2], shared: &Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(shared)));
    }
    // An error means that the handle is gone: that, too, is the end.
    stopped.await.ok();
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    shared.counters.connected();
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                // Out of descriptors, say: others will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, to its end. Errors are the client's: it went away.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).ok();
    match &shared.script.part {
        Part::Faults(times) => faults::serve(stream, *times, &shared.counters, &shared.base).await,
        Part::Site(site) => {
            let shared = &shared;
            let service = service_fn(async |request| {
                let moment = Moment {
                    time: &shared.time,
                    validators: shared.validators.load(Ordering::SeqCst),
                    base: &shared.base,
                    pause: Duration::from_millis(shared.pause.load(Ordering::SeqCst)),
                };
                Ok::<_, Infallible>(site.answer(&request, &shared.counters, &moment).await)
            });
            let connection =
                http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
            connection.await.ok();
        }
    }
}
