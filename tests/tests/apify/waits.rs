//! Scenarios 5, 6, 8 to 10, 12 and 13: what can happen to questions about a run, to its dataset and to its bill.

use std::thread;

use serde_json::json;
use tidegate_tests::actors::INSTAGRAM;
use tidegate_tests::place::word;

use crate::scene::{Shared, Stage, once, part, roomy, scripted};

static STAGE: Shared = Shared::new(|| {
    let stage = Stage::new();
    let long = r#"[{"when":{"endpoint":"start","handle":"HANDLE"},"effect":{"run":{"duration_ms":8000}}},
        {"scenario":"10-CASE","when":{"handle":"HANDLE"}}]"#;
    // Longer than the platform's reads lag, so that even a slow machine looks once before it is over.
    let unseen = r#"{"when":{"endpoint":"start","handle":"HANDLE"},"effect":{"run":{"unseen_ms":9000}}}"#;
    stage.add(&[
        part("ig", "6-html", "page.html"),
        part("x", "6-empty", "page_empty"),
        part("ig", "6-chunk", "page.chunk"),
        part("ig", "6-body", "page.body"),
        part("ig", "8-gzip", "coded.gzip"),
        part("x", "8-br", "coded_br"),
        part("ig", "8-bad", "coded.bad"),
        part("ig", "8-short", "coded.short"),
        part("ig", "8-charset", "typed.charset"),
        part("x", "8-untyped", "typed_not"),
        scripted("ig", r#"{"scenario":"8-bomb","when":{"handle":"HANDLE"},"times":2}"#, "coded.bomb"),
        scripted("ig", unseen, "unseen.young"),
        part("x", "9", "unseen_young"),
        scripted("ig", &long.replace("CASE", "hold"), "waiting.held"),
        scripted("x", &long.replace("CASE", "ignore"), "waiting_not"),
        part("ig", "12", "late.items"),
        part("x", "12", "late_items"),
        part("ig", "13", "late.bill"),
        part("x", "13", "late_bill"),
    ]);
    stage
});

/// 5: the platform says "slow down" to every question about some runs for a minute. They wait, without a tight loop, and go
/// on; what else there is goes on meanwhile.
#[test]
fn scenario_05_a_burst_of_429_slows_down_and_stops_nobody() {
    thread::scope(|scope| {
        scope.spawn(burst);
        scope.spawn(absurd);
    });
}

fn burst() {
    let stage = Stage::new();
    let slowed = ["burst.absent", "burst.present", "burst.negative"];
    stage.add(&[
        part("ig", "5-absent", slowed[0]),
        part("ig", "5-present", slowed[1]),
        part("ig", "5-negative", slowed[2]),
    ]);
    let refused = |stage: &Stage, handle| stage.polls(handle).iter().filter(|poll| poll.status == 429).count();
    stage.until("the bursts", |stage| slowed.iter().all(|handle| refused(stage, handle) > 0));
    stage.add(&[part("ig", "1", "burst.beside"), part("x", "1", "burst_beside")]);
    for handle in ["burst.beside", "burst_beside"] {
        stage.ended(handle, 1);
    }
    for handle in slowed {
        assert_eq!(stage.world.runs(&stage.id(handle)).unwrap()[0]["stage"], "waiting", "{handle}");
    }
    for handle in ["burst.beside", "burst_beside"].into_iter().chain(slowed) {
        stage.went_well(handle, 20);
    }
    for handle in slowed {
        // The watch looks once a second, and less often when it is told to.
        let refused = refused(&stage, handle);
        assert!((2..60).contains(&refused), "{handle}: {refused} times in a minute");
    }
}

/// An absurd `Retry-After` is followed for two minutes, for the account that it was said to; another one does not notice.
fn absurd() {
    let mut options = roomy();
    options.tokens.push("another-token-of-another-account".to_owned());
    let stage = Stage::with(options, |world| {
        let other = INSTAGRAM.replace("[actor]", "[actor]\ncredential = \"other\"");
        world.place.put("profiles/other.toml", once(&other)).unwrap();
        world.place.put("other", "another-token-of-another-account\n").unwrap();
        format!("[credentials.other]\norigin = \"{}\"\nfile = \"other\"\n", world.emulator.url())
    });
    let slowed = ["absurd.number", "absurd.date"];
    stage.add(&[part("ig", "5-absurd", slowed[0]), part("ig", "5-date", slowed[1])]);
    stage.until("a refusal", |stage| {
        slowed.iter().any(|handle| stage.polls(handle).iter().any(|poll| poll.status == 429))
    });
    stage.add(&[part("other", "1", "absurd.elsewhere"), part("ig", "1", "absurd.beside")]);
    stage.ended("absurd.elsewhere", 1);
    for handle in slowed {
        assert_eq!(stage.world.runs(&stage.id(handle)).unwrap()[0]["stage"], "waiting", "{handle}");
    }
    for handle in ["absurd.elsewhere", "absurd.beside"].into_iter().chain(slowed) {
        stage.went_well(handle, 20);
        let refused = stage.polls(handle).iter().filter(|poll| poll.status == 429).count();
        assert!(refused <= 2, "{handle}: {refused} times");
    }
    assert_eq!(stage.world.leaks(&[("the log", &stage.log())]).unwrap(), Vec::<String>::new());
}

