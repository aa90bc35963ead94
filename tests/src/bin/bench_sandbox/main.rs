//! Measures the plugin room: one call in a fresh instance, on one thread.
//!
//! Owns: the measurements "fresh store + instance + one `plan` call + drop" and "`normalize` of a feed of 30 entries, against
//! the same code natively"; [`tweets`] has that of 1,000 posts of X. Must not know: what else is measured. Called by
//! `cargo xtask bench sandbox`; `--json` prints one JSON object on one line.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a measurement reads the real clock and speaks on stdout"
)]

mod tweets;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate::plugins::shipped::shipped;
use tidegate::plugins::{CallContext, Origin, Plugin, PluginRoom, RoomConfig};
use tidegate_core::contract::{Body, Header, HttpResponse, Job, Page, PageContent};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tidegate_plugin_kit::{self as kit, Plugin as _};
use tidegate_plugin_rss::Rss;

/// Calls of `plan` measured, after a tenth of as many to warm up.
const CALLS: u32 = 20_000;
/// Feeds normalized each way, after a tenth of as many to warm up.
const FEEDS: u32 = 1_000;
/// Entries of the feed.
const ENTRIES: usize = 30;

fn main() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let report = runtime.block_on(measure())?;
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}

async fn measure() -> Result<Value, String> {
    let room = PluginRoom::new(RoomConfig::default()).map_err(|error| error.to_string())?;
    let plugin = load(&room, "rss").await?;
    let plans = plans(&plugin).await?;
    let (room_time, native_time) = normalizes(&plugin).await?;
    let tweets = tweets::measure(&*load(&room, "x").await?).await?;
    let total: Duration = plans.iter().sum();
    Ok(json!({
        "bench": "sandbox",
        "p50_us": micros(part(&plans, 50.0)),
        "p90_us": micros(part(&plans, 90.0)),
        "p99_us": micros(part(&plans, 99.0)),
        "p999_us": micros(part(&plans, 99.9)),
        "calls_per_s": (f64::from(CALLS) / total.as_secs_f64()).round(),
        "normalize_us": micros(room_time),
        "normalize_native_us": micros(native_time),
        "normalize_ratio": (native_time.as_secs_f64() / room_time.as_secs_f64() * 1e3).round() / 1e3,
        "tweets": tweets,
        "calls": CALLS,
        "machine": machine(),
        "versions": {
            "tidegate": env!("CARGO_PKG_VERSION"),
            "plugin": format!("{} {}", plugin.name(), plugin.version()),
            "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
        },
        "settings": {
            "threads": 1,
            "instances": limits::INSTANCES,
            "memory_mib": limits::MEMORY_BYTES / limits::MIB,
            "tick_ms": limits::EPOCH_TICK.as_millis(),
            "hostcall_fuel_mib": limits::HOSTCALL_FUEL / limits::MIB,
            "feed_bytes": feed().len(),
        },
    }))
}

async fn load(room: &PluginRoom, wanted: &str) -> Result<Arc<Plugin>, String> {
    let found = shipped().iter().find(|(name, _)| *name == wanted);
    let (name, bytes) = found.ok_or_else(|| format!("this binary ships no plugin {wanted}"))?;
    let loaded = room.load(bytes.to_vec(), Origin::Shipped((*name).to_owned())).await;
    loaded.map_err(|refusal| refusal.to_string())
}

