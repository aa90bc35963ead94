//! Commits, gathered.
//!
//! Owns: the queue of commits and their batches: what waits, up to [`limits::PG_COMMIT_GROUP`], is written in one transaction
//! with one flush of the log, and only then answered. A batch that comes to nothing because of one of them is done one by one;
//! one that comes to nothing because the server went away is done again when it is back. Must not know: what a commit writes.
//!
//! A caller may go away at any time. Before its turn: nothing is written. After it: the commit is written whole.

use std::collections::HashSet;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use tidegate_core::limits;
use tokio::sync::{mpsc, oneshot};

use super::commit::{Wish, commit_all};
use super::error::Server;
use super::pool::{Again, Failed, Manner, Pool, Work};
use crate::ports::{Committed, StoreError};

const DOING: &str = "commit runs";

type Reply = oneshot::Sender<Result<Committed, StoreError>>;

/// What stands in the queue.
enum Job {
    Commit(Box<Wish>, Reply),
    /// Answered when all before it is.
    Mark(oneshot::Sender<()>),
}

/// The way to the queue. It ends when the last one is gone.
#[derive(Clone)]
pub(super) struct Committer {
    queue: mpsc::Sender<Job>,
    server: Server,
}

impl Committer {
    /// The queue, and what works on it until the last way to it is gone.
    pub(super) fn new(pool: Pool) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, waiting) = mpsc::channel(limits::WRITER_QUEUE);
        (Self { queue, server: pool.server().clone() }, work(pool, waiting))
    }

    /// Commits and waits until it is on disk.
    pub(super) async fn commit(&self, wish: Wish) -> Result<Committed, StoreError> {
        let (reply, answer) = oneshot::channel();
        let closed = || self.server.closed(DOING);
        self.queue.send(Job::Commit(Box::new(wish), reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Waits until what was sent before is done.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let closed = || self.server.closed(DOING);
        self.queue.send(Job::Mark(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())
    }
}

async fn work(pool: Pool, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(limits::PG_COMMIT_GROUP);
    while waiting.recv_many(&mut jobs, limits::PG_COMMIT_GROUP).await > 0 {
        let (mut wishes, mut replies, mut sources) = (Vec::new(), Vec::new(), HashSet::new());
        for job in jobs.drain(..) {
            match job {
                Job::Commit(_, reply) if reply.is_closed() => {}
                Job::Commit(wish, reply) => {
                    // Two of one source are written one after the other.
                    if !sources.insert(wish.0.source) {
                        flush(&pool, &mut wishes, &mut replies).await;
                        sources = HashSet::from([wish.0.source]);
                    }
                    wishes.push(*wish);
                    replies.push(reply);
                }
                Job::Mark(reply) => {
                    flush(&pool, &mut wishes, &mut replies).await;
                    sources.clear();
                    let _gone = reply.send(());
                }
            }
        }
        flush(&pool, &mut wishes, &mut replies).await;
    }
}

/// Writes what was gathered and answers.
async fn flush(pool: &Pool, wishes: &mut Vec<Wish>, replies: &mut Vec<Reply>) {
    let answers = written(pool, core::mem::take(wishes)).await;
    for (reply, answer) in replies.drain(..).zip(answers) {
        // Whoever does not listen any more does not want to know.
        drop(reply.send(answer));
    }
}

async fn written(pool: &Pool, wishes: Vec<Wish>) -> Vec<Result<Committed, StoreError>> {
    let count = wishes.len();
    let wishes = Arc::new(wishes);
    if count == 0 {
        return Vec::new();
    }
    match patient(pool, &wishes, 0..count).await {
        Ok(done) => done.into_iter().map(Ok).collect(),
        Err(Failed { error, again: Again::No | Again::Passing }) if count > 1 => {
            tracing::debug!(%error, count, "a batch of commits is done one by one");
            let mut answers = Vec::with_capacity(count);
            for one in 0..count {
                answers.push(alone(pool, &wishes, one).await);
            }
            answers
        }
        Err(Failed { error, again }) => (0..count).map(|_| Err(told(pool, &error, again))).collect(),
    }
}

async fn alone(pool: &Pool, wishes: &Arc<Vec<Wish>>, one: usize) -> Result<Committed, StoreError> {
    let mut done = patient(pool, wishes, one..one + 1).await.map_err(|failed| failed.error)?;
    done.pop().ok_or_else(|| pool.server().refuse(DOING, "one commit was given and none was answered"))
}

/// Writes them in one transaction; again, if nothing was written for a cause that passes.
async fn patient(pool: &Pool, wishes: &Arc<Vec<Wish>>, which: Range<usize>) -> Result<Vec<Committed>, Failed> {
    let mut rounds = limits::PG_COMMIT_ROUNDS;
    let alone = which.len() == 1;
    loop {
        let (wishes, which) = (Arc::clone(wishes), which.clone());
        let work: Work<_> = Box::new(move |conn| {
            Box::pin(async move { commit_all(conn, wishes.get(which).unwrap_or_default()).await })
        });
        match pool.attempt(Manner::Write, DOING, work).await {
            Err(Failed { error, again }) if rounds > 0 && (again == Again::Yes || alone && again == Again::Passing) => {
                rounds -= 1;
                tracing::warn!(%error, "commits are done again");
                tokio::time::sleep(limits::PG_CONNECT_PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// One error for many.
fn told(pool: &Pool, error: &StoreError, again: Again) -> StoreError {
    let server = pool.server();
    match error {
        StoreError::DiskFull { file, .. } => StoreError::DiskFull { doing: DOING.to_owned(), file: file.clone() },
        StoreError::ReadOnly { file, why } => StoreError::ReadOnly { file: file.clone(), why: why.clone() },
        StoreError::Closed { .. } => server.closed(DOING),
        other if again == Again::Unknown => {
            server.refuse(DOING, format!("{other}; it is not known whether they were written"))
        }
        other => server.refuse(DOING, other.to_string()),
    }
}