/// 6: answers of a gateway, empty ones and cut ones pass; nothing crashes and nobody is blamed.
#[test]
fn scenario_06_answers_that_are_none_pass() {
    let stage = STAGE.get();
    for handle in ["page.html", "page_empty", "page.chunk", "page.body"] {
        stage.went_well(handle, 20);
        assert!(!stage.logged(handle, "failed"), "{:#?}", stage.lines(handle));
    }
    for (handle, status) in [("page.html", 502), ("page_empty", 503)] {
        let failed = stage.polls(handle).iter().filter(|poll| poll.status == status).count();
        assert_eq!(failed, 2, "{handle}");
    }
}

/// 8: every coding and content type is read; a body that is not what it says is asked for again, and none of it is taken.
#[test]
fn scenario_08_codings_are_read_and_broken_ones_asked_for_again() {
    let stage = STAGE.get();
    for handle in ["coded.gzip", "coded_br", "typed.charset", "typed_not", "coded.bad", "coded.short", "coded.bomb"] {
        stage.went_well(handle, 20);
        let run = &stage.ended(handle, 1)[0];
        assert_eq!(run["counts"]["rejected"], json!(0), "{handle}: {run}");
    }
}

/// 9: reads lag behind the start: a young run that is not found is waited for.
#[test]
fn scenario_09_a_young_run_may_be_unseen() {
    let stage = STAGE.get();
    for handle in ["unseen.young", "unseen_young"] {
        stage.went_well(handle, 20);
        assert_eq!(stage.starts(handle).len(), 1, "{handle}");
    }
    assert_eq!(stage.polls("unseen.young")[0].status, 404);
}

/// 10: the daemon never has the platform hold a question, so that it does not matter what the platform makes of it; between
/// two looks it pauses.
#[test]
fn scenario_10_waiting_is_looking_now_and_then() {
    let stage = STAGE.get();
    for handle in ["waiting.held", "waiting_not"] {
        stage.went_well(handle, 20);
        let run = &stage.billed(handle)[0];
        let ended = run.finished.unwrap();
        let while_it_ran = stage.polls(handle).iter().filter(|poll| poll.at < ended).count();
        // One look for each second of the watch's beat, and the first one.
        let most = usize::try_from(ended.since(run.started) / 1_000 + 2).unwrap();
        assert!((1..=most).contains(&while_it_ran), "{handle}: {while_it_ran} looks, at most {most}");
    }
    let log = stage.world.emulator.log();
    assert!(log.iter().all(|entry| !entry.path.contains("waitForFinish")));
}

/// 12: the dataset is empty at first, and so says its total; the items come 5 s later and are found.
#[test]
fn scenario_12_items_that_are_late_are_found() {
    let stage = STAGE.get();
    for handle in ["late.items", "late_items"] {
        stage.went_well(handle, 5);
    }
}

/// 13: the first figures after the end are too low. Until they are final the worst case stays reserved; then what it really
/// cost is booked, once.
#[test]
fn scenario_13_the_final_cost_is_booked() {
    let stage = STAGE.get();
    for (handle, cost) in [("late.bill", 25_500), ("late_bill", 6_000)] {
        stage.ended(handle, 1);
        let (reserved, spent) = stage.money(handle);
        assert!((reserved > cost && spent == 0) || (reserved, spent) == (0, cost), "{handle}: {reserved}, {spent}");
        stage.went_well(handle, 15);
        assert_eq!(stage.paid_for(handle, 1), cost, "{handle}");
        let booked = stage.lines(handle).iter().filter(|line| line.contains("has cost")).count();
        assert_eq!((booked, stage.actor_runs(handle)[0]["cost"].clone()), (1, json!(cost)), "{handle}");
        assert_eq!(word(&stage.actor_runs(handle)[0], "status"), "succeeded");
    }
}
