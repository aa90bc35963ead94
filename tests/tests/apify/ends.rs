//! Scenarios 11 and 14 to 17: how a run can end, and what is believed of what it left.

use apify_emulator::{Emulator, Platform, Status};
use serde_json::Value;
use tidegate_tests::place::word;

use crate::scene::{Shared, Stage, part, scripted};

static STAGE: Shared = Shared::new(|| {
    let stage = Stage::new();
    let second =
        |scenario: &str| format!(r#"{{"scenario":"{scenario}","when":{{"handle":"HANDLE"}},"nth":2,"times":1}}"#);
    let reach = r#"{"when":{"endpoint":"start","handle":"HANDLE"},
        "effect":{"run":{"items":15,"reach":0,"ends":"ABORTED","message":"The run was aborted by the user"}}}"#;
    stage.add(&[
        part("x", "11", "nothing_new"),
        scripted("ig", &second("11"), "nothing.new"),
        part("ig", "14", "timed.out"),
        part("x", "14", "timed_out"),
        part("ig", "15-cap", "cap.reached"),
        part("ig", "15-cap-succeeded", "cap.noticed"),
        part("ig", "15-operator", "operator.some"),
        part("x", "15-operator", "operator_some"),
        scripted("ig", reach, "operator.none"),
        part("ig", "16-items", "broke.some"),
        part("x", "16-null", "broke_null"),
        part("ig", "16-bare", "broke.bare"),
    ]);
    stage
});

/// 11: a run that went well and brought nothing is a success that says "nothing new". (The first run of an Instagram account
/// is the exception: there an empty dataset proves nothing.)
#[test]
fn scenario_11_an_empty_dataset_is_no_failure() {
    let stage = STAGE.get();
    let run = &stage.ended("nothing_new", 1)[0];
    assert_eq!((word(run, "ending"), stage.items("nothing_new").len()), ("no-new".to_owned(), 0), "{run}");
    assert_eq!(stage.paid_for("nothing_new", 1), 0);

    stage.went_well("nothing.new", 20);
    let before = stage.source("nothing.new")["watermark"].clone();
    stage.again("nothing.new");
    let run = &stage.ended("nothing.new", 2)[0];
    assert_eq!((word(run, "ending"), stage.items("nothing.new").len()), ("no-new".to_owned(), 20), "{run}");
    assert_eq!(stage.paid_for("nothing.new", 2), 34_000);
    assert_eq!(stage.source("nothing.new")["watermark"], before);
    for handle in ["nothing_new", "nothing.new"] {
        assert_eq!(stage.state(handle), (0, "active".to_owned()), "{handle}");
    }
}

/// 14: its time was over after 7 of 15. They are stored and paid for; that everything up to now is known is not believed, so
/// that the next run asks for the rest.
#[test]
fn scenario_14_a_timed_out_run_leaves_what_it_had() {
    let stage = STAGE.get();
    for (handle, cost) in [("timed.out", 11_900), ("timed_out", 2_800)] {
        stage.went_well(handle, 7);
        assert_eq!(stage.paid_for(handle, 1), cost, "{handle}");
        assert_eq!(stage.source(handle)["watermark"], Value::Null, "{handle}");
        assert!(stage.logged(handle, "timed-out"), "{:#?}", stage.lines(handle));
    }

    // A source that has a watermark, and new posts all the time.
    let handle = "fast_tide";
    let old = published(&stage.world.emulator, handle).len();
    let timed_out = r#"{"when":{"endpoint":"start","handle":"HANDLE"},"nth":2,"times":1,
        "effect":{"run":{"items":8,"reach":1,"ends":"TIMED-OUT"}}}"#;
    stage.add(&[scripted("ig", timed_out, handle)]);
    stage.ended(handle, 1);
    let first = stage.source(handle)["watermark"].clone();
    assert!(first.is_object(), "{first}");
    let known = published(&stage.world.emulator, handle);
    stage.until("posts that are new", |stage| published(&stage.world.emulator, handle).len() > known.len());
    stage.again(handle);
    assert_eq!(stage.ended(handle, 2)[0]["counts"]["new"], 1);
    assert_eq!(stage.source(handle)["watermark"], first, "the run did not see all there was");
    let wanted = published(&stage.world.emulator, handle);
    stage.again(handle);
    stage.ended(handle, 3);
    assert_ne!(stage.source(handle)["watermark"], first);
    let items = stage.items(handle);
    let lost: Vec<&String> = wanted.iter().skip(old).filter(|id| !items.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?} of {wanted:?} are not among {items:?}");
    stage.paid_for(handle, 3);
    assert_eq!(stage.state(handle), (0, "active".to_owned()));
}

