//! Scenarios 31 to 35: what happens between two machines, and to one of them.

use std::sync::Arc;

use apify_emulator::Status;
use tidegate_tests::actors::{INSTAGRAM, World, X};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::place::word;

use crate::scene::{LONG, Shared, Stage, once, part, roomy, scripted};

/// Slow and odd answers: none of them fails so often that the platform is left alone.
static STAGE: Shared = Shared::new(|| {
    let stage = Stage::new();
    stage.add(&[
        scripted("ig", BOTH, "two.looks"),
        part("ig", "1", "plain.beside"),
        part("ig", "33-headers-items", "slow.head"),
        part("x", "33-drip", "slow_drip"),
        part("ig", "35-status", "odd.status"),
        part("ig", "35-pricing", "odd.pricing"),
        part("ig", "35-cost", "no.cost"),
        part("ig", "35-counts", "no.counts"),
        part("ig", "35-bare", "bare.run"),
        part("x", "35-bare", "bare_run_x"),
    ]);
    stage
});

/// The run looks for itself and is told "try later": it has a time at which it looks again, and the watch, which asks the
/// same question every second, wakes it before.
const BOTH: &str = r#"[{"when":{"endpoint":"items","handle":"HANDLE"},"times":1,
    "effect":{"answer":{"status":404,"type":"record-not-found","message":"Dataset was not found"}}}]"#;

/// 31: two look at the same run at the same time. There is no listener for webhooks in this version, so what can coincide is
/// the watch, which wakes a run whose actor run has ended, and the time at which the run looks by itself. The run is
/// processed once: its items are there once, one end in the log, one bill.
#[test]
fn scenario_31_two_looks_at_one_run() {
    let stage = STAGE.get();
    for handle in ["two.looks", "plain.beside"] {
        stage.went_well(handle, 20);
        let ends = stage.lines(handle).iter().filter(|line| line.contains("ingested ")).count();
        let bills = stage.lines(handle).iter().filter(|line| line.contains(" has cost ")).count();
        assert_eq!((ends, bills), (1, 1), "{:#?}", stage.lines(handle));
    }
}

/// A world of its own whose daemon is killed and started again.
struct Killed {
    world: World,
    daemon: Option<Daemon>,
}

impl Killed {
    /// Lets go of the daemon with `kill -9` and starts another one in the same directory.
    fn kill(&mut self) {
        drop(self.daemon.take().unwrap().kill9().unwrap());
        self.daemon = Some(serve(&self.world));
    }
}

fn serve(world: &World) -> Daemon {
    let daemon = world.serve().unwrap();
    daemon.wait_line("the daemon's first line", LONG, |line| line.contains("tidegate serves")).unwrap();
    daemon
}

