//! Scenarios 23 to 30: what can stand in a dataset. Whatever is right of it is stored, whatever is wrong is counted, and all of
//! it is paid for as the platform's books say.

use apify_emulator::{Platform, Status};
use serde_json::Value;
use tidegate_tests::actors::{INSTAGRAM, World, X};
use tidegate_tests::place::word;

use crate::scene::{Shared, Stage, once, part, roomy, scripted};

/// The first run's rows come late, one after the other for 20 s after its end; the second run's are there at once.
const LATE: &str = r#"[{"scenario":"30-grow","times":1,"when":{"handle":"HANDLE"}}]"#;

static STAGE: Shared = Shared::new(|| {
    let stage = Stage::with(roomy(), more_profiles);
    stage.add(&[
        part("bulk", "23", "deep.nested"),
        part("bulk", "23-many", "many.large"),
        part("bulk", "24", "odd.bytes"),
        part("bulk-x", "24", "odd_bytes_x"),
        part("bulk", "24-bom", "byte.order"),
        part("bulk", "26", "mixed.order"),
        part("bulk-x", "26", "mixed_order_x"),
        scripted("pinned", r#"{"when":{"endpoint":"start","handle":"HANDLE"},"effect":{"run":{}}}"#, "pinned.first"),
        part("bulk", "27-mixed", "errors.mixed"),
        part("bulk", "27-only", "gone.for.good"),
        part("bulk", "27-blocked", "turned.away"),
        part("bulk", "27-private", "shut.or.empty"),
        scripted("scraper", "[]", "private_cove"),
        part("bulk-x", "28-noresults", "no_results_x"),
        part("bulk-x", "28-demo", "demo_only_x"),
        part("bulk-x", "28-mock", "mock_only_x"),
        part("bulk", "29", "drifting.fields"),
        part("bulk-x", "29", "drifting_x"),
        part("bulk", "30-clean", "empty.rows"),
        scripted("bulk", LATE, "late.rows"),
    ]);
    stage
});

/// Room for whatever a dataset holds: a floor under the charge cap, so that the platform does not end the run by it.
fn more_profiles(world: &World) -> String {
    let bulk = |profile: &str| {
        let caps = "caps = { max_items = 2000, bootstrap_max_items = 2000 }";
        let roomy = profile.replace("caps = { max_items = 10, bootstrap_max_items = 20 }", caps);
        once(&roomy.replace("minimum = 0.01", "minimum = 5"))
    };
    let put = |name: &str, text: String| drop(world.place.put(&format!("profiles/{name}.toml"), text).unwrap());
    put("bulk", bulk(INSTAGRAM));
    put("bulk-x", bulk(X));
    put("pinned", bulk(INSTAGRAM).replace("skip_pinned = true", "skip_pinned = false"));
    let scraper = bulk(INSTAGRAM).replace("apify/instagram-post-scraper", "apify/instagram-scraper");
    put("scraper", scraper.replace("element = 0.0017", "start = 0.001\nelement = 0.0023"));
    String::new()
}

/// The failure of a run that failed: class and message.
fn failure(run: &Value) -> (String, String) {
    let part = |at: usize| run["failure"][at].as_str().unwrap_or_default().to_owned();
    (part(0), part(1))
}

fn count(run: &Value, name: &str) -> u64 {
    run["counts"][name].as_u64().unwrap()
}

fn warned(run: &Value, text: &str) -> bool {
    run["warnings"].as_array().unwrap().iter().any(|warning| warning.as_str().unwrap().contains(text))
}

/// The largest resident size a process has had, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

impl Stage {
    /// The items themselves, newest first.
    fn rows(&self, handle: &str) -> Vec<Value> {
        self.world.place.items(&self.id(handle)).unwrap()
    }

    /// The mark from which the next run reads: id and time.
    fn mark(&self, handle: &str) -> Option<(String, String)> {
        let mark = self.source(handle)["watermark"].clone();
        (!mark.is_null()).then(|| (word(&mark, "newest_id"), word(&mark, "newest_published_at")))
    }
}

/// 23: elements of any size, depth and type. What is no object, or nests too deep, becomes a dead letter, the rest is stored; the memory for a
/// thousand items of which one has 9 MB is bounded.
#[test]
fn scenario_23_elements_of_any_shape() {
    let stage = STAGE.get();
    stage.went_well("deep.nested", 19);
    let run = &stage.ended("deep.nested", 1)[0];
    assert_eq!(count(run, "rejected"), 4, "200 levels, null, a number and a text: {run}");
    stage.went_well("many.large", 1_000);
    let run = &stage.ended("many.large", 1)[0];
    assert_eq!((count(run, "rejected"), run["bytes"].as_u64().unwrap() > 9_000_000), (0, true), "{run}");
    // Its own 64 MiB, the 32 MiB of a body, and everything else of a daemon with three plugins.
    let peak = peak(stage.daemon.pid());
    assert!(peak < 1_024 << 20, "{peak} bytes at most");
}

/// 24: bytes that are no UTF-8, half characters, NUL, numbers beyond any type, keys twice, a byte order mark: nothing of it
/// fails the page.
#[test]
fn scenario_24_bytes_and_numbers_that_are_odd() {
    let stage = STAGE.get();
    for (handle, new) in [("odd.bytes", 20), ("odd_bytes_x", 20), ("byte.order", 6)] {
        stage.went_well(handle, new);
        let run = &stage.ended(handle, 1)[0];
        assert_eq!((count(run, "rejected"), run["warnings"].as_array().unwrap().len()), (0, 0), "{run}");
        assert!(stage.rows(handle).iter().all(|row| !row.to_string().contains("\\u0000")), "{handle}");
    }
}

/// 25: every item twice in one dataset, and all of them again in the next run with other numbers: one item each, the newer
/// numbers. Its own world: an hour passes on the platform.
#[test]
fn scenario_25_the_same_items_again() {
    let stage = Stage::with(roomy(), more_profiles);
    stage.add(&[part("bulk", "25", "twice.told"), part("bulk-x", "25", "twice_told_x")]);
    let handles = ["twice.told", "twice_told_x"];
    let likes = |stage: &Stage, handle: &str| {
        let likes = |row: &Value| {
            row["metrics"].as_object().unwrap().values().map(|value| value.as_f64().unwrap()).sum::<f64>()
        };
        let rows = stage.rows(handle);
        rows.iter().map(|row| (word(row, "external_id"), likes(row))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = handles.map(|handle| {
        let runs = stage.ended(handle, 1);
        assert_eq!((runs.len(), word(&runs[0], "ending")), (1, "ok".to_owned()), "{runs:?}");
        let billed = stage.billed(handle);
        assert_eq!(
            billed[0].items,
            2 * u32::try_from(stage.items(handle).len()).unwrap(),
            "{handle}: billed twice each"
        );
        likes(&stage, handle)
    });
    stage.world.emulator.advance(std::time::Duration::from_secs(3_600));
    for (handle, before) in handles.iter().zip(before) {
        stage.again(handle);
        let runs = stage.ended(handle, 2);
        let after = likes(&stage, handle);
        assert!(count(&runs[0], "metrics_updated") > 0, "{runs:?}");
        assert!(before.iter().any(|(id, likes)| after[id] > *likes), "{handle}");
        assert!(before.iter().all(|(id, likes)| after[id] >= *likes), "{handle}: an older number over a newer one");
        assert_eq!(after.len() as u64, before.len() as u64 + count(&runs[0], "new"), "{handle}: none is there twice");
        stage.paid_for(handle, 2);
        assert_eq!(stage.state(handle), (0, "active".to_owned()));
    }
}

/// 26: any order, an item of a year ago, other people's, pinned ones first. The mark is the newest item that belongs to the
/// source.
#[test]
fn scenario_26_any_order_and_anybody() {
    let stage = STAGE.get();
    for handle in ["mixed.order", "mixed_order_x", "pinned.first"] {
        let run = &stage.ended(handle, 1)[0];
        assert_eq!(word(run, "ending"), "ok", "{run}");
        let rows = stage.rows(handle);
        let newest = rows.iter().max_by_key(|row| word(row, "published_at")).unwrap();
        let (id, at) = stage.mark(handle).unwrap();
        assert_eq!(id, word(newest, "external_id"), "{handle}: {at}");
        stage.paid_for(handle, 1);
        assert_eq!(stage.state(handle), (0, "active".to_owned()), "{handle}");
    }
    // On X a post is its author's; on Instagram it belongs to all accounts it was published with.
    let run = &stage.ended("mixed_order_x", 1)[0];
    assert!(count(run, "new") == 8 && warned(run, "left out 4 elements"), "{run}");
    let authors: Vec<String> = stage.rows("mixed_order_x").iter().map(|row| row["authors"][0].to_string()).collect();
    assert!(authors.iter().all(|author| !author.contains("somebody_else")), "{authors:?}");
    assert_eq!(count(&stage.ended("mixed.order", 1)[0], "new"), 12);
}

/// 27: error items. Beside good ones the good ones are stored and the run says what went wrong; alone they are the source's
/// outcome.
#[test]
fn scenario_27_error_items() {
    let stage = STAGE.get();
    let runs = stage.ended("errors.mixed", 1);
    assert_eq!(
        (runs.len(), stage.items("errors.mixed").len(), failure(&runs[0]).0.as_str()),
        (1, 6, "bad-answer"),
        "{runs:?}"
    );
    assert!(failure(&runs[0]).1.contains("not_found"), "{runs:?}");
    assert_eq!((stage.state("errors.mixed"), stage.mark("errors.mixed")), ((1, "active".to_owned()), None));

    let runs = stage.ended("gone.for.good", 1);
    assert_eq!((runs.len(), failure(&runs[0]).0.as_str()), (1, "gone"), "{runs:?}");
    let source = stage.source("gone.for.good");
    assert_eq!(
        (word(&source["state"], "state"), source["next_run"].is_null()),
        ("invalid".to_owned(), true),
        "{source}"
    );
    assert!(word(&source["state"], "reason").contains("not_found"), "{source}");
    assert!(stage.logged("gone.for.good", "gone.for.good is invalid now: "));

    // Turned away: by the profile's ladder, twice more; nobody is to blame.
    let runs = stage.ended("turned.away", 3);
    assert!(runs.iter().all(|run| failure(run).0 == "blocked"), "{runs:?}");
    assert_eq!(stage.state("turned.away"), (0, "active".to_owned()));

    let runs = stage.ended("shut.or.empty", 1);
    assert_eq!((runs.len(), word(&runs[0], "ending")), (1, "no-new".to_owned()), "{runs:?}");
    assert_eq!(stage.state("shut.or.empty"), (0, "active".to_owned()));
    for (handle, runs) in [("errors.mixed", 1), ("gone.for.good", 1), ("turned.away", 3), ("shut.or.empty", 1)] {
        assert!(stage.paid_for(handle, runs) > 0, "{handle}: error items are billed");
    }
}

/// 28: rows without content, which are billed. No item, the cost booked, a warning that names the actor.
#[test]
fn scenario_28_fillers_are_billed() {
    let stage = STAGE.get();
    let table = [
        ("no_results_x", 1, 3, Some("bad-answer"), 1),
        ("demo_only_x", 3, 5, Some("plan-limited"), 0),
        ("mock_only_x", 1, 15, None, 0),
    ];
    for (handle, count_of_runs, fillers, class, failures) in table {
        let runs = stage.ended(handle, count_of_runs);
        assert_eq!(runs.len(), count_of_runs, "{handle}: {runs:?}");
        for run in &runs {
            assert_eq!((count(run, "fillers"), count(run, "new")), (fillers, 0), "{run}");
            assert_eq!(class, Some(failure(run).0.as_str()).filter(|class| !class.is_empty()), "{run}");
            assert!(
                warned(run, &format!("{fillers} of the {fillers} elements that apidojo/tweet-scraper was paid for")),
                "{run}"
            );
        }
        assert_eq!((stage.items(handle).len(), stage.mark(handle)), (0, None), "{handle}");
        assert!(stage.paid_for(handle, count_of_runs) > 0);
        assert_eq!(stage.state(handle), (failures, "active".to_owned()), "{handle}");
        assert!(
            stage.lines(handle).iter().any(|line| line.contains("WARN") && line.contains("hold nothing")),
            "{handle}"
        );
    }
}

/// 29: fields under other types. Ids are text, hidden counts are left out, the longest text is taken.
#[test]
fn scenario_29_fields_that_drift() {
    let stage = STAGE.get();
    for (handle, new, platform) in [("drifting.fields", 200, Platform::Instagram), ("drifting_x", 1_000, Platform::X)] {
        stage.went_well(handle, new);
        let run = &stage.ended(handle, 1)[0];
        assert_eq!(count(run, "rejected"), 0, "{run}");
        let emulator = &stage.world.emulator;
        let published = emulator.published(platform, handle, emulator.now());
        let known: std::collections::BTreeSet<&String> = published.iter().collect();
        let items = stage.items(handle);
        assert!(items.iter().all(|id| known.contains(id)), "{handle}: an id that is not the platform's");
        for row in stage.rows(handle) {
            let metrics = row["metrics"].as_object().unwrap();
            assert!(metrics.values().all(|value| value.as_f64().is_some_and(|value| value >= 0.0)), "{row}");
        }
    }
    // `text` of a drifting row is cut at 12 characters; the whole stands in `fullText`.
    let cut = stage.rows("drifting_x").iter().filter(|row| word(row, "text").chars().count() == 12).count();
    assert!(cut < 100, "{cut} of 1000 texts are as short as the cut one");
}

/// 30: empty rows between the others are counted and paid for, and hide nothing. Rows that come for seconds after the end:
/// as long as the platform says that more was paid for than it shows, it is asked again and the mark stays; what it says too
/// late lies within the overlap of the next run. Either way the next run has all of it.
#[test]
fn scenario_30_rows_that_are_empty_or_late() {
    let stage = STAGE.get();
    stage.went_well("empty.rows", 12);
    assert_eq!(count(&stage.ended("empty.rows", 1)[0], "rejected"), 6);

    let first = stage.ended("late.rows", 1).remove(0);
    let billed = stage.billed("late.rows").remove(0);
    assert_eq!(
        (billed.status, billed.items, word(&first, "ending")),
        (Status::Succeeded, 12, "ok".to_owned()),
        "{first}"
    );
    let published = stage.world.emulator.published(Platform::Instagram, "late.rows", billed.started);
    stage.again("late.rows");
    let runs = stage.ended("late.rows", 2);
    let items = stage.items("late.rows");
    let missing: Vec<&String> = published.iter().rev().take(12).filter(|id| !items.contains(*id)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "{runs:?}");
    assert!(stage.mark("late.rows").is_some());
    stage.paid_for("late.rows", 2);
    assert_eq!(stage.state("late.rows"), (0, "active".to_owned()));
}
