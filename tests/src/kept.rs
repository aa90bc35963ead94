//! A database with kept pages, as a daemon leaves it, and the network closed around a command.
//!
//! Owns: the world the pages are from: feeds of which one entry is new each time, read by the real engine and the shipped plugin
//! under a clock that is moved by hand. Must not know: what is done with the pages. Called by the tests and the bench of replay.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tidegate::config::parse_profile;
use tidegate::egress::{ApifyClient, EgressConfig};
use tidegate::engine::{Engine, Ports, Settings};
use tidegate::plugins::shipped::shipped;
use tidegate::plugins::{Catalogue, PluginRoom, RoomConfig};
use tidegate::ports::{Clock, Dice as _, Egress, Event, Observer, Store};
use tidegate::store::sqlite::{OpenOptions, SqliteStore};
use tidegate::system::{SystemClock, SystemDice};
use tidegate_core::budget::{GlobalBudget, Limits};
use tidegate_core::contract::{Body, Header, HttpRequest, HttpResponse};
use tidegate_core::failure::Failure;
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::profile::Net;
use tidegate_core::source::NewSource;
use tidegate_core::time::UtcMillis;

use crate::Trouble;

/// The profile of the sources; it is written into the directory as well.
pub const PROFILE: &str = "plugin = \"rss\"\nkind = \"feed\"\nkeep_pages = \"52w\"\nkeep_pages_bytes = 10000000000\n\
    schedule = { every = \"1m\", min_interval = \"1m\" }\ncaps = { max_items = 100, bootstrap_max_items = 100 }\n";
/// Its name.
pub const NAME: &str = "kept";
/// Entries of a feed.
pub const ENTRIES: u64 = 20;

/// How long ago the first page was fetched, and the time between two.
const BEGAN: Duration = Duration::from_secs(30 * 86_400);
const ROUND: Duration = Duration::from_secs(120);

/// The clock, the feeds, and who counts.
struct World {
    now: AtomicI64,
    round: AtomicU64,
    bad: std::sync::Mutex<Option<String>>,
}

impl Clock for World {
    fn now(&self) -> UtcMillis {
        UtcMillis::from_millis(self.now.load(Ordering::Relaxed))
    }
}

impl Observer for World {
    fn see(&self, event: &Event) {
        let why = match event {
            Event::Attempt(attempt) => attempt.failure.as_ref().map(|failure| failure.message.clone()),
            Event::PassFailed { pass, error } => Some(format!("{pass}: {error}")),
            Event::Skipped { detail, .. } => Some(detail.clone()),
            _ => None,
        };
        if let Some(why) = why {
            *self.bad.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(why);
        }
    }
}

#[async_trait]
impl Egress for World {
    async fn fetch(&self, request: &HttpRequest, _net: &Net, _now: UtcMillis) -> Result<HttpResponse, Failure> {
        let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
        Ok(HttpResponse {
            status: 200,
            final_url: request.url.clone(),
            redirects: Vec::new(),
            headers: vec![header("content-type", "application/rss+xml")],
            body: Body::Bytes(feed(&request.url, self.round.load(Ordering::Relaxed)).into_bytes()),
            extra: None,
        })
    }
}

/// A feed of [`ENTRIES`] entries, of which one is new in each round.
fn feed(url: &str, round: u64) -> String {
    let mut feed = String::with_capacity(16 * limits::KIB);
    feed.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>Tides</title>\n");
    let text = "The water &lt;b&gt;rose&lt;/b&gt; by three feet and fell again. ".repeat(5);
    for n in (round..round + ENTRIES).rev() {
        // Written into memory, which does not fail.
        let _written = writeln!(
            feed,
            "<item><title>Tide {n} and what it brought</title><link>{url}/{n}</link><guid isPermaLink=\"false\">{n}</guid>\
             <category>tides</category><pubDate>{:02} Jan 2026 09:{:02}:00 +0000</pubDate><description>{text}</description></item>",
            n / 60 % 28 + 1,
            n % 60,
        );
    }
    feed.push_str("</channel></rss>\n");
    feed
}

fn odd<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> Trouble + '_ {
    move |error| Trouble::printed(what.to_owned(), &error.to_string())
}

/// Fills the database of a directory: so many sources, each fetched so many times.
///
/// # Errors
/// When a run does not go well.
pub fn fill(dir: &Path, sources: u64, rounds: u64) -> Result<(), Trouble> {
    std::fs::create_dir_all(dir.join("profiles")).map_err(Trouble::io("making a directory"))?;
    let file = dir.join("profiles").join(format!("{NAME}.toml"));
    std::fs::write(file, PROFILE).map_err(Trouble::io("writing a profile"))?;
    let runtime = tokio::runtime::Runtime::new().map_err(Trouble::io("starting the async runtime"))?;
    runtime.block_on(live(dir, sources, rounds))
}

