//! A plugin that is replaced again and again while it is used.
//!
//! Owns: the versions, the load, and what counts as failed. Must not know: how figures are printed. Called by the bench.
//!
//! Every swap is what an operator does: another file is renamed into place, and the catalogue looks at the directory, which loads it by
//! the whole order (parse, digest, cache, try) and puts it in the place of the one before. The versions are few, so that their code comes
//! from the cache but for the first time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidegate::plugins::{Catalogue, PluginRoom, RoomConfig};
use tidegate_tests::measure::usage;
use tidegate_tests::{Trouble, guests};

use crate::work::{io, job, planned, runtime, trouble};

/// Versions that take turns.
const VERSIONS: u32 = 8;
/// How much larger the process may be after the last swap than after the first tenth.
const GROWTH_MIB: u64 = 16;

/// What came of it.
pub(crate) struct Swapped {
    pub(crate) swaps: u32,
    pub(crate) took: Duration,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    /// Calls that began with one version and ended after another had taken its place.
    pub(crate) over_a_swap: u64,
    /// Resident after the first tenth of the swaps, and after the last, in bytes.
    pub(crate) resident: (u64, u64),
}

impl Swapped {
    /// Whether it is as it has to be.
    pub(crate) fn judge(&self) -> Result<(), Trouble> {
        let grown = self.resident.1.saturating_sub(self.resident.0) >> 20;
        if self.failed > 0 || grown > GROWTH_MIB {
            let what = format!("no failed call, and at most {GROWTH_MIB} MiB more");
            return Err(trouble(&what, &format!("{} failed, {grown} MiB more", self.failed)));
        }
        Ok(())
    }
}

/// Swaps a plugin so many times while as many tasks as there are threads call it.
pub(crate) fn under_load(swaps: u32, threads: u32) -> Result<Swapped, Trouble> {
    let guest = guests::build("tidegate-guest-hostile", &[]).map_err(|why| trouble("building the guest", &why))?;
    let versions: Vec<Vec<u8>> =
        (0..VERSIONS).map(|number| guests::patched(&guest, "0.1.0+seal", &format!("1.0.{number}+swap"))).collect();
    let place = tempfile::tempdir().map_err(io("making a directory"))?;
    let dir = place.path().join("plugins");
    std::fs::create_dir(&dir).map_err(io("making the plugins directory"))?;
    let runtime = runtime(threads)?;
    let config = RoomConfig { cache_dir: Some(place.path().join("cache")), ..RoomConfig::default() };
    let room = PluginRoom::new(config).map_err(|error| trouble("setting up the plugin room", &error.to_string()))?;
    let catalogue = Arc::new(runtime.block_on(Catalogue::new(room, &[], Some(dir.clone()))));
    runtime.block_on(swap(&catalogue, &dir, versions.first().map_or(&[], Vec::as_slice)))?;

    let load = Arc::new(Load::default());
    let tasks: Vec<_> = (0..threads).map(|_| runtime.spawn(calls(Arc::clone(&catalogue), Arc::clone(&load)))).collect();
    let began = Instant::now();
    let mut first = 0;
    for (number, bytes) in (0..swaps).zip(versions.iter().cycle().skip(1)) {
        runtime.block_on(swap(&catalogue, &dir, bytes))?;
        if number == swaps / 10 {
            first = resident()?;
        }
    }
    let took = began.elapsed();
    let last = resident()?;
    load.over.store(true, Ordering::Relaxed);
    for task in tasks {
        runtime.block_on(task).map_err(|error| trouble("a task of calls", &error.to_string()))?;
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(Swapped {
        swaps,
        took,
        calls: count(&load.calls),
        failed: count(&load.failed),
        over_a_swap: count(&load.over_a_swap),
        resident: (first, last),
    })
}

fn resident() -> Result<u64, Trouble> {
    Ok(usage(std::process::id())?.resident_bytes)
}

/// Another file in the place of the one before; it has to serve.
async fn swap(catalogue: &Catalogue, dir: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let beside = dir.join("next.part");
    std::fs::write(&beside, bytes).map_err(io("writing a component"))?;
    std::fs::rename(&beside, dir.join("plugin.wasm")).map_err(io("putting a component into place"))?;
    let scan = catalogue.scan().await.map_err(io("looking at the plugins directory"))?;
    if scan.live.len() == 1 && scan.refused.is_empty() && scan.gone.is_empty() {
        return Ok(());
    }
    Err(trouble("one version in the place of another", &format!("{scan:?}")))
}

#[derive(Default)]
struct Load {
    over: AtomicBool,
    calls: AtomicU64,
    failed: AtomicU64,
    over_a_swap: AtomicU64,
}

/// Calls whatever serves, until it is over.
async fn calls(catalogue: Arc<Catalogue>, load: Arc<Load>) {
    while !load.over.load(Ordering::Relaxed) {
        load.calls.fetch_add(1, Ordering::Relaxed);
        let Ok(plugin) = catalogue.get("hostile-guest") else {
            load.failed.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        if planned(&plugin, &job(&plugin)).await.is_err() {
            load.failed.fetch_add(1, Ordering::Relaxed);
        }
        if catalogue.get("hostile-guest").is_ok_and(|now| now.digest() != plugin.digest()) {
            load.over_a_swap.fetch_add(1, Ordering::Relaxed);
        }
    }
}