/// 15: ended by its charge cap, or by a person in the platform's console: what it left is taken, and nobody is blamed.
#[test]
fn scenario_15_an_aborted_run_is_not_the_sources_fault() {
    let stage = STAGE.get();
    let cases = [
        ("cap.reached", 17, 28_900),
        ("cap.noticed", 17, 28_900),
        ("operator.some", 4, 6_800),
        ("operator_some", 4, 1_600),
    ];
    for (handle, items, cost) in cases {
        stage.went_well(handle, items);
        assert_eq!(stage.paid_for(handle, 1), cost, "{handle}");
    }
    let ended = |handle| stage.billed(handle)[0].status;
    assert_eq!((ended("cap.reached"), ended("cap.noticed")), (Status::Aborted, Status::Succeeded));
    for (handle, why) in [("cap.reached", "Maximum charge reached"), ("operator.some", "aborted by the user")] {
        assert_eq!(stage.source(handle)["watermark"], Value::Null, "{handle}: there may be more");
        assert!(stage.logged(handle, why), "{:#?}", stage.lines(handle));
    }
    let run = &stage.ended("operator.none", 1)[0];
    assert_eq!(word(run, "ending"), "no-new", "{run}");
    assert_eq!((stage.paid_for("operator.none", 1), stage.state("operator.none")), (0, (0, "active".to_owned())));
}

/// 16: a run that failed. Its items are stored, the failure is one failure with its retries, each of which is paid for, and
/// the log says what the platform said.
#[test]
fn scenario_16_a_failed_run_is_retried_and_its_items_kept() {
    let stage = STAGE.get();
    let said = "The Actor process failed";
    let cases =
        [("broke.some", 5, 8_500, said), ("broke_null", 5, 2_000, "it did not say why"), ("broke.bare", 0, 0, said)];
    for (handle, items, each, why) in cases {
        let runs = stage.ended(handle, 3);
        let triggers: Vec<String> = runs.iter().map(|run| word(run, "trigger")).collect();
        assert_eq!(triggers, ["retry", "retry", "bootstrap"], "{handle}");
        assert!(runs.iter().all(|run| word(run, "ending") == "failed"), "{handle}: {runs:?}");
        assert_eq!(stage.paid_for(handle, 3), 3 * each, "{handle}");
        assert!((items..=items + 1).contains(&stage.items(handle).len()), "{handle}");
        assert_eq!(stage.state(handle), (1, "active".to_owned()), "{handle}");
        let told = |line: &&String| line.contains("WARN") && line.contains(why) && !line.contains("alert:");
        let told = stage.lines(handle).iter().filter(told).count();
        let alerts = stage.lines(handle).iter().filter(|line| line.contains("came to nothing")).count();
        assert_eq!(alerts, 1, "{handle}: one alert when the last retry has failed");
        assert_eq!(told, 3, "{handle}: {:#?}", stage.lines(handle));
        assert_eq!(stage.source(handle)["next_run"]["trigger"], "schedule", "{handle}: after the last retry");
    }
}

/// 17: a run that had ended runs again, and its dataset grows. What was processed is not processed again; what came late comes
/// with the next run. What the second life costs is paid for if it comes before the bill is final.
#[test]
fn scenario_17_a_run_that_comes_back_is_not_processed_twice() {
    let stage = STAGE.get();
    let growing = r#"[{"when":{"endpoint":"start","handle":"HANDLE"},"times":1,"effect":{"run":{"items":5,"grows":5}}},
        {"when":{"endpoint":"start","handle":"HANDLE"},"nth":2,"effect":{"run":{"items":10}}}]"#;
    // Only now: it has to come back before its bill is final.
    stage.add(&[scripted("ig", growing, "grows.booked"), scripted("ig", growing, "grows.unbooked")]);
    let regrown = |handle: &'static str| {
        stage.resurrect(handle);
        stage.until("the second end", |stage| {
            let run = &stage.billed(handle)[0];
            (run.items, run.finished.is_some()) == (10, true)
        });
    };
    stage.ended("grows.unbooked", 1);
    regrown("grows.unbooked");
    assert_eq!(stage.paid_for("grows.unbooked", 1), 17_000);

    stage.went_well("grows.booked", 5);
    regrown("grows.booked");
    for (handle, first) in [("grows.unbooked", 17_000), ("grows.booked", 8_500)] {
        assert_eq!((stage.world.runs(&stage.id(handle)).unwrap().len(), stage.items(handle).len()), (1, 5), "{handle}");
        stage.again(handle);
        let run = &stage.ended(handle, 2)[0];
        assert_eq!(run["counts"]["new"], 5, "{run}");
        assert_eq!((stage.items(handle).len(), stage.billed(handle).len()), (10, 2), "{handle}");
        assert_eq!(stage.spent(handle), first + 17_000, "{handle}");
        assert_eq!(stage.state(handle), (0, "active".to_owned()), "{handle}");
    }
}

fn published(emulator: &Emulator, handle: &str) -> Vec<String> {
    emulator.published(Platform::Instagram, handle, emulator.now())
}
