//! The one writer.
//!
//! Owns: the queue of writes and the transactions. It takes what waits, up to [`limits::WRITER_GROUP`] pieces of work, runs
//! them in one transaction, commits once (one fsync for all) and only then answers. Each piece stands in a savepoint of
//! its own: one that fails is undone alone. Must not know: what the pieces do.
//!
//! A caller may go away at any time. Before its turn: nothing is written. After it: the work is written whole, as if it
//! had stayed. The transaction belongs to the writer's own thread and is never left half open, also when the runtime ends first.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use async_trait::async_trait;
use sqlx::{Connection as _, SqliteConnection};
use tidegate_core::limits;
use tokio::sync::{mpsc, oneshot};

use super::error::File;
use super::lock::Lock;
use crate::ports::StoreError;
use crate::store::trouble::{Outcome, Trouble};

/// A future that borrows the connection.
pub(super) type Working<'c, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'c>>;
/// A piece of work: everything it needs moves in, what it found comes out.
pub(super) type Work<T> = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> Working<'c, T> + Send>;

/// A piece of work in the queue, whatever it gives.
#[async_trait]
trait Job: Send {
    /// Whether nobody waits for it any more.
    fn abandoned(&self) -> bool;
    /// Runs it. `Err`: it failed and is to be undone.
    async fn run(&mut self, conn: &mut SqliteConnection, file: &File) -> Result<(), Fate>;
    /// Answers. `Some`: the transaction came to nothing, whatever the work said.
    fn answer(self: Box<Self>, file: &File, fate: Option<&Fate>);
}

/// Why a whole transaction came to nothing.
#[derive(Debug, Clone)]
enum Fate {
    Full,
    ReadOnly(String),
    Other(String),
}

impl Fate {
    fn of(error: &StoreError) -> Self {
        match error {
            StoreError::DiskFull { .. } => Self::Full,
            StoreError::ReadOnly { why, .. } => Self::ReadOnly(why.clone()),
            other => Self::Other(other.to_string()),
        }
    }

    fn error(&self, doing: &str, file: &File) -> StoreError {
        match self {
            Self::Full => file.full(doing),
            Self::ReadOnly(why) => StoreError::ReadOnly { file: file.name().to_owned(), why: why.clone() },
            Self::Other(why) => file.refuse(doing, format!("its transaction failed: {why}")),
        }
    }
}

struct Task<T> {
    doing: &'static str,
    work: Option<Work<T>>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<T: Send> Job for Task<T> {
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    async fn run(&mut self, conn: &mut SqliteConnection, file: &File) -> Result<(), Fate> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let outcome = work(conn).await.map_err(|trouble| file.trouble(self.doing, trouble));
        let fate = outcome.as_ref().err().map(Fate::of);
        self.outcome = Some(outcome);
        fate.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, file: &File, fate: Option<&Fate>) {
        let answer = match (self.outcome, fate) {
            (Some(Err(error)), _) => Err(error),
            (_, Some(fate)) => Err(fate.error(self.doing, file)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(file.closed(self.doing)),
        };
        // Whoever does not listen any more does not want to know.
        drop(self.reply.send(answer));
    }
}

/// The way to the writer. Clones lead to the same one.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    file: File,
}

impl Writer {
    /// Starts the writer on an open connection. It ends, with everything written, when the last way to it is gone; `lock` is
    /// let go after that, then what comes back here says so.
    ///
    /// # Errors
    /// If there can be no thread.
    pub(super) fn start(
        conn: SqliteConnection,
        file: File,
        lock: Option<Lock>,
    ) -> Result<(Self, oneshot::Receiver<()>), std::io::Error> {
        let (queue, waiting) = mpsc::channel(limits::WRITER_QUEUE);
        let (end, ended) = oneshot::channel();
        let own = file.clone();
        thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            wait_for(serve(conn, own, waiting, lock));
            // Nobody has to be there to hear it.
            let _heard = end.send(());
        })?;
        Ok((Self { queue, file }, ended))
    }

    /// Does a piece of work in a transaction and waits until it is on disk.
    pub(super) async fn write<T: Send + 'static>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task = Task { doing, work: Some(work), outcome: None, reply };
        self.queue.send(Box::new(task)).await.map_err(|_| self.file.closed(doing))?;
        answer.await.map_err(|_| self.file.closed(doing))?
    }
}

/// Wakes the writer's thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs the writer on this thread alone. Every statement is a trip to the connection's own thread and back; on the runtime
/// each would wake its poller and its idle workers, which costs more than most statements do.
fn wait_for(work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    while work.as_mut().poll(&mut context) == Poll::Pending {
        thread::park();
    }
}

async fn serve(mut conn: SqliteConnection, file: File, mut waiting: mpsc::Receiver<Box<dyn Job>>, lock: Option<Lock>) {
    let mut jobs = Vec::with_capacity(limits::WRITER_GROUP);
    while waiting.recv_many(&mut jobs, limits::WRITER_GROUP).await > 0 {
        while !jobs.is_empty() {
            jobs = group(&mut conn, &file, jobs).await;
        }
    }
    if let Err(error) = conn.close().await {
        tracing::warn!(file = file.name(), %error, "the database did not close cleanly; it is intact");
    }
    drop(lock);
}

/// Runs jobs in one transaction, commits and answers. Gives back those that did not get their turn.
async fn group(conn: &mut SqliteConnection, file: &File, jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut jobs = jobs.into_iter();
    let mut done = Vec::with_capacity(jobs.len());
    let mut fate = begin(conn).await.err().map(|error| fate_of(file, error));
    if fate.is_some() {
        // Nobody can write now; all are told.
        done.extend(jobs.by_ref());
    }
    for mut job in jobs.by_ref() {
        if job.abandoned() {
            continue;
        }
        let ran = job.run(conn, file).await;
        done.push(job);
        let marked = match &ran {
            Ok(()) => exec(conn, "RELEASE job; SAVEPOINT job").await,
            Err(_) => exec(conn, "ROLLBACK TO job").await,
        };
        if let Err(error) = marked {
            // The savepoint is gone: SQLite has undone the whole transaction, as it may when the disk is full.
            fate = Some(ran.err().unwrap_or_else(|| fate_of(file, error)));
            break;
        }
    }
    if fate.is_none() {
        fate = exec(conn, "COMMIT").await.err().map(|error| fate_of(file, error));
    }
    if fate.is_some() {
        // Fails where SQLite has undone everything by itself already, which is as good.
        drop(exec(conn, "ROLLBACK").await);
    }
    for job in done {
        job.answer(file, fate.as_ref());
    }
    jobs.collect()
}

/// Begins a transaction. Somebody else who writes (a person's long command) is waited for, several times as long as SQLite
/// itself waits: what is in the queue has been fetched and perhaps paid for.
async fn begin(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    const BUSY: &str = "5";
    let mut left = limits::STORE_BUSY_ROUNDS;
    loop {
        match exec(conn, "BEGIN IMMEDIATE; SAVEPOINT job").await {
            Err(sqlx::Error::Database(error)) if left > 0 && error.code().as_deref() == Some(BUSY) => left -= 1,
            begun => return begun,
        }
    }
}

fn fate_of(file: &File, error: sqlx::Error) -> Fate {
    Fate::of(&file.trouble("write", Trouble::Driver(error)))
}

async fn exec(conn: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(conn).await.map(drop)
}
