//! A crowd of daemons that all want everything that is due, with a budget for a part of it. One is killed every second and
//! started again; then some are stopped for longer than a lease and woken.
//!
//! Owns: the crowd, and the reckoning. `TIDEGATE_CROWD=full` is the size that is promised: 16 daemons, 20,000 sources, 1,000
//! runs, a minute of kills. Without it the same happens in small.

use std::time::Duration;

use tidegate_cluster::{Cluster, Durability};
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::dice::Dice;
use tidegate_tests::measure::{Stopwatch, Usage, usage};
use tidegate_tests::place::{left_out, setting};

use super::{LONG, Scene, cluster, database, listening, pause};

/// How many of everything.
#[derive(Debug, Clone, Copy)]
struct Size {
    daemons: usize,
    sources: usize,
    /// Runs a day.
    budget: u64,
    /// One every second.
    kills: usize,
    /// Stopped at the same time.
    sleepers: usize,
    /// How long a page takes to come.
    page: Duration,
}

const SMALL: Size =
    Size { daemons: 4, sources: 2_000, budget: 100, kills: 8, sleepers: 1, page: Duration::from_secs(2) };
const FULL: Size =
    Size { daemons: 16, sources: 20_000, budget: 1_000, kills: 60, sleepers: 3, page: Duration::from_secs(5) };

/// The promise: what died with its daemon is taken up within it.
const TAKEN_UP_WITHIN: i64 = 30_000;
/// Runs at once in one daemon: so few that the budget lasts for all the kills.
const AT_ONCE: usize = 4;
const ITEMS: usize = 2;

/// Due once in the time of the test; a page is waited for.
const PROFILE: &str = r#"
plugin = "rss"
kind = "feed"
schedule = { every = "1h" }
caps = { max_items = 100, bootstrap_max_items = 100, deadline = "2m" }
net = { allow_private = ["127.0.0.1"] }
"#;

/// The daemons, and what became of those before them.
struct Crowd<'s> {
    scene: &'s Scene,
    members: Vec<Member>,
    logs: Vec<String>,
    /// Names and moments of those that were killed.
    dead: Vec<(String, i64)>,
}

struct Member {
    name: String,
    life: u32,
    daemon: Daemon,
}

impl Member {
    /// What the server knows this life by.
    fn app(&self) -> String {
        format!("{}.{}", self.name, self.life)
    }
}

impl<'s> Crowd<'s> {
    fn start(scene: &'s Scene, size: Size) -> Self {
        let member = |number: usize| {
            let name = format!("d{number:02}");
            let daemon = scene.start(&format!("{name}.0"));
            Member { name, life: 0, daemon }
        };
        let members: Vec<Member> = (0..size.daemons).map(member).collect();
        members.iter().for_each(|member| drop(listening(&member.daemon)));
        Self { scene, members, logs: Vec::new(), dead: Vec::new() }
    }

    fn daemons(&self) -> Vec<&Daemon> {
        self.members.iter().map(|member| &member.daemon).collect()
    }

    /// `kill -9`, and another life at once.
    fn kill(&mut self, which: usize) {
        let member = self.members.swap_remove(which);
        let app = member.app();
        self.logs.extend(member.daemon.kill9().unwrap());
        self.dead.push((app, self.scene.witness.now().unwrap()));
        let (name, life) = (member.name, member.life + 1);
        let daemon = self.scene.start(&format!("{name}.{life}"));
        self.members.push(Member { name, life, daemon });
    }

    /// Stops daemons that have runs under way for longer than a lease, and wakes them. Gives how many runs they had.
    fn sleep(&self, count: usize) -> usize {
        let (mut asleep, mut held) = (Vec::new(), 0);
        for member in &self.members {
            if asleep.len() == count {
                break;
            }
            member.daemon.freeze().unwrap();
            // What it was about to commit has been committed by now, or waits until it is woken.
            pause(&[&member.daemon], Duration::from_millis(300));
            match self.scene.witness.held_by(&member.app()).unwrap().len() {
                0 => member.daemon.thaw().unwrap(),
                runs => {
                    held += runs;
                    asleep.push(member);
                }
            }
        }
        assert!(
            !asleep.is_empty(),
            "nobody has a run under way: the budget did not last, {:?}",
            self.scene.witness.runs()
        );
        let gone = |member: &&Member| self.scene.witness.held_by(&member.app()).unwrap().is_empty();
        self.scene.until_all(&self.daemons(), "the sleepers' leases to pass", Duration::from_secs(60), |_| {
            asleep.iter().all(gone)
        });
        for member in &asleep {
            member.daemon.thaw().unwrap();
            let stale = |line: &str| line.contains("belongs to somebody else now; its result is dropped");
            member.daemon.wait_line("a result that comes too late", LONG, stale).unwrap();
        }
        held
    }

