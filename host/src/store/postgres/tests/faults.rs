//! Servers that stop, lines that go dead, callers that go away.

use std::time::Duration;

use tidegate_cluster::{Cluster, Durability};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

use super::*;
use crate::ports::{Committed, RunFilter, RunStage, SourceFilter};
use crate::store::postgres::error::Server;
use crate::store::postgres::pool::{Manner, Pool, Work};

/// A server of its own, that keeps what it has committed. `None`: there is no PostgreSQL here.
async fn durable(cluster: &Option<Cluster>) -> Option<Database<'_>> {
    Some(cluster.as_ref()?.database(None).await.unwrap())
}

/// A server that crashes in the middle of everything: what was answered is there, each run ended once or not at all, and the
/// store goes on without being opened again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_loses_nothing_that_was_answered() {
    let cluster = tidegate_cluster::own(Durability::Full);
    let Some(database) = durable(&cluster).await else { return };
    let url: DatabaseUrl = database.url().parse().unwrap();
    let store = Arc::new(PostgresStore::open(&url, 4, noon()).await.unwrap());
    for n in 1..=200 {
        let (new, run) = new_source(n);
        store.create_source(new, run, noon()).await.unwrap();
    }
    let requests = (1..=200).map(|n| first_run(n, 1, 1000)).collect();
    let claims: Vec<_> = store.claim(requests, noon()).await.unwrap().into_iter().map(Result::unwrap).collect();
    let mut ends = Vec::new();
    let (first, rest) = claims.split_at(20);
    for claim in first {
        assert!(matches!(store.commit(end_of(claim), noon()).await.unwrap(), Committed::Done { .. }));
    }
    for claim in rest {
        let (store, end) = (Arc::clone(&store), end_of(claim));
        ends.push(tokio::spawn(async move { store.commit(end, noon()).await }));
    }
    let cluster = cluster.as_ref().unwrap();
    cluster.down("immediate").unwrap();
    cluster.up().unwrap();
    let mut done = 20;
    for end in ends {
        // What failed is not known to be written; what was answered is.
        done += usize::from(matches!(end.await.unwrap(), Ok(Committed::Done { .. })));
    }
    let ended =
        store.runs(&RunFilter { stage: Some(RunStage::Ended), limit: 1000, ..RunFilter::default() }).await.unwrap();
    assert!(ended.len() >= done, "{} of {done} that were answered", ended.len());
    let spent = u64::try_from(ended.len()).unwrap();
    let balance = store.ledger(noon()).await.unwrap()[0].balance;
    assert_eq!((balance.spent, balance.reserved), (spent, 200 - spent));
    let (new, run) = new_source(999);
    store.create_source(new, run, noon()).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    store.close().await;
}

/// A line to the cluster's socket that can be cut without either side being told.
struct Line {
    port: u16,
    cut: watch::Sender<bool>,
}

async fn line(cluster: &Cluster) -> Line {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (cut, state) = watch::channel(false);
    let socket = cluster.socket_dir().join(".s.PGSQL.5432");
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (mut state, socket) = (state.clone(), socket.clone());
            tokio::spawn(async move {
                let mut far = UnixStream::connect(socket).await.unwrap();
                let ended = tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => true,
                    cut = state.wait_for(|cut| *cut) => cut.is_err(),
                };
                // Both ends stay open and nothing passes, until the line is whole again.
                while !ended && *state.borrow_and_update() && state.changed().await.is_ok() {}
            });
        }
    });
    Line { port, cut }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_line_is_given_up() {
    let Some(place) = Served::new().await else { return };
    let line = line(tidegate_cluster::shared().unwrap()).await;
    let url: DatabaseUrl = format!("postgres://tidegate@127.0.0.1:{}/{}", line.port, place.0.name()).parse().unwrap();
    let options: PgConnectOptions = url.expose().parse().unwrap();
    let pool = Pool::new(options, 1, Server::new(&url)).patient(Duration::from_secs(1));
    let ask = || -> Work<i32> {
        Box::new(|conn| Box::pin(async move { Ok(sqlx::query_scalar("SELECT 7").fetch_one(conn).await?) }))
    };
    assert_eq!(pool.run(Manner::Write, "ask", ask()).await.unwrap(), 7);
    line.cut.send(true).unwrap();
    let error = pool.run(Manner::Write, "ask", ask()).await.unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error:?}");
    assert!(error.to_string().contains("did not answer"), "{error}");
    line.cut.send(false).unwrap();
    assert_eq!(pool.run(Manner::Write, "ask", ask()).await.unwrap(), 7, "another connection");
}

/// Callers that go away at any moment leave no session in a transaction, and no place in the pool is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_leave_no_transaction_open() {
    let Some(place) = Served::new().await else { return };
    let store = Arc::new(place.daemon().await);
    let mut tasks = Vec::new();
    for n in 1..=120 {
        let store = Arc::clone(&store);
        let (new, run) = new_source(n);
        tasks.push(tokio::spawn(async move { drop(store.create_source(new, run, noon()).await) }));
        if n % 3 == 0 {
            tokio::task::yield_now().await;
        }
        if n % 2 == 0
            && let Some(task) = tasks.pop()
        {
            task.abort();
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let made = store.sources(&SourceFilter::default()).await.unwrap().len();
    assert!((60..=120).contains(&made), "{made}");
    store.close().await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND state LIKE 'idle in transaction%'";
    assert_eq!(ask(&place.url(), open).await, 0);
    assert!(matches!(store.source(SourceId::from_bits(1)).await.unwrap_err(), StoreError::Closed { .. }));
}

/// What the server promises to end by itself.
#[tokio::test]
async fn sessions_have_their_limits() {
    let Some(place) = Served::new().await else { return };
    let store = place.daemon().await;
    let expected = [
        ("SHOW statement_timeout", "10s"),
        ("SHOW lock_timeout", "5s"),
        ("SHOW idle_in_transaction_session_timeout", "10s"),
        ("SHOW transaction_isolation", "read committed"),
        ("SHOW jit", "off"),
    ];
    for (sql, value) in expected {
        let work: Work<String> =
            Box::new(move |conn| Box::pin(async move { Ok(sqlx::query_scalar(sql).fetch_one(conn).await?) }));
        assert_eq!(store.pool.run(Manner::Write, "ask", work).await.unwrap(), value, "{sql}");
    }
}
