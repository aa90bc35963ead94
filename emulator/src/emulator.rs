//! The emulator as a value: started, asked, moved, stopped.
//!
//! Owns: the thread, its runtime and their end. Called by tests, benches, the demo and the binary.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::books::Books;
use crate::clock::{Clock, Millis};
use crate::log::LogEntry;
use crate::options::{Account, Options};
use crate::published::Platform;
use crate::script::{Script, ScriptError};
use crate::server::{Shared, run};
use crate::world::World;

/// A running emulator. Stops when dropped.
pub struct Emulator {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Starts; the port is open when this returns. Fit for plain and for async code: it waits for nothing.
    ///
    /// # Errors
    /// When the address cannot be bound, the script is wrong, or no thread can be started.
    #[expect(clippy::needless_pass_by_value, reason = "an emulator owns how it was set up")]
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let clock = Clock::start(options.clock);
        let world = World::new(&options, clock.begun()).map_err(io::Error::other)?;
        let shared = Arc::new(Shared::new(clock, world, address));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("apify-emulator".to_owned()).spawn(move || {
            runtime.block_on(run(listener, for_thread, stopped));
        })?;
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.shared.address
    }

    /// `http://127.0.0.1:PORT`: the origin to put in place of `https://api.apify.com`.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.origin()
    }

    /// Everything until now.
    #[must_use]
    pub fn books(&self) -> Books {
        self.shared.world().books(self.now())
    }

    /// Every request until now (the newest 50,000).
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.world().log.entries()
    }

    /// Requests of one endpoint until now (`start`, `get-run`, `items`, `list`, ...), counted as they come in: cheap, for those
    /// who wait for the next one.
    #[must_use]
    pub fn requests_of(&self, endpoint: &str) -> u64 {
        self.shared.world().requests_of(endpoint)
    }

    /// The emulator's time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.shared.clock.now()
    }

    /// Moves the emulator's time forward: what was to happen meanwhile has happened when this returns. Webhooks go out
    /// right after.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        drop(self.shared.world());
    }

    /// Adds rules.
    ///
    /// # Errors
    /// When a scenario is not known.
    pub fn script(&self, script: &Script) -> Result<(), ScriptError> {
        self.shared.world().rules.add(script)
    }

    /// Binds a scenario to all sources whose input names `handle`; to all sources where it is empty.
    ///
    /// # Errors
    /// When the scenario is not known; the error lists those that are.
    pub fn scenario(&self, number: &str, handle: &str) -> Result<(), ScriptError> {
        self.script(&Script::scenario(number, handle)?)
    }

    /// Takes all rules away.
    pub fn clear_script(&self) {
        self.shared.world().rules.clear();
    }

    /// Accepts a token from now on, or no longer.
    pub fn set_token(&self, token: &str, accepted: bool) {
        self.shared.world().tokens.insert(token.to_owned(), accepted);
    }

    /// The account as it is.
    #[must_use]
    pub fn account(&self) -> Account {
        self.shared.world().account.clone()
    }

    /// Other limits from now on.
    pub fn set_account(&self, account: Account) {
        self.shared.world().account = account;
    }

    /// Closes the port for a while (by the machine's clock): connections are refused, open ones are cut.
    pub fn refuse(&self, pause: Duration) {
        self.shared.closed.send_replace(pause);
    }

    /// Ids of all that an account has published by `now`, the oldest first: what a complete ingest has to hold.
    #[must_use]
    pub fn published(&self, platform: Platform, handle: &str, now: Millis) -> Vec<String> {
        self.published_since(platform, handle, Millis::default(), now)
    }

    /// [`Emulator::published`] from `since` on.
    #[must_use]
    pub fn published_since(&self, platform: Platform, handle: &str, since: Millis, now: Millis) -> Vec<String> {
        let feed = self.shared.world().universe.feed(platform, handle);
        feed.ids(since, now)
    }

    /// Stops: connections are cut, the port is free when this returns. Gives the last books.
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

impl Drop for Emulator {
    fn drop(&mut self) {
        self.end();
    }
}
