//! What is measured of one component.
//!
//! Owns: the calls, the page of 100 articles, and the checks that each call did what it is measured for. Must not know: how figures
//! are printed. Called by the bench.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate::plugins::{CallContext, Origin, Plugin, PluginRoom, RoomConfig};
use tidegate_core::contract::{Body, Header, HttpResponse, Job, Page, PageContent};
use tidegate_core::time::UtcMillis;
use tidegate_tests::Trouble;
use tidegate_tests::measure::usage;
use tokio::runtime::Runtime;

use crate::found::{Component, Shape};

/// Articles of the page.
const ARTICLES: usize = 100;
const URL: &str = "https://posts.example/list.json";
const NOW: &str = "2026-11-21T23:04:05Z";

/// What one component costs.
pub(crate) struct Costs {
    pub(crate) bytes: usize,
    /// Parse, compile and try.
    pub(crate) compile: Duration,
    /// Parse, map and try.
    pub(crate) cached: Duration,
    pub(crate) call_p50: Duration,
    pub(crate) call_p99: Duration,
    pub(crate) normalize: Duration,
    /// Linear memory of `normalize` at its largest, in bytes.
    pub(crate) memory: usize,
}

/// Measures one component, on one thread.
pub(crate) fn costs(component: &Component, seconds: u32) -> Result<Costs, Trouble> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io("starting the runtime"))?;
    let cache = tempfile::tempdir().map_err(io("making a directory"))?;
    runtime.block_on(async {
        let (compile, _) = loaded(component, cache.path()).await?;
        let (cached, plugin) = loaded(component, cache.path()).await?;
        let job = job(&plugin);
        let each = Duration::from_secs(u64::from(seconds));
        let calls = timed(each, 100_000, async || planned(&plugin, &job).await).await?;
        let page = page(component.shape);
        let mut memory = 0;
        let normalizes = timed(each, 2_000, async || {
            memory = normalized(&plugin, &job, &page).await?;
            Ok(())
        });
        let normalizes = normalizes.await?;
        Ok(Costs {
            bytes: component.bytes.len(),
            compile,
            cached,
            call_p50: part(&calls, 50),
            call_p99: part(&calls, 99),
            normalize: part(&normalizes, 50),
            memory,
        })
    })
}

/// How many calls were made.
pub(crate) struct Rate {
    /// Calls in a second.
    pub(crate) by_wall: f64,
    /// Calls in a second of CPU time of this process, times the threads: what it would be if nothing else ran.
    pub(crate) by_cpu: f64,
}

