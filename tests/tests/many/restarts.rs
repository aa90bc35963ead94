//! A server that crashes, and one that stands still, in the middle of everything: the daemons go on by themselves when it is
//! back, and nothing is lost or doubled.
//!
//! Owns: what happens to the server, and when. The reckoning is the folder's.

use std::time::Duration;

use tidegate_cluster::{Cluster, Durability};
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::hook::get;

use super::{LONG, Scene, cluster, database, stop};

const FEEDS: usize = 120;
const ITEMS: usize = 20;
const CRASHES: usize = 4;
/// The promise: a server that does not answer is noticed within it.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);

/// Three daemons that have work at any moment.
struct Busy {
    scene: Scene,
    feeds: FeedServer,
    daemons: Vec<(Daemon, String)>,
}

impl Busy {
    fn new(url: &str) -> Self {
        let scene = Scene::quick(url);
        let feeds = FeedServer::start(Script::load(FEEDS, ITEMS, 7)).unwrap();
        feeds.set_pause(Duration::from_millis(40));
        let daemons = ["d0", "d1", "d2"].map(|name| scene.serve(name)).into();
        let busy = Self { scene, feeds, daemons };
        // Half of them now, the others later: first runs are under way whenever the server goes.
        busy.add(0, FEEDS / 2);
        busy.work("work under way");
        busy
    }

    fn add(&self, from: usize, to: usize) {
        self.scene.witness.add_sources("default", "quick", &self.feeds.urls()[from..to]).unwrap();
    }

    fn all(&self) -> Vec<&Daemon> {
        self.daemons.iter().map(|(daemon, _)| daemon).collect()
    }

    /// Waits until each of the daemons has claimed and ended something from now on.
    fn work(&self, what: &str) {
        let since = self.scene.witness.now().unwrap();
        let sql = format!(
            "SELECT count(DISTINCT app) FROM witness.claim WHERE at > {since} AND left_at IS NOT NULL AND left_by = app"
        );
        self.scene.until_all(&self.all(), what, LONG, |witness| {
            usize::try_from(witness.number(&sql).unwrap()) == Ok(self.daemons.len())
        });
    }

    /// Waits until each daemon says of itself that it is ready, or not.
    fn says(&self, status: u16, what: &str, most: Duration) {
        for (daemon, address) in &self.daemons {
            let mut left = most.as_millis() / 100;
            loop {
                let (said, body) = get(address, "/readyz").unwrap();
                if said == status {
                    break;
                }
                left -= 1;
                assert!(left > 0, "{what}: /readyz of {address} says {said} {body}");
                super::pause(&[daemon], Duration::from_millis(100));
            }
        }
    }

    /// Lets every source have a whole run, then stops all and reckons.
    fn end(self) {
        self.scene.until_whole(&self.all());
        let log: Vec<String> = self.daemons.into_iter().flat_map(|(daemon, _)| stop(daemon)).collect();
        self.scene.reckon(&self.feeds.urls(), ITEMS);
        let told = |text: &str| log.iter().filter(|line| line.contains(text)).count();
        eprintln!(
            "{:?}: {} passes failed, {} batches of commits were done again, {} runs were taken up again",
            self.scene.witness.runs().unwrap(),
            told("failed and will be repeated"),
            told("commits are done again"),
            told("run died with its daemon and is queued again"),
        );
    }
}

/// A server that stands still until this is dropped, whatever happens meanwhile: one that stood still could not be stopped.
struct Still(String);

impl Still {
    fn new(cluster: &Cluster) -> Self {
        let file = std::fs::read_to_string(cluster.socket_dir().join("data/postmaster.pid")).unwrap();
        let still = Self(file.lines().next().unwrap().to_owned());
        // The first one makes no more of the others then; those end when they like.
        signal("-STOP", &[&still.0]);
        still.others("-STOP");
        still
    }

    fn others(&self, name: &str) {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.0)).unwrap_or_default();
        signal(name, &children.split_whitespace().collect::<Vec<_>>());
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.others("-CONT");
        signal("-CONT", &[&self.0]);
    }
}

/// To those of them that are still there.
fn signal(name: &str, processes: &[&str]) {
    std::process::Command::new("kill").arg(name).args(processes).stderr(std::process::Stdio::null()).status().unwrap();
}

#[test]
fn a_server_that_crashes_again_and_again_is_worked_with_again_each_time() {
    let Some(cluster) = cluster(Durability::Full) else { return };
    let database = database(&cluster);
    let busy = Busy::new(&database.url());
    for crash in 1..=CRASHES {
        cluster.down("immediate").unwrap();
        if crash == 1 {
            // Somebody who looks is told.
            busy.says(503, "without a server", NOTICED_WITHIN);
        }
        cluster.up().unwrap();
        let step = FEEDS / 2 / CRASHES;
        busy.add(FEEDS / 2 + (crash - 1) * step, FEEDS / 2 + crash * step);
        busy.work("work after the crash");
    }
    busy.says(200, "with a server", LONG);
    busy.end();
}

#[test]
fn a_server_that_stands_still_is_noticed_and_waited_for() {
    let Some(cluster) = cluster(Durability::Full) else { return };
    let database = database(&cluster);
    let busy = Busy::new(&database.url());
    let still = Still::new(&cluster);
    busy.says(503, "with a server that stands still", NOTICED_WITHIN);
    for (daemon, _) in &busy.daemons {
        daemon.wait_line("what it noticed", NOTICED_WITHIN, |line| line.contains("did not answer within")).unwrap();
    }
    drop(still);
    busy.add(FEEDS / 2, FEEDS);
    busy.work("work after the standstill");
    busy.says(200, "with a server that goes on", LONG);
    busy.end();
}