    /// What their processes have used.
    fn usage(&self) -> Vec<Usage> {
        self.members.iter().map(|member| usage(member.daemon.pid()).unwrap()).collect()
    }

    /// Stops all; gives all that was logged.
    fn end(self) -> Vec<String> {
        let mut logs = self.logs;
        self.members.iter().for_each(|member| member.daemon.interrupt().unwrap());
        for member in self.members {
            let (status, log) = member.daemon.wait(LONG).unwrap();
            assert!(status.success(), "{status}\n{}", log.join("\n"));
            logs.extend(log);
        }
        logs
    }
}

#[test]
fn a_crowd_shares_a_budget_to_the_last_run_whoever_dies_or_sleeps() {
    let size = if setting("TIDEGATE_CROWD").as_deref() == Some("full") { FULL } else { SMALL };
    let Some(cluster) = cluster(Durability::Quick) else { return };
    let database = database(&cluster);
    let more = format!(
        "[scheduler]\nruns_at_once = {AT_ONCE}\n[net]\nhost_concurrency = 64\n
        [log]\nlevel = \"warn,tidegate::cli=info\"\n"
    );
    let scene = Scene::new(&database.url(), PROFILE, size.budget, &more);
    let hosts = hosts(size);
    let urls: Vec<String> = hosts.iter().flat_map(FeedServer::urls).collect();
    let watch = Stopwatch::start();
    scene.witness.add_sources("default", "quick", &urls).unwrap();
    eprintln!("{size:?}; the sources were made in {:.1} s", watch.elapsed().as_secs_f64());
    let mut dice = Dice::of_setting();
    let (watch, before) = (Stopwatch::start(), server_cpu(&cluster));

    let mut crowd = Crowd::start(&scene, size);
    eprintln!("{:6.1} s: all serve", watch.elapsed().as_secs_f64());
    let kills = Stopwatch::start();
    for kill in 1..=size.kills {
        let left = Duration::from_secs(kill as u64).saturating_sub(kills.elapsed());
        pause(&crowd.daemons(), left);
        crowd.kill(usize::try_from(dice.below(size.daemons as u64)).unwrap());
    }
    eprintln!(
        "{:6.1} s: {} were killed; {:?}",
        watch.elapsed().as_secs_f64(),
        size.kills,
        scene.witness.runs().unwrap()
    );
    let held = crowd.sleep(size.sleepers);
    eprintln!("{:6.1} s: sleepers woke, {held} runs were taken from them", watch.elapsed().as_secs_f64());
    hosts.iter().for_each(|host| host.set_pause(Duration::ZERO));
    scene.until_all(&crowd.daemons(), "the end of the budget", LONG, |witness| {
        let runs = witness.runs().unwrap();
        runs.windows > 1 || (runs.reserved, runs.running, runs.due) == (0, 0, 0)
    });
    let (took, cpu) = (watch.elapsed(), server_cpu(&cluster).saturating_sub(before));
    figures(&crowd, took, cpu);
    let dead = crowd.dead.clone();
    let log = crowd.end();
    reckon(&scene, size, &dead, &log, hosts.iter().map(|host| host.books().total().requests).sum());
}

/// As many hosts as daemons, so that turns at a host are not what anybody waits for: those of the dead are free only after a
/// while.
fn hosts(size: Size) -> Vec<FeedServer> {
    let host = |seed: usize| {
        let feeds = Script::load(size.sources / size.daemons, ITEMS, seed as u64);
        let server = FeedServer::start(feeds).unwrap();
        server.set_pause(size.page);
        server
    };
    (0..size.daemons).map(host).collect()
}

