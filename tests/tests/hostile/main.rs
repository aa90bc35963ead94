//! The hostile corpus: every file of `tests/hostile` is played, and nothing it does reaches beyond itself.
//!
//! Owns: the order of play, the table of what each case came to, how long it took and how much memory it held, and the memory
//! of the whole. Each case has to end in what it names; after each, a calm plugin of the same room has to answer; after all of
//! them the process has to be nearly as small as before. A case is added by adding a file: `tests/hostile/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::allow_attributes,
    reason = "tests; their tasks are awaited, and what a case has cost is told"
)]

mod calls;
mod case;
mod daemon;
#[path = "../../../host/core/tests/fixtures/mod.rs"]
mod fixtures;
mod life;
mod make;
mod manifest;
mod runs;
mod scene;

use std::time::Duration;

use case::Case;
use scene::{Cost, Scene, measured, resident};

/// A case that is not over by then hangs. Compiling takes most of it where a machine is busy.
const HANGS: Duration = Duration::from_secs(120);
/// The least that the corpus is to have; it only grows.
const CASES: usize = 360;
/// How much larger the process may be after all cases than after the first half of them, which has used every place of the pool and
/// has compiled what is largest.
const GROWTH_MIB: u64 = 48;
/// How much larger than before any: the places of the pool that were used keep up to 8 MiB each (`limits::KEPT_MEMORY_BYTES`), the
/// allocator what the largest compilation took, and this program the text of its components.
const ALL_MIB: u64 = 512;
/// What one case may hold at its worst: an answer with the most it may have, on both sides of the border, beside a compilation.
const PEAK_MIB: u64 = 512;

async fn play(case: &Case, scene: &Scene) -> String {
    match (&case.run, case.life.is_empty()) {
        (Some(run), _) => runs::play(case, run, scene).await,
        (None, false) => life::play(case, scene).await,
        (None, true) => calls::play(case, scene).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_hostile_reaches_beyond_itself() {
    // For as long as the process lives: each case is played in a task of its own, so that one that fails leaves the others be.
    let cases: &'static [Case] = Box::leak(case::all().into_boxed_slice());
    assert!(cases.len() >= CASES, "{} cases", cases.len());
    let only = tidegate_tests::place::setting("TIDEGATE_HOSTILE").unwrap_or_default();
    let scene: &'static Scene = Box::leak(Box::new(Scene::set().await));
    scene.calm_answers("nothing").await;
    let (before, mut warm, mut failed) = (resident(), 0, Vec::new());
    for (number, case) in cases.iter().filter(|case| case.name.contains(&only)).enumerate() {
        let timed = tokio::time::timeout(HANGS, tokio::spawn(play(case, scene)));
        let (came, Cost { took, peak_mib }) = measured(timed).await;
        let came = match came {
            Err(_) => "HANGS".to_owned(),
            Ok(Err(_)) => "FAILED, as told above".to_owned(),
            Ok(Ok(_)) if peak_mib > PEAK_MIB => format!("HOLDS {peak_mib} MiB"),
            Ok(Ok(came)) => came,
        };
        let (ms, now) = (took.as_secs_f64() * 1e3, resident() >> 20);
        eprintln!("{:34} {ms:>8.1} ms  +{peak_mib:>3} MiB, {now:>4} after  {came}", case.name);
        if came.starts_with(char::is_uppercase) {
            failed.push(format!("{}: {} {came}", case.name, case.does));
        }
        scene.calm_answers(&case.name).await;
        if number == cases.len() / 2 {
            warm = resident();
        }
    }
    let [grown, all] = [warm, before].map(|then| resident().saturating_sub(then) >> 20);
    eprintln!("{} cases; {grown} MiB more than after the first half, {all} MiB more than before", cases.len());
    assert!(failed.is_empty(), "{} of {} cases: {failed:#?}", failed.len(), cases.len());
    // A part of the corpus does not use what the whole does.
    assert!(!only.is_empty() || grown <= GROWTH_MIB, "{grown} MiB more than after the first half of the cases");
    assert!(all <= ALL_MIB, "{all} MiB more than before the cases");
}

#[test]
fn much_of_one_thing_is_written_short() {
    assert_eq!(case::grown("a«3*<¤,¤¤>»b"), "a<0,1><1,2><2,3>b");
    assert_eq!(case::grown("nothing"), "nothing");
}
