//! Ticks that something else starts (`run-scheduled`): between two of them nobody is there to settle anything.

use std::time::Duration;

use apify_emulator::{Options, Script};
use sqlx::{Connection as _, SqliteConnection};
use tidegate_tests::actors::{INSTAGRAM, World};
use tidegate_tests::daemon::Daemon;

use crate::scene::{LONG, once, roomy};

/// What a run costs does not change after its end here, so that it may be looked at early.
fn world() -> World {
    let world = World::new(Options { cost_lag: Duration::ZERO, ..roomy() }).unwrap();
    world.place.put("profiles/ig.toml", once(INSTAGRAM)).unwrap();
    world
}

/// One tick, which leaves nothing reserved; gives what was spent in all.
fn tick(world: &World) -> u64 {
    let tally = world.place.json(&["run-scheduled"]).unwrap();
    assert_eq!(tally["failed_passes"].as_u64(), Some(0), "{tally}");
    let ledger = world.ledger().unwrap();
    assert!(ledger.values().all(|(reserved, _)| *reserved == 0), "{ledger:?}");
    world.spent().unwrap()
}

/// Actor runs of these handles, and what the platform charged for them.
fn charged(world: &World, handles: &[&str]) -> (usize, u64) {
    let billed: Vec<_> = handles.iter().flat_map(|handle| world.billed(handle)).collect();
    (billed.len(), billed.iter().map(|run| run.charged.0).sum())
}

/// Has the cost of every run be looked at now, as it were half a minute later.
async fn half_a_minute_later(world: &World) {
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(world.place.dir().join("tidegate.db"));
    let mut conn = SqliteConnection::connect_with(&file).await.unwrap();
    let due = sqlx::query("UPDATE actor_run SET look_at = look_at - 30000 WHERE stage = 'ended'");
    assert_eq!(due.execute(&mut conn).await.unwrap().rows_affected(), 1);
    conn.close().await.unwrap();
}

/// A tick waits for the costs of its own runs.
#[test]
fn a_tick_leaves_nothing_reserved() {
    let world = world();
    world.add("ig", &["tick.one", "tick.two"]).unwrap();
    let spent = tick(&world);
    assert_eq!((2, spent), charged(&world, &["tick.one", "tick.two"]));
    assert!(spent > 0);
    assert_eq!(tick(&world), spent, "nothing is due for hours");
}

/// One that was cut short leaves them to the next, which settles them first: what is reserved for them stands in the way of
/// the runs that are due.
#[tokio::test]
async fn a_tick_settles_what_the_last_one_left_before_it_starts_anything() {
    let world = world();
    // A quarter of what it could cost.
    let few = r#"[{"when":{"endpoint":"start","handle":"tick.first"},"effect":{"run":{"items":5}}}]"#;
    world.emulator.script(&Script::from_json(few).unwrap()).unwrap();
    let first = world.add("ig", &["tick.first"]).unwrap();
    let cut = Daemon::start(world.place.dir(), &["run-scheduled"]).unwrap();
    world.ended(&first["tick.first"], 1, LONG).unwrap();
    cut.kill9().unwrap();
    let (reserved, spent) = world.ledger().unwrap()["usd-per-day all"];
    assert!(reserved > 0 && spent == 0, "{reserved}, {spent}: it ended before its cost was final");
    // Enough for one run at its worst, not for two.
    let most = reserved + reserved / 2;
    world
        .configure(&format!("[budget]\nruns_per_day = 1000\nusd_per_day = 0.{most:06}\nusd_per_month = 1000\n"))
        .unwrap();
    assert!(most < 1_000_000);
    world.add("ig", &["tick.second"]).unwrap();
    half_a_minute_later(&world).await;
    let spent = tick(&world);
    assert_eq!((2, spent), charged(&world, &["tick.first", "tick.second"]), "the second had room");
}
