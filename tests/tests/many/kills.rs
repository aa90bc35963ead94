//! `kill -9` of one of two daemons at fifty random moments (`TIDEGATE_KILL_ROUNDS`: so many): what was published is stored
//! once, each source had one first run, what a dead daemon had is taken up in time, and the ledger adds up.
//!
//! Owns: the moments; `TIDEGATE_KILL_SEED` plays them again.

use std::cell::Cell;
use std::time::Duration;

use tidegate_cluster::Durability;
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::dice::{Dice, rounds};

use super::{LONG, Scene, cluster, database, pause, stop};

const KILLS: u32 = 50;
const FEEDS: usize = 150;
const ITEMS: usize = 20;
/// The promise: what died with its daemon is taken up within it.
const TAKEN_UP_WITHIN: i64 = 30_000;
/// What a life lasts at most if it has little to say.
const LIFE: Duration = Duration::from_millis(1_500);

/// A life up to the moment it ends.
fn live(daemon: &Daemon, dice: &mut Dice) {
    // One in five dies while it starts, before anything was logged perhaps.
    let lines = if dice.below(5) == 0 { 0 } else { 2 + dice.below(30) };
    let seen = Cell::new(0);
    let enough = |_: &str| {
        seen.set(seen.get() + 1);
        seen.get() >= lines
    };
    if lines > 0 {
        // Fewer lines than that are a life too.
        daemon.wait_line("signs of life", LIFE, enough).ok();
    }
    pause(&[daemon], Duration::from_micros(dice.below(40_000)));
}

#[test]
fn kills_at_any_moment_lose_nothing_and_double_nothing() {
    let Some(cluster) = cluster(Durability::Quick) else { return };
    let database = database(&cluster);
    let (kills, mut dice) = (rounds(KILLS), Dice::of_setting());
    let scene = Scene::quick(&database.url());
    let feeds = FeedServer::start(Script::load(FEEDS, ITEMS, 7)).unwrap();
    feeds.set_pause(Duration::from_millis(60));
    let urls = feeds.urls();
    let mut coming = urls.chunks(FEEDS.div_ceil(usize::try_from(kills).unwrap()));
    let (mut dead, mut hits) = (Vec::new(), 0);
    let mut pair = [scene.start("d0.0"), scene.start("d1.0")];
    let mut names = ["d0.0".to_owned(), "d1.0".to_owned()];
    for kill in 1..=kills {
        if let Some(some) = coming.next() {
            scene.witness.add_sources("default", "quick", some).unwrap();
        }
        let which = usize::try_from(dice.below(2)).unwrap();
        live(&pair[which], &mut dice);
        let next = format!("d{which}.{kill}");
        // The next life begins while this one still works.
        let dying = std::mem::replace(&mut pair[which], scene.start(&next));
        let app = std::mem::replace(&mut names[which], next);
        dying.kill9().unwrap();
        let at = scene.witness.now().unwrap();
        hits += u32::from(!scene.witness.held_by(&app).unwrap().is_empty());
        dead.push((app, at));
    }
    scene.until_whole(&[&pair[0], &pair[1]]);
    let gone = |witness: &tidegate_tests::witness::Witness| {
        dead.iter().rev().take(20).all(|(app, _)| witness.held_by(app).unwrap().is_empty())
    };
    scene.until_all(&[&pair[0], &pair[1]], "what the dead had to be taken up", LONG, gone);
    pair.into_iter().for_each(|daemon| drop(stop(daemon)));
    let slowest = dead.iter().map(|(app, at)| scene.witness.taken_up(app, *at).unwrap().0).max().unwrap_or(0);
    assert!(slowest <= TAKEN_UP_WITHIN, "a run was taken up {slowest} ms after its daemon's death");
    assert!(dead.iter().all(|(app, _)| scene.witness.held_by(app).unwrap().is_empty()));
    scene.reckon(&urls, ITEMS);
    let runs = scene.witness.runs().unwrap();
    eprintln!("{hits} of {kills} kills hit a running run; the last was taken up {slowest} ms later; {runs:?}");
    assert!(hits > 0, "no kill met a run: the moments are badly chosen");
}
