//! What stands around the engine in part *runs*: everything is real but the answer, which is given at once.
//!
//! Owns: that answer and the profile. Must not know: the store.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tidegate::config::parse_profile;
use tidegate::egress::{ApifyClient, EgressConfig};
use tidegate::engine::{Ports, Settings};
use tidegate::plugins::shipped::shipped;
use tidegate::plugins::{Catalogue, PluginRoom, RoomConfig};
use tidegate::ports::{Clock as _, Dice as _, Egress, Event, Observer, Store};
use tidegate::system::{SystemClock, SystemDice};
use tidegate_core::budget::{GlobalBudget, Limits};
use tidegate_core::contract::{Body, Header, HttpRequest, HttpResponse};
use tidegate_core::failure::Failure;
use tidegate_core::id::DaemonId;
use tidegate_core::limits;
use tidegate_core::profile::{Net, Profile};
use tidegate_core::time::UtcMillis;
use tidegate_tests::Trouble;

use crate::database::odd;

/// Items of an answer.
pub(crate) const ITEMS: u64 = 20;
/// Text of an item, in bytes: a post's.
const TEXT: usize = 280;

const PROFILE: &str = "plugin = \"rss\"\nkind = \"feed\"\n[schedule]\nevery = \"1h\"\n[caps]\nmax_items = 20\n";

/// What every source is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 20 items that nobody has seen; the number tells them from those of another time.
    New(u32),
    /// The same as the last time, whole.
    Same(u32),
    /// 304: nothing has changed.
    NotModified,
}

impl Answer {
    /// As a person calls it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::New(_) => "20 new items",
            Self::Same(_) => "nothing new, 20 known items",
            Self::NotModified => "nothing new, 304",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New(round) => write!(f, "new-{round}"),
            Self::Same(round) => write!(f, "same-{round}"),
            Self::NotModified => f.write_str("not-modified"),
        }
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, round) = text.split_once('-').unwrap_or((text, "0"));
        let number = || round.parse().map_err(|_| format!("{round:?} is no number"));
        match word {
            "new" => Ok(Self::New(number()?)),
            "same" => Ok(Self::Same(number()?)),
            "not" => Ok(Self::NotModified),
            _ => Err(format!("{text:?} is no answer")),
        }
    }
}

/// Gives the answer.
struct Local(Answer);

#[async_trait]
impl Egress for Local {
    async fn fetch(&self, request: &HttpRequest, _net: &Net, _now: UtcMillis) -> Result<HttpResponse, Failure> {
        let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
        let (status, body) = match self.0 {
            Answer::New(round) | Answer::Same(round) => (200, feed(&request.url, round)),
            Answer::NotModified => (304, String::new()),
        };
        Ok(HttpResponse {
            status,
            final_url: request.url.clone(),
            redirects: Vec::new(),
            headers: vec![header("content-type", "application/rss+xml"), header("etag", "\"tide\"")],
            body: Body::Bytes(body.into_bytes()),
            extra: None,
        })
    }
}

/// A feed of [`ITEMS`] entries of that time.
pub(crate) fn feed(url: &str, round: u32) -> String {
    use std::fmt::Write as _;
    let mut feed = String::with_capacity(16 * limits::KIB);
    feed.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>Tides</title>\n");
    let text = "The water &lt;b&gt;rose&lt;/b&gt; by three feet and fell again. ".repeat(TEXT / 56);
    for n in 0..ITEMS {
        // Written into memory, which does not fail.
        let _written = writeln!(
            feed,
            "<item><title>Tide {n} and what it brought</title><link>{url}/{round}/{n}</link>\
             <guid isPermaLink=\"false\">{url}-{round}-{n}</guid><category>tides</category>\
             <pubDate>{:02} Nov 2026 09:{:02}:00 +0000</pubDate><description>{text}</description></item>",
            n + 1,
            round % 60,
        );
    }
    feed.push_str("</channel></rss>\n");
    feed
}

/// Counts ends.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) ended: AtomicU64,
    /// Runs that failed and passes that did, and why the last one did.
    pub(crate) bad: AtomicU64,
    pub(crate) why: std::sync::Mutex<String>,
}

impl Observer for Count {
    fn see(&self, event: &Event) {
        let why = match event {
            Event::Attempt(attempt) => match &attempt.failure {
                None => {
                    self.ended.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Some(failure) => failure.message.clone(),
            },
            Event::PassFailed { pass, error } => format!("{pass}: {error}"),
            Event::Skipped { detail, .. } => detail.clone(),
            _ => return,
        };
        self.bad.fetch_add(1, Ordering::Relaxed);
        *self.why.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = why;
    }
}

/// The profile of all sources.
pub(crate) fn profile() -> Result<Profile, Trouble> {
    parse_profile("bench", PROFILE, "the bench").map_err(odd("the bench's profile"))
}

/// An engine's surroundings.
pub(crate) async fn ports(
    store: Arc<dyn Store>,
    answer: Answer,
    cache: Option<PathBuf>,
    observer: Arc<Count>,
) -> Result<Ports, Trouble> {
    let room = PluginRoom::new(RoomConfig { cache_dir: cache, ..RoomConfig::default() });
    let room = room.map_err(odd("setting up the plugin room"))?;
    let catalogue = Catalogue::new(room, shipped(), None).await;
    catalogue.scan().await.map_err(odd("looking for plugins"))?;
    let (clock, dice) = (Arc::new(SystemClock), Arc::new(SystemDice));
    let actors = ApifyClient::new(
        EgressConfig::default(),
        Vec::new(),
        None,
        Arc::<SystemClock>::clone(&clock),
        Arc::<SystemDice>::clone(&dice),
    );
    Ok(Ports {
        store,
        plugins: Arc::new(catalogue),
        egress: Arc::new(Local(answer)),
        actors: Arc::new(actors.map_err(odd("setting up the way to the actor platform"))?),
        clock,
        dice,
        observer,
    })
}

/// As a daemon has them that was configured with a large budget only.
pub(crate) fn settings() -> Result<Settings, Trouble> {
    let profile = profile()?;
    let all = Limits { runs_per_day: Some(1_000_000_000), usd_per_day: None, usd_per_month: None };
    Ok(Settings {
        daemon: DaemonId::new(SystemClock.now(), SystemDice.throw()),
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