async fn live(dir: &Path, sources: u64, rounds: u64) -> Result<(), Trouble> {
    let began = SystemClock.now().minus(BEGAN);
    let world = Arc::new(World {
        now: AtomicI64::new(began.as_millis()),
        round: AtomicU64::new(0),
        bad: std::sync::Mutex::new(None),
    });
    let daemon = DaemonId::new(began, SystemDice.throw());
    let options = OpenOptions { create: true, daemon, now: began };
    let store = SqliteStore::open(&dir.join("tidegate.db"), options).await.map_err(odd("opening the database"))?;
    let store: Arc<dyn Store> = Arc::new(store);
    let ports = ports(Arc::clone(&store), &world).await?;
    let settings = settings(daemon)?;
    for n in 0..sources {
        let new = NewSource {
            id: SourceId::new(began, SystemDice.throw()),
            tenant: "default".parse().map_err(odd("a tenant"))?,
            profile: NAME.parse().map_err(odd("a profile"))?,
            identifier: format!("https://feeds.example/{n}"),
            overrides: serde_json::Map::new(),
            schedule: None,
            active: true,
        };
        let bootstrap = RunId::new(began, SystemDice.throw());
        store.create_source(new, bootstrap, began).await.map_err(odd("adding a source"))?;
    }
    for round in 0..rounds {
        world.round.store(round, Ordering::Relaxed);
        let engine = Engine::new(ports.clone(), settings.clone());
        let tally = engine.run_once(std::future::pending()).await;
        let bad = world.bad.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if u64::try_from(tally.started).unwrap_or(0) != sources || bad.is_some() {
            return Err(Trouble::printed(format!("round {round}: {tally:?}"), &bad.unwrap_or_default()));
        }
        world.now.fetch_add(i64::try_from(ROUND.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }
    store.close().await;
    Ok(())
}

async fn ports(store: Arc<dyn Store>, world: &Arc<World>) -> Result<Ports, Trouble> {
    let room = PluginRoom::new(RoomConfig::default()).map_err(odd("setting up the plugin room"))?;
    let rss: Vec<_> = shipped().iter().filter(|(name, _)| *name == "rss").copied().collect();
    let catalogue = Catalogue::new(room, &rss, None).await;
    catalogue.scan().await.map_err(odd("looking for plugins"))?;
    let (clock, dice) = (Arc::<World>::clone(world), Arc::new(SystemDice));
    let no_tokens = Vec::new();
    let actors = ApifyClient::new(EgressConfig::default(), no_tokens, None, Arc::<World>::clone(world), dice.clone());
    Ok(Ports {
        store,
        plugins: Arc::new(catalogue),
        egress: Arc::<World>::clone(world),
        actors: Arc::new(actors.map_err(odd("setting up the way to the actor platform"))?),
        clock,
        dice,
        observer: Arc::<World>::clone(world),
    })
}

fn settings(daemon: DaemonId) -> Result<Settings, Trouble> {
    let profile = parse_profile(NAME, PROFILE, "kept pages").map_err(odd("the profile"))?;
    let all = Limits { runs_per_day: Some(1_000_000_000), usd_per_day: None, usd_per_month: None };
    Ok(Settings {
        daemon,
        profiles: [(profile.name.clone(), profile)].into(),
        budget: GlobalBudget { all, ..GlobalBudget::default() },
        rates: Default::default(),
        runs_at_once: limits::RUNS_AT_ONCE,
        watch: limits::ACTOR_WATCH,
        credentials: Default::default(),
        active_within: limits::ACTIVE_WITHIN,
        catch_up_window: limits::CATCH_UP_WINDOW,
    })
}

/// The same command in a network of its own, in which there is nothing, not even a loopback that is up; `None` where this
/// machine does not let anybody make one.
#[must_use]
pub fn closed(command: &Command) -> Option<Command> {
    let unshare = ["--user", "--map-root-user", "--net"];
    let tried = Command::new("unshare").args(unshare).arg("true").stdin(Stdio::null()).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut closed = Command::new("unshare");
    closed.args(unshare).arg("--").arg(command.get_program()).args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        closed.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => closed.env(name, value),
            None => closed.env_remove(name),
        };
    }
    Some(closed)
}

/// The shipped feed plugin, and the same with another word for an article: a changed plugin.
///
/// # Panics
/// If the word is not there any more.
#[must_use]
pub fn changed_plugin() -> Vec<u8> {
    let rss = shipped().iter().find(|(name, _)| *name == "rss").map(|(_, bytes)| bytes.to_vec()).unwrap_or_default();
    crate::guests::patched(&rss, "article", "artikel")
}
