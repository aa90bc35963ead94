//! `demo`: the same daemon, the same code, against a local server of feeds written for it.
//!
//! Owns: the demo's directory with its profiles, its sources, and what its screen shows. Everything else is what `serve`
//! runs. Leaves nothing behind unless asked to.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tidegate_core::id::Tenant;
use tidegate_core::run::{Ending, Notice};
use tidegate_platforms::{FeedServer, Script};

use super::args::{DemoArgs, Place};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::{Output, line, short};
use super::serve::{stops, with_engine};
use super::signals::Signals;
use crate::config::LogConfig;
use crate::engine::Engine;
use crate::engine::sources::{Wish, create};
use crate::ports::{Attempt, Event, Observer};
use crate::telemetry;

/// Sources run every few seconds here, and waits are short, so that half a minute shows a day.
const PROFILE: &str = r#"
description = "The demo's feeds: as the shipped rss_profile, only faster, and allowed to reach this machine"
plugin = "rss"
kind = "feed"
keep_pages = "1d"
schedule = { every = "4s", min_interval = "2s" }
caps = { max_items = 20, deadline = "20s" }
retry = { in_run = ["1s"], runs = ["2s", "3s"], max_failures = 3 }
net = { allow_private = ["127.0.0.1"] }
"#;

/// The same with a budget that binds while one watches.
const TIGHT_BUDGET: &str = "\n[budget]\nruns_per_day = 4\n";

/// Runs the demo.
pub(super) async fn demo(args: &DemoArgs, output: Output) -> Result<Exit, CliError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| CliError::failed(format!("{what}: {error}"))
    };
    let dir =
        tempfile::Builder::new().prefix("tidegate-demo-").tempdir().map_err(failed("making the demo's directory"))?;
    prepare(dir.path()).map_err(failed("writing the demo's profiles"))?;
    let log = LogConfig { level: "error".to_owned(), ..LogConfig::default() };
    telemetry::start(&log, false).map_err(CliError::failed)?;
    let (stop, hard) = stops(Signals::listen()?);
    let server = FeedServer::start(Script::demo()).map_err(failed("starting the demo's feeds"))?;
    let urls = server.urls();
    let screen = Arc::new(Screen::new(output, server.base_url().to_owned()));
    screen.say(&format!(
        "{} feeds at {}, a daemon in {}{}",
        urls.len(),
        server.base_url(),
        dir.path().display(),
        args.duration.map(|span| format!(", for {span}")).unwrap_or_else(|| "; Ctrl-C drains and ends it".to_owned())
    ));
    let home = Home::find(&Place { dir: dir.path().to_path_buf(), config: None })?;
    let observer = Arc::<Screen>::clone(&screen);
    with_engine(&home, observer, |engine| async move {
        add_sources(&engine, &urls).await?;
        let over = async {
            match args.duration {
                Some(span) => tokio::time::sleep(span.duration()).await,
                None => std::future::pending().await,
            }
        };
        let either = async {
            tokio::select! {
                () = stop => {}
                () = over => {}
            }
        };
        engine.serve(either, hard).await;
        Ok::<(), CliError>(())
    })
    .await??;
    let _served = server.stop();
    screen.finish()?;
    if args.keep {
        screen.say(&format!("kept in {}", dir.keep().display()));
    }
    Ok(Exit::Ok)
}

fn prepare(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir(dir.join("profiles"))?;
    std::fs::write(dir.join("profiles/demo.toml"), PROFILE)?;
    std::fs::write(dir.join("profiles/demo_tight.toml"), format!("{PROFILE}{TIGHT_BUDGET}"))?;
    std::fs::write(dir.join("tidegate.toml"), "[budget]\nruns_per_day = 100000\n")
}

/// Every third feed runs under the tight budget.
async fn add_sources(engine: &Engine, urls: &[String]) -> Result<(), CliError> {
    let tenant: Tenant =
        "demo".parse().map_err(|error: tidegate_core::id::NotAName| CliError::failed(error.to_string()))?;
    for (number, url) in urls.iter().enumerate() {
        let wish = Wish {
            tenant: tenant.clone(),
            profile: if number % 10 == 4 { "demo_tight" } else { "demo" }.to_owned(),
            identifier: url.clone(),
            overrides: serde_json::Map::new(),
            schedule: None,
            active: true,
        };
        create(engine.ports(), engine.settings(), wish).await?;
    }
    Ok(())
}

