//! Scenarios 18 to 22: what the platform refuses, for whom, and what that means for everybody else; and clocks that disagree.

use std::path::Path;

use apify_emulator::{Account, MicroUsd, Options, Status};
use tidegate_tests::actors::{CANARY, INSTAGRAM, World, X, reload};
use tidegate_tests::place::word;

use crate::scene::{LONG, Stage, once, part, roomy, scripted};

/// The token after the one that is refused. The canary must not stand in it: it is looked for in what is written.
const SECOND: &str = "apify_api_SECONDsecond5d1e8f4aSECOND";
const THIRD: &str = "apify_api_THIRDthird9c7b2e1fTHIRD";

/// A profile that pays with another credential than the others.
fn paid_by(profile: &str, credential: &str) -> String {
    once(&profile.replace("[actor]\n", &format!("[actor]\ncredential = \"{credential}\"\n")))
}

/// Profiles that pay with credentials of their own, as accounts do not stand in for each other.
fn accounts<'a>(profiles: &'a [(&'a str, &'a str, &'a str)]) -> impl Fn(&World) -> String + 'a {
    move |world| {
        let origin = world.emulator.url();
        let mut text = String::new();
        for (name, profile, credential) in profiles {
            world.place.put(&format!("profiles/{name}.toml"), paid_by(profile, credential)).unwrap();
            let entry = format!("[credentials.{credential}]\norigin = \"{origin}\"\nfile = \"token\"\n");
            if !text.contains(&entry) {
                text.push_str(&entry);
            }
        }
        text
    }
}

impl Stage {
    /// Lines in which the daemon said that this gate closed.
    fn alerts(&self, gate: &str) -> Vec<String> {
        let start = format!("{gate} is closed until ");
        self.daemon.log().into_iter().filter(|line| line.contains("ERROR") && line.contains(&start)).collect()
    }

    /// Waits until the daemon has said so; gives the line.
    fn alert(&self, gate: &str) -> String {
        let start = format!("{gate} is closed until ");
        self.daemon.wait_line(&start, LONG, |line| line.contains(&start)).unwrap()
    }

    /// Waits until the source was skipped for this reason, and says why it would not run.
    fn skipped(&self, handle: &str, reason: &str) {
        self.until(&format!("{handle} to be skipped: {reason}"), |stage| {
            stage.lines(handle).iter().any(|line| line.contains("skipped ") && line.contains(reason))
        });
    }

    /// One run that went well after its start was refused: the refused intent is void, and nothing was paid for it.
    fn went_well_in_the_end(&self, handle: &str) {
        let runs = self.ended(handle, 1);
        assert_eq!((runs.len(), word(&runs[0], "ending")), (1, "ok".to_owned()), "{handle}: {runs:?}");
        assert_eq!((self.items(handle).len(), self.paid_for(handle, 1) > 0), (20, true), "{handle}");
        assert_eq!(self.state(handle), (0, "active".to_owned()), "{handle}");
        let stages: Vec<String> = self.actor_runs(handle).iter().map(|run| word(run, "stage")).collect();
        assert_eq!(stages, ["void", "booked"], "{handle}");
    }

    /// A source that is as if nothing had been tried: its counts, its money, the platform's books.
    fn untouched(&self, handle: &str) {
        assert_eq!(self.state(handle), (0, "active".to_owned()), "{handle}");
        assert_eq!(self.money(handle), (0, 0), "{handle}: neither reserved nor spent");
        assert_eq!(self.billed(handle).len(), 0, "{handle}");
        assert_eq!(
            self.world.runs(&self.id(handle)).unwrap().iter().filter(|run| run["stage"] == "ended").count(),
            0,
            "{handle}"
        );
    }
}

/// 18: the platform does not take the input. No second try, the source paused with what was said, nothing billed.
#[test]
fn scenario_18_an_input_that_is_not_valid() {
    let stage = Stage::new();
    stage.add(&[part("ig", "18", "bad.input"), part("x", "18", "bad_input_x"), part("ig", "1", "good.input")]);
    for handle in ["bad.input", "bad_input_x"] {
        let runs = stage.ended(handle, 1);
        assert_eq!((runs.len(), word(&runs[0], "ending")), (1, "failed".to_owned()), "{runs:?}");
        assert_eq!(runs[0]["failure"][0], "config", "{runs:?}");
        let source = stage.source(handle);
        let state = &source["state"];
        assert_eq!(
            (word(state, "state"), word(state, "by")),
            ("paused".to_owned(), "automatic".to_owned()),
            "{source}"
        );
        let reason = word(state, "reason");
        assert!(reason.contains("invalid-input") && reason.contains("Field input.username must be array"), "{reason}");
        assert_eq!((source["failure_count"].as_u64(), source["next_run"].is_null()), (Some(1), true), "{source}");
        assert_eq!(stage.starts(handle).len(), 1, "{handle}: it is not tried again");
        assert_eq!((stage.spent(handle), stage.billed(handle).len()), (0, 0), "{handle}");
        let stages: Vec<String> = stage.actor_runs(handle).iter().map(|run| word(run, "stage")).collect();
        assert_eq!(stages, ["void"], "{handle}");
        assert!(stage.logged(handle, &format!("paused {handle}: ")), "{:#?}", stage.lines(handle));
    }
    let refused = stage.world.books().refused;
    assert!(refused.len() == 2 && refused.iter().all(|refusal| refusal.kind == "invalid-input"), "{refused:?}");
    stage.went_well("good.input", 20);
}

/// 19: four refusals that look alike. An account that is busy is tried again after a minute; one without money is asked for
/// nothing what it may do, and nothing is started until it has some. No source is to blame.
#[test]
fn scenario_19_four_refusals_of_an_account() {
    const VARIANTS: [(&str, &str, &str, &str); 4] = [
        ("memory", "19-memory", "capacity", "actor-memory-limit-exceeded"),
        ("concurrent", "19-concurrent", "capacity", "concurrent-runs-limit-exceeded"),
        ("usage", "19-usage", "quota", "not-enough-usage-to-run-paid-actor"),
        ("limit", "19-hard-limit", "quota", "Monthly usage hard limit exceeded"),
    ];
    let profiles = VARIANTS.map(|(name, ..)| (name, INSTAGRAM, name));
    let stage = Stage::with(roomy(), accounts(&profiles));
    for (name, scenario, ..) in VARIANTS {
        // Busy once: the next try finds room.
        let times = if name == "memory" || name == "concurrent" { r#""times":1,"# } else { "" };
        let rules = format!(r#"[{{"scenario":"{scenario}",{times}"when":{{"handle":"HANDLE"}}}}]"#);
        stage.add(&[scripted(name, &rules, handle_of(name, true))]);
    }
    stage.add(&[part("ig", "1", "other.account")]);
    for (name, _, class, told) in VARIANTS {
        let gate = format!("credential {name}");
        let line = stage.alert(&gate);
        assert!(line.contains(&format!("class=\"{class}\"")) && line.contains(told), "{line}");
        assert_eq!(stage.alerts(&gate).len(), 1, "one alert");
        let handle = handle_of(name, true);
        stage.untouched(handle);
        assert_eq!(stage.starts(handle).len(), 1, "{handle}");
    }
    // Others behind the same gates are not even asked for; those behind another are.
    for (name, _, class, _) in VARIANTS {
        stage.add(&[part(name, "1", handle_of(name, false))]);
        if class == "quota" {
            stage.skipped(handle_of(name, false), "credential");
            stage.untouched(handle_of(name, false));
        }
    }
    stage.went_well("other.account", 20);
    // A busy account opens by itself, and what waited runs, once.
    for name in ["memory", "concurrent"] {
        stage.went_well_in_the_end(handle_of(name, true));
        stage.went_well(handle_of(name, false), 20);
        assert_eq!(stage.starts(handle_of(name, true)).len(), 2, "{name}");
    }
    // An operator looks: the account still has no money, so nothing is started.
    let poor = Account {
        monthly_micro_usd: Some(MicroUsd(1)),
        spent_micro_usd: MicroUsd(1),
        ..stage.world.emulator.account()
    };
    let rich = stage.world.emulator.account();
    stage.world.emulator.set_account(poor);
    let asked = stage.world.books().requests_of("limits");
    reload(&stage.daemon).unwrap();
    stage.until("both accounts to be asked", |stage| stage.world.books().requests_of("limits") >= asked + 2);
    for name in ["usage", "limit"] {
        stage.untouched(handle_of(name, true));
        assert_eq!(stage.starts(handle_of(name, true)).len(), 1, "{name}: asked for nothing");
    }
    // It has money again.
    stage.world.emulator.clear_script();
    stage.world.emulator.set_account(rich);
    reload(&stage.daemon).unwrap();
    for name in ["usage", "limit"] {
        stage.went_well_in_the_end(handle_of(name, true));
        stage.went_well(handle_of(name, false), 20);
    }
    stage.world.settled(LONG).unwrap();
    assert_eq!(stage.world.spent().unwrap(), stage.world.books().charged.0);
}

/// The first source of a variant, or one that comes when the gate is closed already.
fn handle_of(variant: &str, first: bool) -> &'static str {
    match (variant, first) {
        ("memory", true) => "short.of.memory",
        ("memory", false) => "memory.later",
        ("concurrent", true) => "one.too.many",
        ("concurrent", false) => "many.later",
        ("usage", true) => "out.of.usage",
        ("usage", false) => "usage.later",
        (_, true) => "over.the.limit",
        (_, false) => "limit.later",
    }
}

/// 20: the token is revoked while a run is polled, and once more while one is read. All that needs it stops, with one alert
/// each time; with a new token in the file the same runs are read, and none is started again.
#[test]
fn scenario_20_a_token_is_revoked() {
    let stage = Stage::new();
    let slow = r#"{"when":{"endpoint":"start","handle":"HANDLE"},"effect":{"run":{"duration_ms":6000}}}"#;
    stage.add(&[scripted("ig", slow, "polled.then"), scripted("x", slow, "polled_then_x")]);
    stage.until("both runs to be started", |stage| {
        ["polled.then", "polled_then_x"].iter().all(|handle| stage.logged(handle, ": at most "))
    });
    let emulator = &stage.world.emulator;
    emulator.set_token(CANARY, false);
    let line = stage.alert("credential apify");
    assert!(line.contains("class=\"credential\""), "{line}");
    stage.add(&[part("ig", "1", "comes.later")]);
    stage.skipped("comes.later", "credential");
    let quiet = emulator.log().len();
    stage.until("the runs to end", |stage| stage.world.books().runs.iter().all(|run| run.status == Status::Succeeded));
    stage.untouched("comes.later");
    assert_eq!(emulator.log().len(), quiet, "nobody is asked with a token that is refused");
    exchange(&stage, SECOND);
    for handle in ["polled.then", "polled_then_x", "comes.later"] {
        stage.went_well(handle, 20);
        assert_eq!(stage.starts(handle).len(), 1, "{handle}");
    }
    assert_eq!(stage.alerts("credential apify").len(), 1);

    // The second time while a dataset is read.
    let revoked = r#"[{"scenario":"20-items","when":{"handle":"HANDLE"}}]"#;
    stage.add(&[scripted("ig", revoked, "read.then")]);
    stage.until("the second alert", |stage| stage.alerts("credential apify").len() == 2);
    assert_eq!(stage.state("read.then"), (0, "active".to_owned()));
    assert_eq!(stage.items("read.then").len(), 0);
    exchange(&stage, THIRD);
    stage.went_well("read.then", 20);
    assert_eq!(stage.starts("read.then").len(), 1);
    assert_eq!(stage.world.books().tokens_in_urls, 0);
    stage.world.settled(LONG).unwrap();
    assert_eq!(stage.world.spent().unwrap(), stage.world.books().charged.0);
    assert_eq!(stage.world.leaks(&[("log", &stage.daemon.log().join("\n"))]).unwrap(), Vec::<String>::new());
}

/// A new token where the daemon finds it, and a daemon that is told to look.
fn exchange(stage: &Stage, token: &str) {
    assert!(Path::new(stage.world.place.dir()).join("token").is_file());
    stage.world.emulator.set_token(token, true);
    stage.world.token(token).unwrap();
    reload(&stage.daemon).unwrap();
}

/// 21: an actor is gone. It is asked for once; other actors of the account go on, sources keep their counts.
#[test]
fn scenario_21_an_actor_is_gone() {
    let profiles = [("gone", INSTAGRAM, "gone"), ("there", X, "gone")];
    let stage = Stage::with(roomy(), accounts(&profiles));
    stage.add(&[part("gone", "21", "actor.gone")]);
    let gate = "actor apify/instagram-post-scraper of credential gone";
    let line = stage.alert(gate);
    assert!(line.contains("class=\"actor\"") && line.contains("Actor was not found"), "{line}");
    stage.add(&[
        part("gone", "21", "actor.gone.too"),
        part("there", "1", "actor_there"),
        part("ig", "1", "other.account"),
    ]);
    stage.skipped("actor.gone.too", "actor");
    stage.went_well("actor_there", 20);
    stage.went_well("other.account", 20);
    for handle in ["actor.gone", "actor.gone.too"] {
        stage.untouched(handle);
    }
    assert_eq!((stage.starts("actor.gone").len(), stage.starts("actor.gone.too").len()), (1, 0));
    assert_eq!((stage.alerts(gate).len(), stage.world.books().refused.len()), (1, 1));
}

/// 22: the platform's clock is ten minutes ahead, or behind. A start whose answer was lost is found all the same, and an item
/// from next year does not become the mark from which the next run reads.
#[test]
fn scenario_22_clocks_that_disagree() {
    let stages = [600_000, -600_000].map(|skew_ms| {
        let options = roomy();
        let account = Account { skew_ms, ..options.account.clone() };
        let stage = Stage::with(Options { account, ..options }, |_| String::new());
        stage.add(&[
            part("ig", "2-unanswered", "lost.start"),
            part("x", "2-unanswered", "lost_start_x"),
            part("ig", "22-items", "from.the.future"),
            part("x", "22-items", "from_the_future"),
        ]);
        stage
    });
    for stage in &stages {
        for handle in ["lost.start", "lost_start_x"] {
            stage.went_well(handle, 20);
            assert_eq!(stage.starts(handle).len(), 1, "{handle}");
            assert!(stage.logged(handle, "found the lost start of"), "{:#?}", stage.lines(handle));
        }
        for handle in ["from.the.future", "from_the_future"] {
            stage.went_well(handle, 6);
            let source = stage.source(handle);
            let (newest, fetched) =
                (word(&source["watermark"], "newest_published_at"), word(&source, "last_fetched_at"));
            // A clock that is ahead publishes ahead: as much is taken, and no more.
            let year = |time: &str| time[..4].parse::<u32>().unwrap();
            assert_eq!(year(&newest), year(&fetched), "{source}");
        }
    }
}