/// 32: `kill -9` before the platform was asked, after it was asked and before the answer was stored, while the run goes on,
/// and in the middle of a page. Each time one run, all its items, one bill.
#[test]
fn scenario_32_the_daemon_is_killed() {
    let world = World::new(roomy()).unwrap();
    world.place.put("profiles/ig.toml", once(INSTAGRAM)).unwrap();
    world.place.put("profiles/x.toml", once(X)).unwrap();
    let daemon = Some(serve(&world));
    let mut killed = Killed { world, daemon };

    // Nobody listens: the intent is stored, and no start arrives.
    killed.world.emulator.refuse(std::time::Duration::from_secs(20));
    let before = killed.world.add("ig", &["before.start"]).unwrap()["before.start"].clone();
    wait_for_stage(&killed.world, &before, "intended");
    killed.kill();

    let mut ids = vec![("before.start".to_owned(), before)];
    let places = [
        ("after.start", "ig", r#"[{"scenario":"32-start","when":{"handle":"HANDLE"}}]"#),
        (
            "while_polling",
            "x",
            r#"{"when":{"endpoint":"start","handle":"HANDLE"},"effect":{"run":{"duration_ms":8000}}}"#,
        ),
        ("in.the.middle", "ig", r#"[{"scenario":"32-page","when":{"handle":"HANDLE"}}]"#),
    ];
    for (handle, profile, rules) in places {
        // Each is to die once: a run whose daemon dies again and again is given up.
        for (_, id) in &ids {
            killed.world.ended(id, 1, LONG).unwrap();
        }
        let script = apify_emulator::Script::from_json(&rules.replace("HANDLE", handle)).unwrap();
        killed.world.emulator.script(&script).unwrap();
        let asked = |world: &World, endpoint: &str| world.books().requests_of(endpoint);
        let (looks, reads) = (asked(&killed.world, "get-run"), asked(&killed.world, "items"));
        let id = killed.world.add(profile, &[handle]).unwrap()[handle].clone();
        let arrived = |world: &World| {
            let billed = world.billed(handle);
            match handle {
                "after.start" => !billed.is_empty(),
                "while_polling" => {
                    billed.iter().any(|run| run.status == Status::Running) && asked(world, "get-run") > looks
                }
                _ => !billed.is_empty() && asked(world, "items") > reads,
            }
        };
        killed.world.wait(&format!("the moment of {handle}"), LONG, |world| Ok(arrived(world))).unwrap();
        killed.kill();
        ids.push((handle.to_owned(), id));
    }
    for (handle, id) in &ids {
        let runs = killed.world.ended(id, 1, LONG).unwrap();
        assert_eq!((runs.len(), runs[0]["ending"].as_str()), (1, Some("ok")), "{handle}: {runs:?}");
        let items = killed.world.place.items(id).unwrap();
        let distinct: std::collections::BTreeSet<String> = items.iter().map(|item| word(item, "external_id")).collect();
        assert_eq!((items.len(), distinct.len()), (20, 20), "{handle}");
        assert_eq!(killed.world.billed(handle).len(), 1, "{handle}: one run");
        let source = killed.world.place.source(id).unwrap();
        assert_eq!(
            (source["failure_count"].as_u64(), source["state"]["state"].as_str()),
            (Some(0), Some("active")),
            "{source}"
        );
    }
    killed.world.settled(LONG).unwrap();
    let books = killed.world.books();
    assert_eq!((books.runs.len(), killed.world.spent().unwrap()), (4, books.charged.0));
    assert!(books.starts_by_user_agent.values().all(|starts| *starts == 1), "{:?}", books.starts_by_user_agent);
}

fn wait_for_stage(world: &World, source: &str, stage: &str) {
    world
        .wait(&format!("an actor run that is {stage}"), LONG, |world| {
            let runs = world.runs(source)?;
            let Some(run) = runs.first() else { return Ok(false) };
            Ok(world.actor_runs(&word(run, "id"))?.iter().any(|run| word(run, "stage") == stage))
        })
        .unwrap();
}

/// 33: a header after 20 s, a body of one byte per second. Each phase has its time; the run is read in the end, and those
/// beside it are not held up.
#[test]
fn scenario_33_a_slow_server() {
    let stage = STAGE.get();
    stage.went_well("plain.beside", 20);
    for handle in ["slow.head", "slow_drip"] {
        stage.went_well(handle, 20);
        assert_eq!(stage.starts(handle).len(), 1, "{handle}");
    }
    let ended = |handle: &str| word(&stage.ended(handle, 1)[0], "ended_at");
    assert!(ended("plain.beside") < ended("slow_drip"), "the slow one held up the other");
}

/// 34: no name, nobody listening, no TLS where TLS was wanted, bytes of another protocol, resets. All of it passes; nothing
/// is ordered twice, and what cannot be asked costs nothing.
#[test]
fn scenario_34_connections_that_fail() {
    let stage = Arc::new(Stage::with(roomy(), |world| {
        let port = world.emulator.addr().port();
        let mut text = String::new();
        for (name, origin) in
            [("nowhere", "https://no-such-host.invalid".to_owned()), ("plain", format!("https://127.0.0.1:{port}"))]
        {
            let profile = once(&INSTAGRAM.replace("[actor]\n", &format!("[actor]\ncredential = \"{name}\"\n")));
            world.place.put(&format!("profiles/{name}.toml"), profile).unwrap();
            text.push_str(&format!("[credentials.{name}]\norigin = \"{origin}\"\nfile = \"token\"\n"));
        }
        text
    }));
    stage.add(&[part("nowhere", "1", "no.such.name"), part("plain", "1", "no.tls.there")]);
    stage.add(&[
        part("ig", "34-tls", "other.protocol"),
        part("x", "34-reset", "reset_start"),
        part("ig", "34-reset-poll", "reset.poll"),
    ]);
    for handle in ["other.protocol", "reset_start", "reset.poll"] {
        stage.went_well(handle, 20);
    }
    stage.add(&[part("ig", "34-refused", "nobody.listens"), part("x", "34-refused-poll", "nobody_there_x")]);
    for handle in ["nobody.listens", "nobody_there_x"] {
        stage.went_well(handle, 20);
    }
    for handle in ["no.such.name", "no.tls.there"] {
        assert_eq!(stage.billed(handle).len(), 0, "{handle}");
        let runs = stage.world.runs(&stage.id(handle)).unwrap();
        assert!(runs.len() <= 4, "{handle}: bounded: {runs:?}");
        assert_eq!(stage.state(handle).1, "active", "{handle}: it passes");
    }
    stage.until("a try at both to be over", |stage| {
        ["no.such.name", "no.tls.there"].iter().all(|handle| {
            let runs = stage.actor_runs(handle);
            !runs.is_empty() && runs.iter().all(|run| word(run, "stage") != "started")
        })
    });
    for handle in ["no.such.name", "no.tls.there"] {
        assert_eq!(stage.money(handle).1, 0, "{handle}: nothing was spent");
    }
}

/// 35: a status nobody knows, a price model nobody knows, no cost, no counts, hardly anything. The run goes its way; where the
/// platform does not say what it cost, the most that it can have cost is booked.
#[test]
fn scenario_35_fields_that_nobody_knows_or_that_are_missing() {
    let stage = STAGE.get();
    for handle in ["odd.status", "odd.pricing", "no.cost", "no.counts"] {
        stage.went_well(handle, 20);
    }
    for handle in ["bare.run", "bare_run_x"] {
        let runs = stage.ended(handle, 1);
        assert_eq!((runs.len(), word(&runs[0], "ending")), (1, "ok".to_owned()), "{runs:?}");
        assert_eq!((stage.items(handle).len(), stage.state(handle)), (20, (0, "active".to_owned())), "{handle}");
        let (spent, billed) = (stage.spent(handle), stage.billed(handle));
        assert_eq!((billed.len(), Some(spent)), (1, billed[0].cap.map(|cap| cap.0)), "{handle}");
        assert!(spent >= billed[0].charged.0, "{handle}");
    }
}