/// What has happened, counted.
#[derive(Debug, Default, Clone, Serialize)]
struct Summary {
    sources: usize,
    items: u64,
    runs: u64,
    skips: u64,
    failures: u64,
    recoveries: u64,
}

/// Shows events to a person and counts them.
struct Screen {
    output: Output,
    base_url: String,
    seen: Mutex<(Summary, std::collections::BTreeSet<String>)>,
}

impl Screen {
    fn new(output: Output, base_url: String) -> Self {
        Self { output, base_url, seen: Mutex::default() }
    }

    /// Live lines go where they do not disturb a program that reads the summary.
    fn say(&self, text: &str) {
        if self.output.is_json() { self.output.note(text) } else { line(&mut std::io::stdout().lock(), text) }
    }

    fn name<'a>(&self, identifier: &'a str) -> &'a str {
        identifier.strip_prefix(self.base_url.as_str()).unwrap_or(identifier)
    }

    fn finish(&self) -> Result<(), CliError> {
        let summary = self.seen.lock().unwrap_or_else(PoisonError::into_inner).0.clone();
        self.output.data(&summary, |sum| {
            format!(
                "demo: {} sources, {} items, {} runs, {} skips, {} failures, {} recoveries",
                sum.sources, sum.items, sum.runs, sum.skips, sum.failures, sum.recoveries
            )
        })
    }

    fn attempt(&self, attempt: &Attempt) {
        let name = self.name(&attempt.identifier);
        let took = took(attempt.duration);
        match (attempt.ending, &attempt.failure) {
            (Ending::Failed, failure) => {
                let (class, why) =
                    failure.as_ref().map_or(("", ""), |failure| (failure.class.word(), &failure.message));
                self.say(&format!("  failed  {name:<28} {class}: {} ({took})", short(why, 90)));
            }
            (Ending::NoNew, _) => self.say(&format!("  no new  {name:<28} ({took})")),
            (Ending::Ok, _) => {
                let changed = attempt.counts.updated;
                let changed = if changed > 0 { format!(", {changed} changed") } else { String::new() };
                self.say(&format!(
                    "  +{:<5}  {name:<28} {} new{changed} ({took})",
                    attempt.counts.new, attempt.counts.new
                ));
            }
        }
        match &attempt.notice {
            None => {}
            Some(Notice::Paused(reason)) => self.say(&format!("  PAUSED  {name:<28} {}", short(reason, 90))),
            Some(Notice::Invalidated(reason)) => self.say(&format!("  INVALID {name:<28} {}", short(reason, 90))),
            Some(Notice::Recovered) => self.say(&format!("  BACK    {name:<28} works again")),
        }
    }
}

impl Observer for Screen {
    fn see(&self, event: &Event) {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                Event::Attempt(attempt) => {
                    seen.0.runs += 1;
                    seen.0.items += u64::from(attempt.counts.new);
                    seen.0.failures += u64::from(attempt.ending == Ending::Failed);
                    seen.0.recoveries += u64::from(attempt.notice == Some(Notice::Recovered));
                    if attempt.counts.new > 0 {
                        seen.1.insert(attempt.source.to_string());
                        seen.0.sources = seen.1.len();
                    }
                }
                Event::Skipped { .. } => seen.0.skips += 1,
                _ => {}
            }
        }
        match event {
            Event::Attempt(attempt) => self.attempt(attempt),
            Event::Skipped { identifier, detail, .. } => {
                self.say(&format!("  skipped {:<28} {detail}", self.name(identifier)));
            }
            Event::Recovered { run, .. } => self.say(&format!("  taken up again: {run}")),
            Event::Stale { run, .. } => self.say(&format!("  stale: {run}")),
            Event::PassFailed { pass, error } => self.say(&format!("  the {pass} pass failed: {error}")),
            Event::ActorStarted { actor, charge_cap, adopted, .. } => {
                let how = if *adopted { "adopted" } else { "started" };
                self.say(&format!("  {how} {actor}: at most {charge_cap}"));
            }
            Event::CostFinal { run, cost, .. } => self.say(&format!("  cost    {cost} for {run}")),
            Event::GateClosed { gate } => self.say(&format!("  closed  {}: {}", gate.key, gate.why)),
            Event::GateOpened { key } => self.say(&format!("  open    {key}")),
            Event::PluginLogged { .. } => {}
        }
    }
}

fn took(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}
