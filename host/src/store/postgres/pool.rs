//! Connections, and the work that is done on them.
//!
//! Owns: how many there are, when one is trusted, and transactions. Each piece of work runs in a task of its own to its end,
//! whatever becomes of its caller: nothing is ever left half open, and a connection goes back to the others only with its
//! transaction ended. A server that does not answer is given up after [`limits::PG_ANSWER`] with its connection, so that half
//! open ones are found. Must not know: what the work does.
//!
//! Not sqlx's pool: beginning a transaction there can be cut off by a caller that goes away, which leaves the session idle in a
//! transaction (sqlx 0.9.0).

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tidegate_core::limits;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use super::error::{self, Server};
use crate::ports::StoreError;
use crate::store::trouble::{Outcome, Trouble};

/// A future that borrows the connection.
pub(super) type Working<'c, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'c>>;
/// A piece of work: everything it needs moves in, what it found comes out.
pub(super) type Work<T> = Box<dyn for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T> + Send>;

/// How a piece of work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// One statement that reads.
    Read,
    /// A transaction.
    Write,
    /// A transaction that may take minutes: a schema's change, a whole source's end.
    Long,
}

/// Why a piece of work came to nothing, and what that means for trying again.
pub(super) struct Failed {
    pub(super) error: StoreError,
    pub(super) again: Again,
}

/// Whether the same work may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Nothing was written: the server was not there.
    Yes,
    /// Nothing was written: somebody else was in the way, which passes.
    Passing,
    /// Nothing was written, and it would go the same way.
    No,
    /// The answer to the commit was lost: it may be written.
    Unknown,
}

/// A connection that waits for work.
struct Idle {
    conn: PgConnection,
    since: Instant,
}

struct Inner {
    options: PgConnectOptions,
    places: Semaphore,
    idle: Mutex<Vec<Idle>>,
    server: Server,
    /// How long a piece of work may take.
    patience: Duration,
}

/// The way to the database. Clones lead to the same one.
#[derive(Clone)]
pub(super) struct Pool {
    inner: Arc<Inner>,
    tasks: TaskTracker,
    most: u32,
}

impl Pool {
    /// A pool of at most so many connections, opened when first needed.
    pub(super) fn new(options: PgConnectOptions, most: u32, server: Server) -> Self {
        let places = Semaphore::new(usize::try_from(most).unwrap_or(1));
        let inner = Inner { options, places, idle: Mutex::new(Vec::new()), server, patience: limits::PG_ANSWER };
        Self { inner: Arc::new(inner), tasks: TaskTracker::new(), most }
    }

