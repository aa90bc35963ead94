//! The stage of several scenarios: one world, one daemon, and a source for each variant, told apart by its handle.
//!
//! Owns: what the scenarios of a file share, and the questions they ask of one source: its runs, its items, its money on both
//! sides, what the daemon logged and what the platform was asked. Must not know: single scenarios. A daemon's start costs a
//! second and 250 MB of compiled code, so the tests of a file share one; the last of them takes it down.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use apify_emulator::{Account, LogEntry, Options, RunBook, Script};
use serde_json::Value;
use tidegate_tests::actors::{CANARY, INSTAGRAM, World, X, quick};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::place::word;

/// Longer than anything here takes on a busy machine; a wait ends when what it waits for is there.
pub(crate) const LONG: Duration = Duration::from_secs(170);

/// A variant of a scenario: whose source, and what happens to it.
pub(crate) struct Part {
    profile: &'static str,
    handle: &'static str,
    rules: String,
}

impl Part {
    pub(crate) const fn handle(&self) -> &'static str {
        self.handle
    }
}

/// A source of a profile to which a numbered scenario happens.
pub(crate) fn part(profile: &'static str, scenario: &str, handle: &'static str) -> Part {
    scripted(profile, &format!(r#"[{{"scenario":"{scenario}","when":{{"handle":"HANDLE"}}}}]"#), handle)
}

/// A source of a profile with rules of its own, as JSON; `HANDLE` stands for its handle.
pub(crate) fn scripted(profile: &'static str, rules: &str, handle: &'static str) -> Part {
    Part { profile, handle, rules: rules.replace("HANDLE", handle) }
}

/// A world with its daemon.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) daemon: Daemon,
    ids: Mutex<BTreeMap<String, String>>,
}

/// A stage that the tests of a file share, for as long as one of them needs it.
pub(crate) struct Shared {
    stage: Mutex<Weak<Stage>>,
    make: fn() -> Stage,
}

impl Shared {
    pub(crate) const fn new(make: fn() -> Stage) -> Self {
        Self { stage: Mutex::new(Weak::new()), make }
    }

    pub(crate) fn get(&self) -> Arc<Stage> {
        let mut held = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        held.upgrade().unwrap_or_else(|| {
            let made = Arc::new((self.make)());
            *held = Arc::downgrade(&made);
            made
        })
    }
}

/// Quick runs, and an account without narrow limits.
pub(crate) fn roomy() -> Options {
    let account = Account { memory_mb: u32::MAX, concurrent_runs: u32::MAX, ..Account::default() };
    Options { account, ..quick() }
}

impl Stage {
    /// A world whose sources run once and then only when they are told to, each with a money window of its own, so that a
    /// source's bill can be compared with its books.
    pub(crate) fn new() -> Self {
        Self::with(roomy(), |_| String::new())
    }

    /// The same with more of `tidegate.toml`.
    pub(crate) fn with(options: Options, more: impl Fn(&World) -> String) -> Self {
        let world = World::new(options).unwrap();
        for (name, profile) in [("ig", INSTAGRAM), ("x", X)] {
            world.place.put(&format!("profiles/{name}.toml"), once(profile)).unwrap();
        }
        let budget = "[budget]\nruns_per_day = 100000\nusd_per_day = 1000\nusd_per_month = 10000\n";
        world.configure(&format!("{}{budget}", more(&world))).unwrap();
        let daemon = world.serve().unwrap();
        // Before that a command would open the database in its place.
        daemon.wait_line("the daemon", LONG, |line| line.contains("tidegate serves")).unwrap();
        Self { world, daemon, ids: Mutex::default() }
    }

    /// Adds sources with what is to happen to them, all of a profile at once.
    pub(crate) fn add(&self, parts: &[Part]) {
        for part in parts {
            self.world.emulator.script(&Script::from_json(&part.rules).unwrap()).unwrap();
        }
        let profiles: BTreeSet<&str> = parts.iter().map(|part| part.profile).collect();
        for profile in profiles {
            let ours = parts.iter().filter(|part| part.profile == profile);
            let handles: Vec<&str> = ours.map(|part| part.handle).collect();
            let ids = self.world.add(profile, &handles).unwrap();
            self.ids.lock().unwrap().extend(ids);
        }
    }

    pub(crate) fn id(&self, handle: &str) -> String {
        self.ids.lock().unwrap()[handle].clone()
    }

    /// The source's row.
    pub(crate) fn source(&self, handle: &str) -> Value {
        self.world.place.source(&self.id(handle)).unwrap()
    }

    /// Failures in a row, and whether it may run.
    pub(crate) fn state(&self, handle: &str) -> (u64, String) {
        let source = self.source(handle);
        (source["failure_count"].as_u64().unwrap(), word(&source["state"], "state"))
    }

    /// Waits for so many ended runs; gives them, newest first.
    pub(crate) fn ended(&self, handle: &str, count: usize) -> Vec<Value> {
        let ended = self.world.ended(&self.id(handle), count, LONG);
        ended.unwrap_or_else(|trouble| panic!("{handle}: {trouble}\n{:#?}", self.lines(handle)))
    }

    /// Makes a source due at once, as an operator would.
    pub(crate) fn again(&self, handle: &str) {
        let id = self.id(handle);
        self.world.place.json(&["source", "pause", &id, "--reason", "to have it run again"]).unwrap();
        self.world.place.json(&["source", "resume", &id]).unwrap();
    }

    /// The platform's books about it.
    pub(crate) fn billed(&self, handle: &str) -> Vec<RunBook> {
        self.world.billed(handle)
    }

    /// Actor runs of all its runs, as the daemon keeps them.
    pub(crate) fn actor_runs(&self, handle: &str) -> Vec<Value> {
        let runs = self.world.runs(&self.id(handle)).unwrap();
        runs.iter().flat_map(|run| self.world.actor_runs(&word(run, "id")).unwrap()).collect()
    }

    /// What is reserved for it and what it has spent, in micro-USD.
    pub(crate) fn money(&self, handle: &str) -> (u64, u64) {
        let ledger = self.world.ledger().unwrap();
        ledger.get(&format!("usd-per-day source {}", self.id(handle))).copied().unwrap_or_default()
    }

    /// Waits until nothing is reserved for it any more; gives what it has spent.
    pub(crate) fn spent(&self, handle: &str) -> u64 {
        let key = format!("usd-per-day source {}", self.id(handle));
        self.world
            .wait(&format!("final costs of {handle}"), LONG, |world| {
                Ok(world.ledger()?.get(&key).is_none_or(|(reserved, _)| *reserved == 0))
            })
            .unwrap();
        self.money(handle).1
    }

    /// Waits for the final cost, which has to be what the platform charged for so many runs, to the micro-dollar; gives it.
    pub(crate) fn paid_for(&self, handle: &str, runs: usize) -> u64 {
        let spent = self.spent(handle);
        let billed = self.billed(handle);
        let charged: u64 = billed.iter().map(|run| run.charged.0).sum();
        assert_eq!((billed.len(), spent), (runs, charged), "{handle}: {billed:#?}");
        spent
    }

    /// Its items, of which none is there twice.
    pub(crate) fn items(&self, handle: &str) -> BTreeSet<String> {
        let items = self.world.place.items(&self.id(handle)).unwrap();
        let ids: BTreeSet<String> = items.iter().map(|item| word(item, "external_id")).collect();
        assert_eq!(ids.len(), items.len(), "{handle}: an item is there twice");
        ids
    }

    /// Lines the daemon has logged about it.
    pub(crate) fn lines(&self, handle: &str) -> Vec<String> {
        let id = self.id(handle);
        self.daemon.log().into_iter().filter(|line| line.contains(&id)).collect()
    }

    /// Whether a line about it says this.
    pub(crate) fn logged(&self, handle: &str, text: &str) -> bool {
        self.lines(handle).iter().any(|line| line.contains(text))
    }

    /// All the daemon has written.
    pub(crate) fn log(&self) -> String {
        self.daemon.log().join("\n")
    }

    /// Has the platform run its first run again, as a person could in its console.
    pub(crate) fn resurrect(&self, handle: &str) {
        let id = self.billed(handle)[0].id.clone();
        let mut stream = TcpStream::connect(self.world.emulator.addr()).unwrap();
        let head = format!("POST /v2/actor-runs/{id}/resurrect HTTP/1.1\r\nHost: emulator\r\nConnection: close\r\n");
        write!(stream, "{head}Authorization: Bearer {CANARY}\r\nContent-Length: 0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// Requests to start something for it, in order: they carry the ids of its intents.
    pub(crate) fn starts(&self, handle: &str) -> Vec<LogEntry> {
        let intents: Vec<String> = self.actor_runs(handle).iter().map(|run| word(run, "id")).collect();
        let ours = |entry: &LogEntry| intents.iter().any(|intent| entry.user_agent.contains(intent.as_str()));
        let log = self.world.emulator.log().into_iter();
        log.filter(|entry| entry.method == "POST" && entry.path.contains("/runs?") && ours(entry)).collect()
    }

    /// Requests about its runs, without those about their datasets.
    pub(crate) fn polls(&self, handle: &str) -> Vec<LogEntry> {
        let paths: Vec<String> = self.billed(handle).iter().map(|run| format!("/v2/actor-runs/{}", run.id)).collect();
        let log = self.world.emulator.log().into_iter();
        log.filter(|entry| entry.method == "GET" && paths.iter().any(|path| entry.path.starts_with(path))).collect()
    }

    /// The plain end of most scenarios: one run that went well, its items, its cost, and a source that is as good as before.
    pub(crate) fn went_well(&self, handle: &str, new: usize) {
        let runs = self.ended(handle, 1);
        let got = (runs.len(), word(&runs[0], "ending"), runs[0]["counts"]["new"].as_u64());
        assert_eq!(got, (1, "ok".to_owned(), Some(new as u64)), "{handle}: {runs:?}\n{:#?}", self.lines(handle));
        assert_eq!(self.items(handle).len(), new, "{handle}");
        self.paid_for(handle, 1);
        assert_eq!(self.state(handle), (0, "active".to_owned()), "{handle}");
        // One that was refused before there was a run is void.
        let stages = self.actor_runs(handle).into_iter().map(|run| word(&run, "stage"));
        assert_eq!(stages.filter(|stage| stage != "void").collect::<Vec<_>>(), ["booked"], "{handle}");
    }

    /// Waits until something holds of what was asked of the platform.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        self.world.wait(what, LONG, |_| Ok(holds(self))).unwrap();
    }
}

/// A profile whose sources run once, and have a money window each.
pub(crate) fn once(profile: &str) -> String {
    let rare = profile.replace("every = \"1m\"", "every = \"6h\"");
    assert_ne!(rare, profile);
    format!("{rare}[budget]\nsource_usd_per_day = 100\n")
}
