//! A daemon of part *runs*: a process of its own, from both sides.
//!
//! Owns: the process and its few lines. It says `ready` when everything is loaded, begins when it is told `go`, then says how
//! many runs have ended, and stops when its standard input ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate::engine::Engine;
use tidegate_tests::Trouble;
use tidegate_tests::measure::{Usage, pause, usage};
use tokio::sync::oneshot;

use crate::database::{Database, odd};
use crate::world::{self, Answer, Count};

/// Between two looks at the count.
const LOOK: Duration = Duration::from_millis(5);
/// How long a daemon may take to load.
const LOADING: Duration = Duration::from_secs(60);

/// The inside: serves until its standard input ends.
pub(crate) fn serve(database: &Database, answer: Answer, cache: Option<PathBuf>) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(odd("starting the async runtime"))?.block_on(async {
        let store = database.open().await?;
        let count = Arc::<Count>::default();
        let ports = world::ports(Arc::clone(&store), answer, cache, Arc::clone(&count)).await?;
        let engine = Engine::new(ports, world::settings()?);
        say("ready")?;
        let (go, stop) = (oneshot::channel(), oneshot::channel());
        std::thread::spawn(move || {
            let mut lines = std::io::stdin().lines();
            if lines.next().is_some_and(|line| line.is_ok()) {
                let _told = go.0.send(());
            }
            lines.for_each(drop);
            let _told = stop.0.send(());
        });
        if go.1.await.is_ok() {
            let stop = async {
                let _told = stop.1.await;
            };
            let serving = engine.serve(stop, std::future::pending());
            tokio::pin!(serving);
            let mut told = 0;
            loop {
                tokio::select! {
                    () = &mut serving => break,
                    () = tokio::time::sleep(LOOK) => told = tell(&count, told)?,
                }
            }
        }
        store.close().await;
        Ok(())
    })
}

fn tell(count: &Count, told: u64) -> Result<u64, Trouble> {
    let ended = count.ended.load(Ordering::Relaxed);
    if count.bad.load(Ordering::Relaxed) > 0 {
        let why = count.why.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        return Err(Trouble::Printed { what: "runs that end well".to_owned(), printed: why });
    }
    if ended > told {
        say(&ended.to_string())?;
    }
    Ok(ended)
}

fn say(line: &str) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(odd("talking to the bench"))
}

/// The outside. Ends when dropped.
pub(crate) struct Daemon {
    child: Child,
    lines: Option<ChildStdin>,
    ready: Arc<AtomicU64>,
    ended: Arc<AtomicU64>,
}

impl Daemon {
    /// Starts one. It is not ready yet.
    pub(crate) fn start(database: &Database, answer: Answer, cache: &Path) -> Result<Self, Trouble> {
        let own = std::env::current_exe().map_err(odd("finding this program"))?;
        let mut command = Command::new(own);
        command.arg("--daemon").arg(database.to_string()).arg("--answer").arg(answer.to_string());
        command.arg("--cache").arg(cache).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(odd("starting a daemon"))?;
        let lines = child.stdin.take();
        let (ready, ended) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (tell_ready, tell_ended, pipe) = (Arc::clone(&ready), Arc::clone(&ended), child.stdout.take());
        std::thread::spawn(move || {
            let lines = pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()).map_while(Result::ok);
            lines.for_each(|line| match line.parse() {
                Ok(count) => tell_ended.store(count, Ordering::Relaxed),
                Err(_) => tell_ready.store(1, Ordering::Relaxed),
            });
        });
        Ok(Self { child, lines, ready, ended })
    }

    /// Waits until it has loaded.
    pub(crate) fn wait_ready(&mut self) -> Result<(), Trouble> {
        let mut waited = Duration::ZERO;
        while self.ready.load(Ordering::Relaxed) == 0 {
            self.alive()?;
            if waited > LOADING {
                return Err(Trouble::Printed { what: "a daemon that is ready".to_owned(), printed: String::new() });
            }
            pause(LOOK);
            waited += LOOK;
        }
        Ok(())
    }

    /// Lets it begin.
    pub(crate) fn go(&mut self) -> Result<(), Trouble> {
        let lines = self.lines.as_mut().ok_or_else(|| odd("telling a daemon to begin")("it was stopped"))?;
        writeln!(lines, "go").and_then(|()| lines.flush()).map_err(odd("telling a daemon to begin"))
    }

    /// Runs that have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    /// What it has used.
    pub(crate) fn usage(&self) -> Result<Usage, Trouble> {
        usage(self.child.id())
    }

    /// Fails if it has ended by itself; why, it has said.
    pub(crate) fn alive(&mut self) -> Result<(), Trouble> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            ended => Err(Trouble::Printed { what: "a daemon that works".to_owned(), printed: format!("{ended:?}") }),
        }
    }

    /// Lets it drain and end.
    pub(crate) fn stop(mut self) -> Result<(), Trouble> {
        drop(self.lines.take());
        let status = self.child.wait().map_err(odd("waiting for a daemon"))?;
        if status.success() {
            return Ok(());
        }
        Err(Trouble::Printed { what: "a daemon that ends well".to_owned(), printed: status.to_string() })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