    /// The same with another patience, for tests that have less time.
    #[cfg(test)]
    pub(super) fn patient(mut self, patience: Duration) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.patience = patience;
        }
        self
    }

    pub(super) fn server(&self) -> &Server {
        &self.inner.server
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        manner: Manner,
        doing: &'static str,
        work: Work<T>,
    ) -> Result<T, StoreError> {
        self.attempt(manner, doing, work).await.map_err(|failed| failed.error)
    }

    /// Does a piece of work; a failure says whether it may be done again.
    pub(super) async fn attempt<T: Send + 'static>(
        &self,
        manner: Manner,
        doing: &'static str,
        work: Work<T>,
    ) -> Result<T, Failed> {
        let server = self.server();
        let closed = || Failed { error: server.closed(doing), again: Again::No };
        if self.tasks.is_closed() {
            return Err(closed());
        }
        let (mut reply, answer) = oneshot::channel();
        let inner = Arc::clone(&self.inner);
        self.tasks.spawn(async move {
            let place = tokio::select! {
                place = inner.places.acquire() => place,
                // Nobody waits for it any more, and nothing was begun.
                () = reply.closed() => return,
            };
            let Ok(_place) = place else { return };
            let result = inner.perform(manner, doing, work).await;
            // Whoever does not listen any more does not want to know.
            drop(reply.send(result));
        });
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Waits for what is under way and closes.
    pub(super) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        if let Ok(all) = self.inner.places.acquire_many(self.most).await {
            self.inner.places.close();
            drop(all);
        }
        let idle = core::mem::take(&mut *self.inner.idle());
        for Idle { conn, .. } in idle {
            // A server that does not answer learns of it from the socket.
            let _gone = timeout(limits::PG_CONNECT, conn.close()).await;
        }
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn perform<T>(&self, manner: Manner, doing: &'static str, work: Work<T>) -> Result<T, Failed> {
        let begun = self.begin(manner).await;
        let mut conn = begun.map_err(|error| self.failed(doing, Trouble::Driver(error), Again::Yes))?;
        let patience = if manner == Manner::Long { limits::PG_LONG } else { self.patience };
        let outcome = match timeout(patience, work(&mut conn)).await {
            Ok(outcome) => outcome,
            // The connection is dropped: the server rolls back when it notices.
            Err(_) => return Err(self.failed(doing, silent(patience), Again::Yes)),
        };
        match outcome {
            Ok(value) => {
                self.end(conn, manner).await.map_err(|trouble| self.failed(doing, trouble, Again::Unknown))?;
                Ok(value)
            }
            Err(trouble) => {
                let again = match &trouble {
                    Trouble::Driver(error) if error::is_lost(error) => Again::Yes,
                    Trouble::Driver(error) if error::passes(error) => Again::Passing,
                    Trouble::Driver(_) | Trouble::Store(_) => Again::No,
                };
                match &trouble {
                    Trouble::Driver(error) if error::is_lost(error) => self.distrust(),
                    Trouble::Driver(_) | Trouble::Store(_) => self.undo(conn, manner).await,
                }
                Err(self.failed(doing, trouble, again))
            }
        }
    }

    fn failed(&self, doing: &'static str, trouble: Trouble, again: Again) -> Failed {
        Failed { error: self.server.trouble(doing, trouble), again }
    }

    /// A connection that answers, in a transaction if the work needs one. Nothing has been done yet, so that a server that
    /// restarts is waited for.
    async fn begin(&self, manner: Manner) -> Result<PgConnection, sqlx::Error> {
        loop {
            let idle = self.idle().pop();
            let (mut conn, fresh) = match idle {
                Some(Idle { conn, since }) if manner == Manner::Read && since.elapsed() < limits::PG_TRUSTED => {
                    return Ok(conn);
                }
                Some(Idle { conn, .. }) => (conn, false),
                None => (self.connect(limits::PG_CONNECT_PATIENCE).await?, true),
            };
            match answered(limits::PG_CONNECT.min(self.patience), start(&mut conn, manner)).await {
                Ok(()) => return Ok(conn),
                Err(error) if fresh => return Err(error),
                // It went bad while it waited; the others have probably too.
                Err(_) => self.distrust(),
            }
        }
    }

    /// Connects. A server that starts, or that has no place just now, is asked again within `patience`.
    async fn connect(&self, patience: Duration) -> Result<PgConnection, sqlx::Error> {
        let until = Instant::now() + patience;
        loop {
            match answered(limits::PG_CONNECT.min(self.patience), self.options.connect()).await {
                Err(error) if error::may_connect_later(&error) && Instant::now() < until => {
                    tokio::time::sleep(limits::PG_CONNECT_PAUSE).await;
                }
                connected => return connected,
            }
        }
    }

    async fn end(&self, mut conn: PgConnection, manner: Manner) -> Result<(), Trouble> {
        if manner != Manner::Read {
            // Its time is the disk's; a server that went away meanwhile has either written it or not.
            if let Err(error) = answered(limits::PG_ANSWER, exec(&mut conn, "COMMIT")).await {
                self.distrust();
                return Err(Trouble::Driver(error));
            }
        }
        self.idle().push(Idle { conn, since: Instant::now() });
        Ok(())
    }

    async fn undo(&self, mut conn: PgConnection, manner: Manner) {
        if manner == Manner::Read || answered(limits::PG_CONNECT, exec(&mut conn, "ROLLBACK")).await.is_ok() {
            self.idle().push(Idle { conn, since: Instant::now() });
        }
    }

    /// Drops the connections that wait: their server has gone.
    fn distrust(&self) {
        self.idle().clear();
    }
}

/// Connects once, for those who want to know at once what is wrong; a server that starts is waited for.
pub(super) async fn connect_once(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let until = Instant::now() + limits::PG_CONNECT_PATIENCE;
    loop {
        match answered(limits::PG_CONNECT, options.connect()).await {
            Err(error) if error::is_starting(&error) && Instant::now() < until => {
                tokio::time::sleep(limits::PG_CONNECT_PAUSE).await;
            }
            connected => return connected,
        }
    }
}

async fn start(conn: &mut PgConnection, manner: Manner) -> Result<(), sqlx::Error> {
    match manner {
        Manner::Read => conn.ping().await,
        Manner::Write => exec(conn, "BEGIN ISOLATION LEVEL READ COMMITTED").await,
        // The limit of a statement ends with the transaction. Whole tables are read here.
        Manner::Long => {
            exec(
                conn,
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s';
                SET LOCAL enable_seqscan = on",
            )
            .await
        }
    }
}

pub(super) async fn exec(conn: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(conn).await.map(drop)
}

async fn answered<T>(
    patience: Duration,
    question: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match timeout(patience, question).await {
        Ok(answer) => answer,
        Err(_) => Err(no_answer(patience)),
    }
}

fn silent(patience: Duration) -> Trouble {
    Trouble::Driver(no_answer(patience))
}

fn no_answer(patience: Duration) -> sqlx::Error {
    let why = format!("the server did not answer within {} s; the connection was given up", patience.as_secs());
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, why))
}
