//! A line to the server that goes dead without either side being told: half-open connections.
//!
//! Owns: a go-between whose lines can be silenced, those that are open; new ones are fine, as behind a router that has
//! restarted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_cluster::{Cluster, Durability};
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::measure::Stopwatch;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use super::{LONG, Scene, cluster, database, listening, stop};

const FEEDS: usize = 60;
const ITEMS: usize = 20;
/// The promise: a dead line is noticed within it.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);

/// Between daemons and a server.
struct Between {
    port: u16,
    silence: watch::Sender<u64>,
    opened: Arc<AtomicU64>,
    _runtime: tokio::runtime::Runtime,
}

impl Between {
    fn new(cluster: &Cluster) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silence, _) = watch::channel(0);
        let (told, opened) = (silence.clone(), Arc::<AtomicU64>::default());
        let (socket, count) = (cluster.socket_dir().join(".s.PGSQL.5432"), Arc::clone(&opened));
        runtime.spawn(async move {
            let mut lines = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                // A server that is not there closes the line at once.
                if let Ok(far) = UnixStream::connect(&socket).await {
                    lines.spawn(line(near, far, told.subscribe()));
                }
            }
        });
        Self { port, silence, opened, _runtime: runtime }
    }

    /// From now on nothing passes on the lines that are open, in either direction; they stay open.
    fn go_silent(&self) -> u64 {
        self.silence.send_modify(|times| *times += 1);
        self.opened.load(Ordering::SeqCst)
    }
}

async fn line(mut near: TcpStream, mut far: UnixStream, mut silence: watch::Receiver<u64>) {
    silence.mark_unchanged();
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => return,
        changed = silence.changed() => if changed.is_err() { return },
    }
    // Both ends are held for as long as the go-between lives.
    std::future::pending::<()>().await;
}

#[test]
fn a_dead_line_is_noticed_and_work_goes_on_by_others() {
    let Some(cluster) = cluster(Durability::Quick) else { return };
    let database = database(&cluster);
    let scene = Scene::quick(&database.url());
    let feeds = FeedServer::start(Script::load(FEEDS, ITEMS, 7)).unwrap();
    let between = Between::new(&cluster);
    let (_, path) =
        database.url().split_once("localhost/").map(|(user, rest)| (user.to_owned(), rest.to_owned())).unwrap();
    let name = path.split('?').next().unwrap();
    let url = format!("postgres://tidegate@127.0.0.1:{}/{name}", between.port);
    // It is alone: nobody else does its work meanwhile.
    let daemon = scene.start_by(&url, "far");
    listening(&daemon);
    let urls = feeds.urls();
    for some in urls.chunks(FEEDS / 3) {
        scene.witness.add_sources("default", "quick", some).unwrap();
        let before = scene.ended();
        scene.until(&daemon, "work under way", LONG, |_| scene.ended() > before + 5);
        let (watch, lines) = (Stopwatch::start(), between.go_silent());
        let noticed = || between.opened.load(Ordering::SeqCst) > lines;
        scene.until(&daemon, "another line", NOTICED_WITHIN, |_| noticed());
        eprintln!("another line was opened {:.1} s after the old ones went dead", watch.elapsed().as_secs_f64());
        let since = scene.witness.now().unwrap();
        let ended = format!("SELECT count(*) FROM witness.claim WHERE at > {since} AND left_by = app");
        scene.until(&daemon, "new work", LONG, |witness| witness.number(&ended).unwrap() > 5);
        eprintln!("new runs have ended {:.1} s after it", watch.elapsed().as_secs_f64());
    }
    scene.until_whole(&[&daemon]);
    let log = stop(daemon);
    assert!(log.iter().any(|line| line.contains("did not answer within")), "{}", log.join("\n"));
    scene.reckon(&urls, ITEMS);
}
