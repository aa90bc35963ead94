//! Part *idle*: a daemon with many sources, none of which is due.
//!
//! Owns: the real daemon's process, and what its questions to the store take one by one. Each source has run once. The first
//! start is that after an import: nobody has counted followers yet, which the daemon does beside its work.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tidegate::ports::Clock as _;
use tidegate::system::SystemClock;
use tidegate_core::id::DaemonId;
use tidegate_core::limits;
use tidegate_tests::measure::{Stopwatch, Usage, pause, usage};
use tidegate_tests::{Trouble, binary};

use crate::database::{Database, Fill, odd};
use crate::figures::{Figure, Figures, median, rounded};
use crate::servers::Servers;
use crate::{Arguments, Kind};

/// A day before the first source is due.
const REST: Duration = Duration::from_secs(86_400);
/// Times each question is asked.
const ASKED: usize = 11;
/// Between two looks at a daemon that starts.
const LOOK: Duration = Duration::from_millis(2);
/// How long it may take to be ready, and to count.
const PATIENCE: Duration = Duration::from_secs(300);
/// What is wanted.
const READY_MS: f64 = 1_000.0;

const PROFILE: &str = "plugin = \"rss\"\nkind = \"feed\"\n[schedule]\nevery = \"1h\"\n";

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &Servers,
    kind: Kind,
    figures: &mut Figures,
) -> Result<(), Trouble> {
    let binary = match &arguments.tidegate {
        Some(path) => path.clone(),
        None => binary::build("tidegate", "tidegate")?,
    };
    let mut sizes = vec![0];
    sizes.push(arguments.sources);
    for size in sizes {
        let name = format!("idle_{size}");
        let database = servers.database(kind, &name)?;
        let due = SystemClock.now().plus(REST);
        let fill = Fill { sources: size, due, over: 86_400_000, ran: true, counted: false };
        servers.wait(database.fill(fill))?;
        let dir = servers.folder(&format!("home_{name}_{}", if kind == Kind::Sqlite { "file" } else { "server" }))?;
        let home = Home { binary: binary.clone(), dir, database: database.clone() };
        home.prepare()?;
        starts(arguments, servers, kind, &home, size, figures)?;
        servers.wait(questions(&database, kind, size, figures))?;
        servers.drop(kind, &name)?;
    }
    Ok(())
}

/// The start after an import, then one in the middle of its life.
fn starts(
    arguments: &Arguments,
    servers: &Servers,
    kind: Kind,
    home: &Home,
    size: u64,
    figures: &mut Figures,
) -> Result<(), Trouble> {
    let (first, ready) = home.start()?;
    let watch = Stopwatch::start();
    let mut uncounted = i64::MAX;
    while uncounted > 0 && watch.elapsed() < PATIENCE {
        pause(Duration::from_millis(100));
        let sql = "SELECT count(*) FROM (SELECT 1 FROM source WHERE followers IS NULL LIMIT 1) s";
        [uncounted] = servers.wait(async { home.database.hand().await?.numbers(sql).await })?;
    }
    let counted = watch.elapsed();
    figures.add(
        Figure::new("idle", kind, &format!("first start, {size} sources"))
            .value("ms to ready", rounded(ready.as_secs_f64() * 1e3))
            .value("aim", READY_MS)
            .value("s until followers are counted", rounded(counted.as_secs_f64()))
            .value("s of CPU for that", rounded(first.usage()?.cpu.as_secs_f64()))
            .note(if uncounted > 0 { "given up: it is still counting" } else { "all counted" }),
    );
    first.stop()?;
    let mut readies = Vec::new();
    for _ in 1..arguments.rounds {
        let (again, ready) = home.start()?;
        readies.push(ready.as_secs_f64() * 1e3);
        again.stop()?;
    }
    let (daemon, ready) = home.start()?;
    readies.push(ready.as_secs_f64() * 1e3);
    // What comes with the start has died away.
    pause(Duration::from_secs(10));
    let (before, server) = (daemon.usage()?, servers.server_cpu());
    pause(Duration::from_secs(arguments.window));
    let (after, server) = (daemon.usage()?, servers.server_cpu().saturating_sub(server));
    daemon.stop()?;
    let tick = limits::TICK.min(limits::LEASE / 2).as_secs_f64();
    let ticks = arguments.window as f64 / tick;
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e3;
    figures.add(
        Figure::new("idle", kind, &format!("a start, {size} sources"))
            .value("ms to ready", rounded(median(readies)))
            .value("aim", READY_MS)
            .value("CPU ms a tick", rounded(cpu / ticks))
            .value("server CPU ms a tick", rounded(server.as_secs_f64() * 1e3 / ticks))
            .value("s a tick", tick)
            .value("MiB resident", (after.resident_bytes as f64 / f64::from(1 << 20)).round()),
    );
    Ok(())
}

