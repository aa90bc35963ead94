//! Many daemons on one PostgreSQL database, and a database that fails them: the real binary, a server of the test's own, and a
//! witness inside the database that sees every claim and every change.
//!
//! Owns: what the tests of this folder share: daemons by name on one directory. Without PostgreSQL on this machine the tests say
//! that they were skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]
#![allow(clippy::print_stderr, reason = "seeds, figures and tallies belong into the test's output")]

mod crowd;
mod kills;
mod lines;
mod restarts;
mod transactions;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tidegate_cluster::{Cluster, Database, Durability};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::place::{Place, QUICK_PROFILE, list, word};
use tidegate_tests::witness::Witness;

/// Longer than anything here takes on a busy machine; a wait ends when what it waits for is there.
pub(crate) const LONG: Duration = Duration::from_secs(180);

/// Room in the budget for whatever a test does.
pub(crate) const PLENTY: u64 = 1_000_000;

/// A server of its own, if there is PostgreSQL here.
pub(crate) fn cluster(durability: Durability) -> Option<Cluster> {
    tidegate_cluster::own(durability)
}

/// An empty database of it.
pub(crate) fn database(cluster: &Cluster) -> Database<'_> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(cluster.database(None)).unwrap()
}

/// A database with its schema, a witness, and a directory for any number of daemons.
pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) witness: Witness,
    url: String,
}

impl Scene {
    /// `profile` is called `quick`; `more` is what stands in `tidegate.toml` besides.
    pub(crate) fn new(url: &str, profile: &str, runs_per_day: u64, more: &str) -> Self {
        let place = Place::with_profile("quick", profile).unwrap();
        let config = format!(
            "[budget]\nruns_per_day = {runs_per_day}\n[store]\nurl = \"{url}\"\n[http]\nlisten = \"127.0.0.1:0\"\n{more}"
        );
        place.put("tidegate.toml", config).unwrap();
        place.json(&["migrate"]).unwrap();
        let witness = Witness::install(url, runs_per_day).unwrap();
        Self { place, witness, url: url.to_owned() }
    }

    /// With [`QUICK_PROFILE`] and no limit.
    pub(crate) fn quick(url: &str) -> Self {
        Self::new(url, QUICK_PROFILE, PLENTY, "")
    }

    /// Starts a daemon that the server knows by this name.
    pub(crate) fn start(&self, name: &str) -> Daemon {
        self.start_by(&self.url, name)
    }

    /// The same by another way to the same database.
    pub(crate) fn start_by(&self, url: &str, name: &str) -> Daemon {
        let sign = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{sign}application_name={name}");
        Daemon::start(self.place.dir(), &["--database", &url, "serve"]).unwrap()
    }

    /// A daemon that serves, and where it listens.
    pub(crate) fn serve(&self, name: &str) -> (Daemon, String) {
        let daemon = self.start(name);
        let address = listening(&daemon);
        (daemon, address)
    }

    /// Waits until something holds of the database.
    pub(crate) fn until(&self, daemon: &Daemon, what: &str, most: Duration, holds: impl Fn(&Witness) -> bool) {
        self.until_all(&[daemon], what, most, holds);
    }

    /// The same, with the logs of these daemons if it does not come to be.
    pub(crate) fn until_all(&self, daemons: &[&Daemon], what: &str, most: Duration, holds: impl Fn(&Witness) -> bool) {
        let mut left = u32::try_from(most.as_millis() / 200).unwrap().max(1);
        while !holds(&self.witness) {
            left -= 1;
            let tail =
                |daemon: &&Daemon| daemon.log().iter().rev().take(8).rev().cloned().collect::<Vec<_>>().join("\n");
            let logs = || daemons.iter().map(tail).collect::<Vec<_>>().join("\n--\n");
            assert!(left > 0, "waited {} s for {what}: {:?}\n{}", most.as_secs(), self.witness.runs(), logs());
            pause(daemons, Duration::from_millis(200));
        }
    }

    /// Waits until every source has had a run that went well.
    pub(crate) fn until_whole(&self, daemons: &[&Daemon]) {
        self.until_all(daemons, "a whole run of every source", LONG, |witness| {
            let waiting = "SELECT count(*) FROM source s WHERE NOT EXISTS
                (SELECT FROM run r WHERE r.source = s.id AND r.ending IN ('ok', 'no-new'))";
            witness.number(waiting).unwrap() == 0
        });
    }

    /// How many runs have ended.
    pub(crate) fn ended(&self) -> i64 {
        self.witness.number("SELECT count(*) FROM run WHERE stage = 'ended'").unwrap()
    }

    /// What the database holds against what was published: each item of each feed once, one first run for each source, no run
    /// left behind, nothing that the witness took offence at, and all that `doctor` checks.
    pub(crate) fn reckon(&self, urls: &[String], items: usize) {
        assert_eq!(self.witness.wrong().unwrap(), Vec::<String>::new());
        let sources = self.place.sources().unwrap();
        assert_eq!(sources.len(), urls.len());
        let sql = "SELECT s.identifier, (SELECT count(*) FROM item i WHERE i.source = s.id),
            (SELECT count(*) FROM run r WHERE r.source = s.id AND r.trigger = 'bootstrap') FROM source s";
        let wrong: Vec<(String, i64, i64)> = self
            .witness
            .rows(sql, |row| {
                use sqlx::Row as _;
                Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
            })
            .unwrap();
        let wrong: Vec<_> =
            wrong.into_iter().filter(|found| (usize::try_from(found.1), found.2) != (Ok(items), 1)).collect();
        assert!(wrong.is_empty(), "each has {items} items and one first run, but: {wrong:?}");
        // By the commands too, as a user sees it.
        for url in urls.iter().take(3) {
            let found = self.place.items(url).unwrap();
            let ids: BTreeSet<String> = found.iter().map(|item| word(item, "external_id")).collect();
            assert_eq!((ids.len(), found.len()), (items, items), "{url}: nothing lost, nothing doubled");
        }
        let doctor = self.place.json(&["doctor"]).unwrap();
        let whole = |finding: &Value| word(finding, "detail").ends_with("is whole");
        assert!(doctor["ok"] == true && list(&doctor, "findings").iter().any(whole), "{doctor}");
        let runs = self.witness.runs().unwrap();
        assert_eq!((runs.running, runs.reserved, runs.reservations), (0, 0, 0), "{runs:?}");
        assert!(runs.spent == runs.attempts && runs.claims >= runs.attempts, "{runs:?}");
    }
}

/// Waits for the daemon's first lines; gives where it listens.
pub(crate) fn listening(daemon: &Daemon) -> String {
    daemon.wait_line("its first line", LONG, |line| line.contains("tidegate serves postgres://")).unwrap();
    let line = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
    line.split("http://").nth(1).unwrap().split(": ").next().unwrap().to_owned()
}

/// Lets daemons work for a while.
pub(crate) fn pause(daemons: &[&Daemon], time: Duration) {
    match daemons.first() {
        Some(daemon) => {
            let missed = daemon.wait_line("nothing: the moment is what counts", time, |_| false);
            assert!(missed.is_err());
        }
        None => tidegate_tests::measure::pause(time),
    }
}

/// Stops a daemon as an operator does.
pub(crate) fn stop(daemon: Daemon) -> Vec<String> {
    daemon.interrupt().unwrap();
    let (status, log) = daemon.wait(LONG).unwrap();
    assert!(status.success(), "{status}\n{}", log.join("\n"));
    log
}