/// Times of `plan`, sorted: fresh store, instance, call, drop.
async fn plans(plugin: &Plugin) -> Result<Vec<Duration>, String> {
    let job = job();
    let cx = CallContext::at(UtcMillis::parse(&job.now).unwrap_or_default());
    let mut times = Vec::new();
    for call in 0..CALLS + CALLS / 10 {
        let began = Instant::now();
        let answer = plugin.plan(&job, &cx).await.map_err(|fault| fault.to_string())?;
        drop(answer.value.map_err(|failure| failure.message)?);
        if call >= CALLS / 10 {
            times.push(began.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times)
}

/// Medians of `normalize` of one feed, through the room and as the same crate compiled into this binary; taken in turns,
/// so that what else the machine does meets both.
async fn normalizes(plugin: &Plugin) -> Result<(Duration, Duration), String> {
    let (job, page) = (job(), page());
    let (native_job, native_page) = (native_job(&job), native_page());
    let cx = CallContext::at(UtcMillis::parse(&job.now).unwrap_or_default());
    let (mut in_room, mut native) = (Vec::new(), Vec::new());
    for call in 0..FEEDS + FEEDS / 10 {
        let began = Instant::now();
        let answer = plugin.normalize(&job, &page, &cx).await.map_err(|fault| fault.to_string())?;
        let batch = answer.value.map_err(|failure| failure.message)?;
        let items = batch.items.len();
        drop(batch);
        let room_time = began.elapsed();
        let began = Instant::now();
        let batch = Rss::normalize(&native_job, &native_page).map_err(|failure| failure.message)?;
        let native_items = batch.items.len();
        drop(batch);
        let native_time = began.elapsed();
        if items != ENTRIES || native_items != ENTRIES {
            return Err(format!("{items} items in the room and {native_items} natively, not {ENTRIES}"));
        }
        if call >= FEEDS / 10 {
            in_room.push(room_time);
            native.push(native_time);
        }
    }
    in_room.sort_unstable();
    native.sort_unstable();
    Ok((part(&in_room, 50.0), part(&native, 50.0)))
}

/// The time below which so many percent of the times lie.
fn part(times: &[Duration], percent: f64) -> Duration {
    let most = u32::try_from(times.len().saturating_sub(1)).unwrap_or(u32::MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of times")]
    let index = (f64::from(most) * percent / 100.0).round() as usize;
    times.get(index).copied().unwrap_or_default()
}

/// A feed as blogs publish them: 30 entries of about 2 KB, with the text as escaped HTML.
fn feed() -> String {
    let mut feed = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n\
         <channel><title>Tides</title><link>https://example.org/</link><description>High and low</description>\n",
    );
    for entry in 0..ENTRIES {
        let paragraph = "<p>The water <b>rose</b> by <a href=\"/gauge\">three feet</a> &amp; fell again; caf\u{e9}s stayed open.</p>\n";
        let html = paragraph.repeat(16);
        let day = entry % 28 + 1;
        feed.push_str(&format!(
            "<item><title>Tide no. {entry} &amp; what it brought</title><link>https://example.org/tides/{entry}</link>\n\
             <guid isPermaLink=\"false\">tide-{entry}</guid><dc:creator>Ann Ebb</dc:creator><category>tides</category>\n\
             <pubDate>{day:02} Nov 2026 09:00:00 +0000</pubDate><description>What the tide of day {entry} brought.</description>\n\
             <content:encoded><![CDATA[{html}]]></content:encoded></item>\n"
        ));
    }
    feed.push_str("</channel></rss>\n");
    feed
}

const FEED_URL: &str = "https://example.org/feed.xml";

fn page() -> Page {
    let answer = HttpResponse {
        status: 200,
        final_url: FEED_URL.to_owned(),
        redirects: Vec::new(),
        headers: vec![Header { name: "content-type".to_owned(), value: "application/rss+xml".to_owned() }],
        body: Body::Bytes(feed().into_bytes()),
        extra: None,
    };
    Page { state: None, content: PageContent::Http(answer), number: 0, extra: None }
}

fn native_page() -> kit::Page {
    let mut answer = kit::HttpResponse::new(200, FEED_URL, feed().into_bytes());
    answer.headers.push(kit::Header { name: "content-type".to_owned(), value: "application/rss+xml".to_owned() });
    kit::Page::http(None, answer)
}

fn native_job(job: &Job) -> kit::Job {
    kit::Job { now: job.now.clone(), ..kit::Job::new(&job.kind, &job.identifier) }
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e8).round() / 100.0
}

fn job() -> Job {
    Job {
        kind: "feed".to_owned(),
        identifier: FEED_URL.to_owned(),
        overrides: "{}".to_owned(),
        watermark: None,
        max_items: 10,
        max_pages: 10,
        now: "2026-11-21T23:04:05Z".to_owned(),
        actor: None,
        platform_id: None,
        extra: None,
    }
}

/// Processor, kernel and number of cores.
fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    json!({
        "cpu": model.unwrap_or("unknown"),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}
