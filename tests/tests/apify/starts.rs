//! Scenarios 1 to 5 and 7: what can happen to a start.

use std::time::Duration;

use tidegate_tests::actors::{World, quick};

const SOON: Duration = Duration::from_secs(40);

/// 1: the plain case. One run, its items, its cost to the micro-dollar.
#[test]
fn scenario_01_a_start_is_answered() {
    let world = World::new(quick()).unwrap();
    let ids = world.add("ig", &["harbour.views"]).unwrap();
    let _daemon = world.serve().unwrap();
    let runs = world.ended(&ids["harbour.views"], 1, SOON).unwrap();
    assert_eq!((runs[0]["ending"].as_str(), runs[0]["counts"]["new"].as_u64()), (Some("ok"), Some(20)), "{runs:?}");
    world.settled(SOON).unwrap();
    let billed = world.billed("harbour.views");
    assert_eq!(billed.len(), 1);
    assert_eq!(world.spent().unwrap(), billed[0].charged.0);
    assert_eq!(world.leaks(&[]).unwrap(), Vec::<String>::new());
}
