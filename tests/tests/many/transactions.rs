//! No session is left idle in a transaction: not by daemons that are stopped hard or killed, not by runs that are cancelled, not
//! by people's commands and by requests whose askers go away.
//!
//! Owns: the disturbances, and the watch over the server's sessions while they happen.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tidegate_cluster::Durability;
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::dice::Dice;
use tidegate_tests::witness::{Idle, Witness};

use super::{LONG, Scene, cluster, database, pause};

const FEEDS: usize = 120;
const ITEMS: usize = 20;
const ROUNDS: u32 = 6;
/// A daemon at work stands between two statements of a transaction for microseconds, on a machine without a free core for
/// longer. The server itself ends such a session after 10 s.
const IDLE_MOST: i64 = 5_000;

/// Looks at the server's sessions until it is stopped.
struct Watcher {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<(usize, Vec<Idle>)>,
}

impl Watcher {
    fn start(url: &str) -> Self {
        let (stop, url) = (Arc::<AtomicBool>::default(), url.to_owned());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let witness = Witness::at(&url).unwrap();
            let (mut looks, mut worst) = (0, Vec::new());
            while !stopped.load(Ordering::SeqCst) {
                looks += 1;
                worst.extend(witness.idle().unwrap().into_iter().filter(|idle| idle.ms > IDLE_MOST));
                pause(&[], Duration::from_millis(100));
            }
            (looks, worst)
        });
        Self { stop, thread }
    }

    fn end(self) -> (usize, Vec<Idle>) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// Asks and goes away before the answer.
fn ask_and_leave(address: &str) {
    for target in ["/readyz", "/metrics"] {
        if let Ok(mut stream) = TcpStream::connect(address) {
            write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").ok();
        }
    }
}

#[test]
fn whatever_is_cancelled_leaves_no_transaction_open() {
    let Some(cluster) = cluster(Durability::Quick) else { return };
    let database = database(&cluster);
    let scene = Scene::quick(&database.url());
    let feeds = FeedServer::start(Script::load(FEEDS, ITEMS, 7)).unwrap();
    feeds.set_pause(Duration::from_millis(300));
    let mut dice = Dice::of_setting();
    let urls = feeds.urls();
    scene.witness.add_sources("default", "quick", &urls).unwrap();
    let watcher = Watcher::start(&database.url());
    for round in 0..ROUNDS {
        let (daemon, address) = scene.serve(&format!("d{round}"));
        let before = scene.ended();
        scene.until(&daemon, "work under way", LONG, |_| {
            ask_and_leave(&address);
            scene.ended() > before + 10
        });
        // A person stops runs that are under way.
        let some = &urls[usize::try_from(dice.below(FEEDS as u64)).unwrap()];
        scene.place.json(&["source", "pause", some]).unwrap();
        scene.place.json(&["source", "resume", some]).unwrap();
        pause(&[&daemon], Duration::from_millis(dice.below(500)));
        match round % 3 {
            // Twice: what is under way is cancelled and goes back into the queue.
            0 => {
                daemon.interrupt().unwrap();
                daemon.wait_line("the first signal", LONG, |line| line.contains("again to stop at once")).unwrap();
                daemon.interrupt().unwrap();
                let (status, log) = daemon.wait(LONG).unwrap();
                assert!(status.success(), "{status}\n{}", log.join("\n"));
            }
            1 => drop(daemon.kill9().unwrap()),
            _ => drop(super::stop(daemon)),
        }
    }
    let (looks, worst) = watcher.end();
    assert!(worst.is_empty(), "stood in a transaction for more than {IDLE_MOST} ms: {worst:?}");
    eprintln!("{looks} looks at the sessions, {:?}", scene.witness.runs().unwrap());
    // Nobody is there any more, and nothing is held: a server notices at once that a process has ended.
    scene.until_all(&[], "the last sessions to end", LONG, |witness| witness.sessions().unwrap() == 0);
    let prepared = scene.witness.number("SELECT count(*) FROM pg_prepared_xacts").unwrap();
    assert_eq!((scene.witness.idle().unwrap().len(), prepared), (0, 0));

    let (daemon, _) = scene.serve("last");
    scene.until_whole(&[&daemon]);
    // What died with the daemons that were killed is taken up too.
    scene.until(&daemon, "what the dead had", LONG, |witness| {
        witness.number("SELECT count(*) FROM witness.claim WHERE left_at IS NULL AND app <> 'last'").unwrap() == 0
    });
    super::stop(daemon);
    scene.reckon(&urls, ITEMS);
}