/// What the passes of a tick ask when nothing is due, and what is asked in between.
async fn questions(database: &Database, kind: Kind, size: u64, figures: &mut Figures) -> Result<(), Trouble> {
    let watch = Stopwatch::start();
    let store = database.open().await?;
    let opened = watch.elapsed().as_secs_f64() * 1e3;
    let me = DaemonId::from_bits(1);
    let now = SystemClock.now();
    let since = now.minus(limits::ACTIVE_WITHIN);
    let mut figure =
        Figure::new("idle", kind, &format!("questions, {size} sources")).value("ms opening", rounded(opened));
    macro_rules! ask {
        ($name:literal, $question:expr) => {{
            let mut times = Vec::with_capacity(ASKED);
            for _ in 0..ASKED {
                let watch = Stopwatch::start();
                $question.await.map(drop).map_err(odd($name))?;
                times.push(watch.elapsed().as_secs_f64() * 1e3);
            }
            figure = figure.value($name, rounded(median(times)));
        }};
    }
    ask!("ms stuck", store.stuck(me, now, limits::PASS_BATCH));
    ask!("ms recount", store.recount(since, limits::RETIER_ROWS));
    ask!("ms alive-at", store.alive_at());
    ask!("ms next-wake", store.next_wake());
    ask!("ms candidates", store.candidates(now, limits::RUNS_AT_ONCE));
    ask!("ms expire", store.expire(now, limits::EXPIRE_ROWS));
    ask!("ms next-due", store.next_due());
    ask!("ms waiting", store.waiting(limits::PASS_BATCH));
    ask!("ms unsettled", store.unsettled(now, limits::PASS_BATCH));
    ask!("ms pulse", store.pulse(now));
    store.close().await;
    figures.add(figure);
    Ok(())
}

/// A daemon's directory.
struct Home {
    binary: PathBuf,
    dir: PathBuf,
    database: Database,
}

/// A daemon. Ends when dropped.
struct Daemon(Child);

impl Home {
    fn prepare(&self) -> Result<(), Trouble> {
        let write = |name: &str, text: &str| std::fs::write(self.dir.join(name), text).map_err(odd("writing a file"));
        std::fs::create_dir_all(self.dir.join("profiles")).map_err(odd("making a directory"))?;
        write("profiles/bench.toml", PROFILE)?;
        // So that plugins are compiled already.
        let done = self.tidegate().args(["plugin", "list"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        done.map(drop).map_err(odd("compiling plugins"))
    }

    fn tidegate(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_CONFIG").arg("--dir").arg(&self.dir);
        command
    }

    /// Starts it; gives how long it took until it said it was ready.
    fn start(&self) -> Result<(Daemon, Duration), Trouble> {
        let address = free_address()?;
        let mut command = self.tidegate();
        command.arg("serve").arg("--database").arg(self.database.to_string());
        command.env("TIDEGATE_HTTP_LISTEN", address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let log = std::fs::File::create(self.dir.join("log")).map_err(odd("making a log"))?;
        let watch = Stopwatch::start();
        let child = command.stderr(log).spawn().map_err(odd("starting the daemon"))?;
        let mut daemon = Daemon(child);
        while !ready(address) {
            if watch.elapsed() > PATIENCE || !matches!(daemon.0.try_wait(), Ok(None)) {
                let printed = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
                return Err(Trouble::Printed { what: "a daemon that is ready".to_owned(), printed });
            }
            pause(LOOK);
        }
        Ok((daemon, watch.elapsed()))
    }
}

impl Daemon {
    fn usage(&self) -> Result<Usage, Trouble> {
        usage(self.0.id())
    }

    fn stop(mut self) -> Result<(), Trouble> {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(odd("stopping the daemon"))?;
        }
        self.0.wait().map(drop).map_err(odd("waiting for the daemon"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free_address() -> Result<SocketAddr, Trouble> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(odd("looking for a free port"))?;
    listener.local_addr().map_err(odd("looking for a free port"))
}

fn ready(address: SocketAddr) -> bool {
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    asked().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