/// Calls of `plan`, in fresh instances, on so many threads.
pub(crate) fn throughput(component: &Component, threads: u32, seconds: u32) -> Result<Rate, Trouble> {
    let runtime = runtime(threads)?;
    let cache = tempfile::tempdir().map_err(io("making a directory"))?;
    let (_, plugin) = runtime.block_on(loaded(component, cache.path()))?;
    let job = Arc::new(job(&plugin));
    // The pool's places are touched and the code is warm before anything counts.
    let count = |wait: Duration| -> Result<Rate, Trouble> {
        let made = Arc::new(AtomicU64::new(0));
        let before = usage(std::process::id())?.cpu;
        let began = Instant::now();
        let tasks: Vec<_> = (0..threads)
            .map(|_| {
                let (plugin, job, made) = (Arc::clone(&plugin), Arc::clone(&job), Arc::clone(&made));
                runtime.spawn(async move {
                    while began.elapsed() < wait {
                        planned(&plugin, &job).await?;
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok::<_, Trouble>(())
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).map_err(|error| trouble("a task of calls", &error.to_string()))??;
        }
        let (made, took) = (made.load(Ordering::Relaxed) as f64, began.elapsed());
        let cpu = usage(std::process::id())?.cpu.saturating_sub(before).as_secs_f64();
        Ok(Rate { by_wall: made / took.as_secs_f64(), by_cpu: made * f64::from(threads) / cpu.max(0.01) })
    };
    count(Duration::from_millis(300))?;
    count(Duration::from_secs(u64::from(seconds)))
}

/// A runtime of so many threads.
pub(crate) fn runtime(threads: u32) -> Result<Runtime, Trouble> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(usize::try_from(threads).unwrap_or(1))
        .enable_all()
        .build()
        .map_err(io("starting the runtime"))
}

async fn loaded(component: &Component, cache: &Path) -> Result<(Duration, Arc<Plugin>), Trouble> {
    let config = RoomConfig { cache_dir: Some(cache.join("cache")), ..RoomConfig::default() };
    let room = PluginRoom::new(config).map_err(|error| trouble("setting up the plugin room", &error.to_string()))?;
    let began = Instant::now();
    let origin = Origin::Shipped(component.language.clone());
    let plugin = room.load(component.bytes.clone(), origin).await;
    let took = began.elapsed();
    Ok((took, plugin.map_err(|refusal| trouble("loading a component", &refusal.to_string()))?))
}

/// Times of calls, sorted, after a tenth of them to warm up: as many as fit the time, at most so many.
async fn timed(
    wait: Duration,
    most: usize,
    mut call: impl AsyncFnMut() -> Result<(), Trouble>,
) -> Result<Vec<Duration>, Trouble> {
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < most && (began.elapsed() < wait || times.len() < 10) {
        let before = Instant::now();
        call().await?;
        times.push(before.elapsed());
    }
    times.drain(..times.len() / 10);
    times.sort_unstable();
    Ok(times)
}

/// The time below which so many percent of the times lie.
fn part(times: &[Duration], percent: usize) -> Duration {
    times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
}

/// One call of `plan` that has to answer with a step.
pub(crate) async fn planned(plugin: &Plugin, job: &Job) -> Result<(), Trouble> {
    let answer = plugin.plan(job, &cx()).await.map_err(|fault| trouble("`plan`", &fault.to_string()))?;
    answer.value.map(drop).map_err(|failure| trouble("`plan`", &failure.message))
}

async fn normalized(plugin: &Plugin, job: &Job, page: &Page) -> Result<usize, Trouble> {
    let answer =
        plugin.normalize(job, page, &cx()).await.map_err(|fault| trouble("`normalize`", &fault.to_string()))?;
    let memory = answer.memory;
    let batch = answer.value.map_err(|failure| trouble("`normalize`", &failure.message))?;
    if batch.items.len() != ARTICLES {
        return Err(trouble(
            "100 items of a page",
            &format!("{} and {} rejects", batch.items.len(), batch.rejects.len()),
        ));
    }
    Ok(memory)
}

fn cx() -> CallContext {
    CallContext::at(UtcMillis::parse(NOW).unwrap_or_default())
}

/// A job of the plugin's first kind, with the defaults of its schema.
pub(crate) fn job(plugin: &Plugin) -> Job {
    let kind = plugin.manifest().kinds.first();
    let schema: Value = kind.and_then(|kind| serde_json::from_str(&kind.overrides_schema).ok()).unwrap_or_default();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let defaults: serde_json::Map<String, Value> =
        properties.into_iter().filter_map(|(name, of)| Some((name, of.get("default")?.clone()))).collect();
    Job {
        kind: kind.map(|kind| kind.name.clone()).unwrap_or_default(),
        identifier: URL.to_owned(),
        overrides: Value::Object(defaults).to_string(),
        watermark: None,
        max_items: 100,
        max_pages: 10,
        now: NOW.to_owned(),
        actor: None,
        platform_id: None,
        extra: None,
    }
}

fn page(shape: Shape) -> Page {
    let answer = HttpResponse {
        status: 200,
        final_url: URL.to_owned(),
        redirects: Vec::new(),
        headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
        body: Body::Text(document(shape).to_string()),
        extra: None,
    };
    Page { state: None, content: PageContent::Http(answer), number: 0, extra: None }
}

/// The same articles in either shape: an id, a title, an address, an author, a day and 600 bytes of text each.
fn document(shape: Shape) -> Value {
    let articles = (0..ARTICLES).map(|number| {
        let (id, title) = (format!("tide-{number}"), format!("Tide no. {number} & what it brought"));
        let (url, day) = (format!("https://posts.example/tides/{number}"), number % 28 + 1);
        let (body, at) =
            ("The water rose by three feet, and fell again. ".repeat(13), format!("2026-10-{day:02}T09:00:00Z"));
        match shape {
            Shape::Articles => {
                json!({ "id": id, "title": title, "url": url, "body": body, "author": "ann", "published": at })
            }
            Shape::Posts => {
                json!({ "id": id, "title": title, "link": url, "body": body, "author": "ann", "posted": at })
            }
        }
    });
    let articles: Vec<Value> = articles.collect();
    match shape {
        Shape::Articles => json!({ "articles": articles, "next": null }),
        Shape::Posts => json!({ "title": "Tides", "posts": articles, "next": null }),
    }
}

/// For `map_err`.
pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Trouble {
    move |error| Trouble::Io { what: what.to_owned(), error }
}

/// Something else than was wanted.
pub(crate) fn trouble(what: &str, printed: &str) -> Trouble {
    Trouble::Printed { what: what.to_owned(), printed: printed.chars().take(2_000).collect() }
}
