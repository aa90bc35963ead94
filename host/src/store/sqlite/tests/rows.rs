//! Rows that say what no row may say.

use super::*;
use crate::ports::{ItemFilter, RunFilter, SourceFilter};
use crate::store::sqlite::writer::Work;

#[tokio::test]
async fn bad_rows_are_named_and_nothing_panics() {
    let table: [(&str, &str, &str); 12] = [
        ("UPDATE source SET state = 'flying'", "source", "state"),
        ("UPDATE source SET state = 'paused'", "source", "state_since"),
        ("UPDATE source SET tenant = 'NOT A NAME'", "source", "tenant"),
        ("UPDATE source SET overrides = '{'", "source", "overrides"),
        ("UPDATE source SET schedule = '{\"cron\": \"now and then\"}'", "source", "schedule"),
        ("UPDATE source SET failure_count = -1", "source", "failure_count"),
        ("UPDATE source SET created_at = 9223372036854775807", "source", "created_at"),
        ("UPDATE source SET next_at = 1", "source", "next_trigger"),
        ("UPDATE run SET trigger = 'whim'", "run", "trigger"),
        ("UPDATE run SET daemon = x'01', stage = 'asleep'", "run", "stage"),
        ("UPDATE run SET items_new = 9999999999", "run", "items_new"),
        ("UPDATE run SET failure = 'alone'", "run", "failure_class"),
    ];
    for (sql, table, column) in table {
        let folder = Folder::new();
        let store = folder.daemon().await.unwrap();
        let (new, run) = new_source(1);
        store.create_source(new, run, noon()).await.unwrap();
        spoil(&store, sql).await;
        let error = match table {
            "source" => store.sources(&SourceFilter::default()).await.err(),
            _ => store.runs(&RunFilter::default()).await.err(),
        };
        let Some(StoreError::BadRow { table: named, column: at, row, .. }) = error else { panic!("{sql}: {error:?}") };
        assert_eq!((named, at, row), (table, column, format!("{:032x}", 1)), "{sql}");
    }
}

#[tokio::test]
async fn bad_items_are_named() {
    let insert = "INSERT INTO item (id, source, tenant, external_id, fingerprint, sort_at, first_seen_at, changed_at,
        element, kind, detail, metrics) VALUES (x'00000000000000000000000000000002', x'00000000000000000000000000000001',
        'acme', 'a', 0, 0, 0, 0, 0, 'post', ";
    for (cells, column) in [("'[', NULL)", "detail"), ("NULL, '{}')", "metrics")] {
        let folder = Folder::new();
        let store = folder.daemon().await.unwrap();
        let (new, run) = new_source(1);
        store.create_source(new, run, noon()).await.unwrap();
        spoil(&store, format!("{insert}{cells}").leak()).await;
        let error = store.items(&ItemFilter::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::BadRow { table: "item", column: at, .. } if at == column), "{error}");
    }
}

async fn spoil(store: &SqliteStore, sql: &'static str) {
    let work: Work<()> = Box::new(move |conn| {
        Box::pin(async move {
            sqlx::raw_sql(sql).execute(conn).await?;
            Ok(())
        })
    });
    store.write("test", work).await.unwrap();
}