/// What the server has used of the processor: itself, its children of now and those that have ended.
fn server_cpu(cluster: &Cluster) -> Duration {
    let pid = std::fs::read_to_string(cluster.socket_dir().join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let ticks = |pid: &str, fields: &[usize]| -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let all: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.iter().filter_map(|at| all.get(*at)?.parse::<u64>().ok()).sum()
    };
    let living: u64 = children.split_whitespace().map(|child| ticks(child, &[11, 12])).sum();
    Duration::from_millis((living + ticks(pid, &[11, 12, 13, 14])) * 10)
}

fn figures(crowd: &Crowd<'_>, took: Duration, server: Duration) {
    let used = crowd.usage();
    let mib = |used: &Usage| used.resident_bytes >> 20;
    let (least, most) = (used.iter().map(mib).min().unwrap_or(0), used.iter().map(mib).max().unwrap_or(0));
    let cpu: f64 = used.iter().map(|used| used.cpu.as_secs_f64()).sum();
    let (took, server) = (took.as_secs_f64(), server.as_secs_f64());
    eprintln!(
        "{took:6.1} s: at rest; a daemon has {least} to {most} MiB; CPU: {cpu:.1} s of those that live, {server:.1} s of the server"
    );
}

/// What must hold at the end.
fn reckon(scene: &Scene, size: Size, dead: &[(String, i64)], log: &[String], requests: u64) {
    assert_eq!(scene.witness.wrong().unwrap(), Vec::<String>::new());
    let runs = scene.witness.runs().unwrap();
    if runs.windows > 1 {
        return left_out("the count of runs", "midnight has passed, and with it the budget of the day");
    }
    assert_eq!((runs.spent, runs.reserved, runs.reservations), (size.budget, 0, 0), "{runs:?}");
    assert_eq!((runs.claims, runs.attempts), (size.budget, size.budget), "begun as often as the ledger says: {runs:?}");
    assert!(requests <= size.budget, "{requests} pages were asked for in {} runs", size.budget);
    let (mut slowest, mut lost) = (0, 0);
    for (app, at) in dead {
        assert_eq!(scene.witness.held_by(app).unwrap(), [], "{app} is dead");
        let (last, count) = scene.witness.taken_up(app, *at).unwrap();
        slowest = slowest.max(last);
        lost += count;
        assert!(last <= TAKEN_UP_WITHIN, "{app} died, and the last of its {count} runs was taken up {last} ms later");
    }
    assert!(lost > 0, "no kill met a run: the moments are badly chosen");
    let stale = log.iter().filter(|line| line.contains("its result is dropped")).count();
    // What ended well is stored whole, and once.
    let sql = format!(
        "SELECT count(*) FROM source s WHERE (SELECT count(*) FROM item i WHERE i.source = s.id) <>
            CASE WHEN EXISTS (SELECT FROM run r WHERE r.source = s.id AND r.ending = 'ok') THEN {ITEMS} ELSE 0 END"
    );
    assert_eq!(scene.witness.number(&sql).unwrap(), 0, "sources whose items are not those of their runs");
    let ok = scene.witness.number("SELECT count(*) FROM run WHERE ending = 'ok'").unwrap();
    let failed = scene.witness.number("SELECT count(*) FROM run WHERE ending = 'failed'").unwrap();
    let doctor = scene.place.json(&["doctor"]).unwrap();
    assert_eq!(doctor["ok"], true, "{doctor}");
    eprintln!(
        "{} runs begun: {ok} went well, {failed} were given up; {lost} died with their daemons, the last was taken up {slowest} ms \
        later; {stale} results came too late and changed nothing; {requests} pages were asked for",
        runs.claims
    );
    let kinds = [
        "pass admit failed",
        "pass work failed",
        "pass heartbeat failed",
        "pass recover failed",
        "commits are done again",
    ];
    for kind in kinds {
        let count = log.iter().filter(|line| line.contains(kind)).count();
        let first = log.iter().find(|line| line.contains(kind)).map_or("", String::as_str);
        eprintln!("{count:6} x {kind}: {first}");
    }
}
