//! Limits of the PostgreSQL store. Part of [`limits`](crate::limits).

use core::time::Duration;

/// Connections of one daemon to a PostgreSQL server, the one that listens left out: 16 daemons stay within the 97 that a
/// server allows by default.
pub const PG_CONNECTIONS: u32 = 4;
/// How long a PostgreSQL statement may take; the server ends it.
pub const PG_STATEMENT: Duration = Duration::from_secs(10);
/// How long a statement waits for another transaction's lock.
pub const PG_LOCK: Duration = Duration::from_secs(5);
/// How long a transaction may stand open with nobody working in it; the server ends the session.
pub const PG_IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);
/// How long a piece of work may take in all before its connection is taken for dead: half-open ones are found within 15 s.
pub const PG_ANSWER: Duration = Duration::from_secs(14);
/// The same for the few pieces that take long: a new schema, the end of a large source, a check.
pub const PG_LONG: Duration = Duration::from_secs(60 * 60);
/// Seconds of silence after which the server asks whether a client is still there, and between two questions; at three times
/// that it gives it up.
pub const PG_KEEPALIVE: Duration = Duration::from_secs(5);
/// How long one attempt to connect may take, and a question that only asks whether somebody is there.
pub const PG_CONNECT: Duration = Duration::from_secs(5);
/// How long a server that restarts is waited for, and the time between two attempts.
pub const PG_CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// See [`PG_CONNECT_PATIENCE`].
pub const PG_CONNECT_PAUSE: Duration = Duration::from_millis(250);
/// A connection that was used so recently is not asked before it is read by.
pub const PG_TRUSTED: Duration = Duration::from_secs(1);
/// Commits written in one transaction.
pub const PG_COMMIT_GROUP: usize = 64;
/// Times a batch of commits is done again because the server went away or was in the way.
pub const PG_COMMIT_ROUNDS: u32 = 3;
/// Sources that were put off and are looked at again in one transaction when a daemon starts.
pub const PG_UNPARK: usize = 1_000;
/// How often the index of due sources is read from its very beginning.
pub const PG_WHOLE_LOOK: Duration = Duration::from_secs(10);
/// Silence after which the connection that listens is asked whether it is alive, and the time between attempts to connect it.
pub const PG_LISTEN_PAUSE: Duration = Duration::from_secs(5);
