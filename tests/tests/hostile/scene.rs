//! Where the cases are played: one room with a calm plugin beside whatever they bring, a stopwatch, and the process's memory.
//!
//! Owns: what is looked at after every case, whatever it was about: a calm plugin answers, and every message is one line of a
//! bounded length that a terminal shows as it is. Must not know: the cases.

use std::sync::Arc;
use std::time::Duration;

use tidegate::plugins::{CallContext, Origin, Plugin, PluginRoom, RoomConfig};
use tidegate_core::contract::{Body, HttpResponse, Job, Page, PageContent};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tidegate_tests::measure::{Stopwatch, usage};

use crate::make::GUEST;

/// CPU time of a call that tries a component: what never ends is to end soon.
const PROBE: Duration = Duration::from_millis(300);
/// A message of the host is never longer, whatever stranger's words it quotes.
const LONGEST_MESSAGE: usize = 8 * limits::KIB;

/// The stage.
pub(crate) struct Scene {
    pub(crate) room: PluginRoom,
    calm: Arc<Plugin>,
    cache: tempfile::TempDir,
}

/// What a case has cost.
pub(crate) struct Cost {
    pub(crate) took: Duration,
    /// MiB that the process had at its largest beyond what it had before.
    pub(crate) peak_mib: u64,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let room = room(&cache);
        let calm = room.load(GUEST.clone(), Origin::Shipped("calm".to_owned())).await.unwrap();
        Self { room, calm, cache }
    }

    /// The directory of the room's cache.
    pub(crate) fn cache(&self) -> &tempfile::TempDir {
        &self.cache
    }

    /// The proof that a case has left nothing behind: another plugin plans and normalizes.
    pub(crate) async fn calm_answers(&self, after: &str) {
        for _ in 0..2 {
            let step =
                self.calm.plan(&job("echo"), &cx()).await.unwrap_or_else(|fault| panic!("after {after}: {fault}"));
            assert_eq!(step.value.unwrap().state.as_deref(), Some("echo 7 2026-11-21T12:00:00Z"), "after {after}");
            let batch = self.calm.normalize(&job("echo"), &page(), &cx()).await;
            let batch = batch.unwrap_or_else(|fault| panic!("after {after}: {fault}")).value.unwrap();
            assert_eq!(batch.items.len(), 1, "after {after}");
        }
    }
}

/// A room over this cache.
pub(crate) fn room(cache: &tempfile::TempDir) -> PluginRoom {
    let config = RoomConfig { cache_dir: Some(cache.path().join("cache")), ..RoomConfig::default() };
    PluginRoom::with_probe_cpu(config, PROBE).unwrap()
}

/// Plays something and says what it has cost.
pub(crate) async fn measured<T>(work: impl Future<Output = T>) -> (T, Cost) {
    let before = resident();
    // The kernel counts the peak anew from here.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let watch = Stopwatch::start();
    let value = work.await;
    let took = watch.elapsed();
    (value, Cost { took, peak_mib: (peak().saturating_sub(before)) >> 20 })
}

/// Bytes of this process that are in memory.
pub(crate) fn resident() -> u64 {
    usage(std::process::id()).unwrap().resident_bytes
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Whatever a stranger put into it, a message can be printed: one line, not endless, nothing that moves a cursor or turns text.
pub(crate) fn printable(message: &str, of: &str) {
    assert!(message.len() <= LONGEST_MESSAGE, "{of}: a message of {} bytes: {:.200}...", message.len(), message);
    let moves = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!message.contains(moves), "{of}: not printable: {message:?}");
}

pub(crate) fn now() -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap()
}

/// The usual limits.
pub(crate) fn cx() -> CallContext {
    CallContext::at(now())
}

pub(crate) fn job(identifier: &str) -> Job {
    Job {
        kind: "trick".into(),
        identifier: identifier.into(),
        overrides: "{}".into(),
        watermark: None,
        max_items: 7,
        max_pages: 10,
        now: now().to_string(),
        actor: None,
        platform_id: None,
        extra: None,
    }
}

/// The answer of a site that says nothing.
pub(crate) fn response() -> HttpResponse {
    HttpResponse {
        status: 200,
        final_url: "https://example.org/feed".into(),
        redirects: vec![],
        headers: vec![],
        body: Body::Text("tide".into()),
        extra: None,
    }
}

pub(crate) fn page() -> Page {
    Page { state: None, content: PageContent::Http(response()), number: 0, extra: None }
}
