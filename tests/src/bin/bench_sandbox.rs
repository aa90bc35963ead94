//! Measures the plugin room: one call in a fresh instance, on one thread.
//!
//! Owns: the measurement "fresh store + instance + one `plan` call + drop". Must not know: what else is measured. Called by
//! `cargo xtask bench sandbox`; `--json` prints one JSON object on one line.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a measurement reads the real clock and speaks on stdout"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate::plugins::shipped::shipped;
use tidegate::plugins::{CallContext, Origin, Plugin, PluginRoom, RoomConfig};
use tidegate_core::contract::Job;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tidegate_tests::guests;

/// Calls measured, after as many as a tenth of them to warm up.
const CALLS: u32 = 20_000;

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
    let (plugin, job) = subject(&room).await?;
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
    let total: Duration = times.iter().sum();
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index below the number of calls"
        )]
        let index = (part * f64::from(CALLS)) as usize;
        micros(times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default())
    };
    Ok(json!({
        "bench": "sandbox",
        "plugin": format!("{} {}", plugin.name(), plugin.version()),
        "calls": CALLS,
        "p50_us": at(0.5),
        "p90_us": at(0.9),
        "p99_us": at(0.99),
        "p999_us": at(0.999),
        "mean_us": micros(total / CALLS),
        "calls_per_s": (f64::from(CALLS) / total.as_secs_f64()).round(),
        "machine": machine(),
        "versions": { "tidegate": env!("CARGO_PKG_VERSION"), "profile": if cfg!(debug_assertions) { "debug" } else { "release" } },
        "settings": {
            "threads": 1,
            "instances": limits::INSTANCES,
            "memory_mib": limits::MEMORY_BYTES / limits::MIB,
            "tick_ms": limits::EPOCH_TICK.as_millis(),
            "hostcall_fuel_mib": limits::HOSTCALL_FUEL / limits::MIB,
        },
    }))
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e8).round() / 100.0
}

/// The shipped rss plugin; while this binary ships none that loads, the guest of the tests.
async fn subject(room: &PluginRoom) -> Result<(Arc<Plugin>, Job), String> {
    for (name, bytes) in shipped() {
        match room.load(bytes.to_vec(), Origin::Shipped((*name).to_owned())).await {
            Ok(plugin) => return Ok((plugin, job("feed", "https://example.org/feed.xml"))),
            Err(refusal) => eprintln_once(&refusal.to_string()),
        }
    }
    let bytes = guests::build("tidegate-guest-hostile", &[])?;
    let origin = Origin::File("hostile.wasm".into());
    let plugin = room.load(bytes, origin).await.map_err(|refusal| refusal.to_string())?;
    Ok((plugin, job("trick", "echo")))
}

#[allow(clippy::print_stderr, reason = "beside the figures, not among them")]
fn eprintln_once(message: &str) {
    eprintln!("{message}");
}

fn job(kind: &str, identifier: &str) -> Job {
    Job {
        kind: kind.to_owned(),
        identifier: identifier.to_owned(),
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
