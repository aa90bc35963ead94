//! Databases of other versions and other programs, and rows that say what no row may say.

use super::*;
use crate::ports::{ItemFilter, RunFilter, SourceFilter};
use crate::store::postgres::schema;

/// An empty database, without a schema. `None`: there is no PostgreSQL here.
async fn empty() -> Option<Served> {
    Some(Served(tidegate_cluster::shared()?.database(None).await.unwrap()))
}

async fn refusal(place: &Served) -> StoreError {
    PostgresStore::open(&place.url(), 1, noon()).await.err().unwrap()
}

#[tokio::test]
async fn an_empty_database_gets_its_schema_once() {
    let Some(place) = empty().await else { return };
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let url = place.url();
            tokio::spawn(async move { PostgresStore::open(&url, 1, noon()).await.unwrap().close().await })
        })
        .collect();
    for one in opening {
        one.await.unwrap();
    }
    assert_eq!(ask(&place.url(), "SELECT max(version) FROM schema_version").await, schema::KNOWN);
    let versions = PostgresStore::migrate(&place.url(), noon()).await.unwrap();
    assert_eq!(versions, (schema::KNOWN, schema::KNOWN));
}

#[tokio::test]
async fn an_old_schema_says_what_to_type() {
    let Some(place) = Served::new().await else { return };
    tamper(&place.url(), "UPDATE schema_version SET version = version - 100").await;
    let error = refusal(&place).await;
    assert!(matches!(error, StoreError::OldSchema { known: schema::KNOWN, .. }), "{error:?}");
    assert!(error.to_string().contains("`tidegate migrate`"), "{error}");
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let Some(place) = Served::new().await else { return };
    tamper(&place.url(), "INSERT INTO schema_version VALUES (99, 'later', 0)").await;
    let error = refusal(&place).await;
    assert!(matches!(error, StoreError::TooNew { found: 99, known: schema::KNOWN, .. }), "{error:?}");
    assert!(PostgresStore::migrate(&place.url(), noon()).await.is_err());
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_left_alone() {
    let Some(place) = empty().await else { return };
    tamper(&place.url(), "CREATE TABLE bookmark (url text)").await;
    let error = refusal(&place).await.to_string();
    assert!(error.contains("of another program"), "{error}");
    assert!(PostgresStore::migrate(&place.url(), noon()).await.is_err());
    assert_eq!(ask(&place.url(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, 1);
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_without_its_password() {
    let Some(cluster) = tidegate_cluster::shared() else { return };
    let socket = cluster.socket_dir().display();
    for wrong in [
        format!("postgres://tidegate:hushhush@localhost/absent?host={socket}"),
        format!("postgres://nobody-here:hushhush@localhost/postgres?host={socket}"),
        format!("postgres://tidegate:hushhush@localhost/postgres?host={socket}/absent"),
    ] {
        let error = PostgresStore::open(&wrong.parse().unwrap(), 1, noon()).await.err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(told.contains("open the database in postgres://") && !told.contains("hushhush"), "{told}");
    }
}

#[tokio::test]
async fn a_database_that_is_read_only_says_so() {
    let Some(place) = Served::new().await else { return };
    tamper(&place.url(), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$").await;
    let store = PostgresStore::open_shared(&place.url(), 1, noon()).await.unwrap();
    let (new, run) = new_source(1);
    let error = store.create_source(new, run, noon()).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert_eq!(store.source(SourceId::from_bits(1)).await.unwrap(), None);
}

#[tokio::test]
async fn bad_rows_are_named_and_nothing_panics() {
    let table: [(&str, &str, &str); 11] = [
        ("UPDATE source SET state = 'flying'", "source", "state"),
        ("UPDATE source SET state = 'paused'", "source", "state_since"),
        ("UPDATE source SET tenant = 'NOT A NAME'", "source", "tenant"),
        ("UPDATE source SET overrides = '{'", "source", "overrides"),
        ("UPDATE source SET failure_count = -1", "source", "failure_count"),
        ("UPDATE source SET created_at = 9223372036854775807", "source", "created_at"),
        ("UPDATE source SET next_at = 1", "source", "next_trigger"),
        ("UPDATE run SET trigger = 'whim'", "run", "trigger"),
        ("UPDATE run SET stage = 'asleep'", "run", "stage"),
        ("UPDATE run SET items_new = 9999999999", "run", "items_new"),
        ("UPDATE run SET failure = 'alone'", "run", "failure_class"),
    ];
    for (sql, table, column) in table {
        let Some(place) = Served::new().await else { return };
        let store = place.daemon().await;
        let (new, run) = new_source(1);
        store.create_source(new, run, noon()).await.unwrap();
        tamper(&place.url(), sql).await;
        let error = match table {
            "source" => store.sources(&SourceFilter::default()).await.err(),
            _ => store.runs(&RunFilter::default()).await.err(),
        };
        let Some(StoreError::BadRow { table: named, column: at, row, .. }) = error else { panic!("{sql}: {error:?}") };
        assert_eq!((named, at, row), (table, column, format!("{:032x}", 1)), "{sql}");
    }
}

#[tokio::test]
async fn orphans_are_found() {
    let Some(place) = Served::new().await else { return };
    let store = place.daemon().await;
    let (new, run) = new_source(1);
    store.create_source(new, run, noon()).await.unwrap();
    tamper(
        &place.url(),
        "INSERT INTO item (id, source, tenant, external_id, fingerprint, sort_at, first_seen_at, changed_at, element, kind)
        VALUES ('00000000000000000000000000000002', '00000000000000000000000000000009', 'acme', 'a', 0, 0, 0, 0, 0, 'post')",
    )
    .await;
    assert_eq!(store.check().await.unwrap(), [format!("item {:032x} hangs on nothing", 2)]);
    assert_eq!(store.items(&ItemFilter::default()).await.unwrap().len(), 1);
}
