//! Files that cannot be used, and who may open one.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::ports::{Created, SourceFilter};
use crate::store::sqlite::schema;
use crate::store::sqlite::tamper::tamper;
use crate::store::sqlite::writer::Work;

#[tokio::test]
async fn a_second_daemon_is_refused_with_the_first_ones_pid() {
    let folder = Folder::new();
    let first = folder.daemon().await.unwrap();
    let Err(StoreError::InUse { file, pid }) = folder.daemon().await else { panic!("one at a time") };
    assert_eq!((file, pid), (folder.file().display().to_string(), std::process::id().to_string()));
    first.close().await;
    folder.daemon().await.unwrap();
}

#[tokio::test]
async fn others_work_beside_the_daemon_but_do_not_schedule() {
    let folder = Folder::new();
    let missing = SqliteStore::open_shared(&folder.file(), false, noon()).await.err().unwrap();
    assert!(missing.to_string().contains("there is no such file"), "{missing}");
    assert!(SqliteStore::open_read_only(&folder.file()).await.is_err());
    assert!(!folder.file().exists(), "nothing was made");
    let daemon = folder.daemon().await.unwrap();
    let beside = SqliteStore::open_shared(&folder.file(), false, noon()).await.unwrap();
    let reader = SqliteStore::open_read_only(&folder.file()).await.unwrap();
    let (new, run) = new_source(1);
    assert!(matches!(beside.create_source(new.clone(), run, noon()).await.unwrap(), Created::New(_)));
    assert_eq!(daemon.candidates(noon(), 10).await.unwrap().len(), 1);
    assert_eq!(reader.sources(&SourceFilter::default()).await.unwrap().len(), 1);
    let refused = beside.expire(noon(), 1).await.unwrap_err();
    assert!(refused.to_string().contains("only the daemon does this"), "{refused}");
    let refused = reader.create_source(new, run, noon()).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
}

#[tokio::test]
async fn writers_of_two_processes_take_turns() {
    let folder = Folder::new();
    let daemon = Arc::new(folder.daemon().await.unwrap());
    let beside = Arc::new(SqliteStore::open_shared(&folder.file(), false, noon()).await.unwrap());
    let tasks: Vec<_> = (0..40_u128)
        .map(|n| {
            let store = Arc::clone(if n % 2 == 0 { &daemon } else { &beside });
            // Half of the identities are wished for on both sides.
            let (new, _) = new_source(n);
            let new = NewSource { identifier: (n / 2).to_string(), ..new };
            tokio::spawn(async move { store.create_source(new, RunId::from_bits(n), noon()).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += usize::from(matches!(task.await.unwrap(), Created::New(_)));
    }
    assert_eq!((made, daemon.candidates(noon(), 100).await.unwrap().len()), (20, 20));
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let folder = Folder::new();
    folder.daemon().await.unwrap().close().await;
    tamper(&folder.file(), "INSERT INTO schema_version VALUES (99, 'later', 0)").await;
    let before = std::fs::read(folder.file()).unwrap();
    let errors = [
        folder.daemon().await.err(),
        SqliteStore::open_shared(&folder.file(), true, noon()).await.err(),
        SqliteStore::open_read_only(&folder.file()).await.err(),
    ];
    for error in errors {
        let Some(StoreError::TooNew { found: 99, known, .. }) = error else { panic!("{error:?}") };
        assert_eq!(known, schema::KNOWN);
    }
    assert_eq!(std::fs::read(folder.file()).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_left_alone() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "this is a letter, not a database; it is long enough to be one".repeat(100)).unwrap();
    let error = folder.daemon().await.err().unwrap().to_string();
    assert!(error.contains("tidegate.db") && error.contains("not a database"), "{error}");
    let folder = Folder::new();
    tamper(&folder.file(), "CREATE TABLE bookmark (url TEXT)").await;
    let error = folder.daemon().await.err().unwrap().to_string();
    assert!(error.contains("tidegate.db") && error.contains("of another program"), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written() {
    // No file can be made there, not even by root.
    let error = SqliteStore::open(Path::new("/proc/tidegate.db"), options()).await.err();
    assert!(matches!(error, Some(StoreError::ReadOnly { .. })), "{error:?}");
    let folder = Folder::new();
    let error = SqliteStore::open(&folder.0.path().join("no/such/tidegate.db"), options()).await.err().unwrap();
    assert!(error.to_string().contains("its folder does not exist"), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written() {
    let folder = Folder::new();
    let store = folder.daemon().await.unwrap();
    pragma(&store, "PRAGMA query_only = ON").await;
    let (new, run) = new_source(1);
    let error = store.create_source(new, run, noon()).await.unwrap_err();
    let StoreError::ReadOnly { file, .. } = error else { panic!("{error:?}") };
    assert_eq!(file, folder.file().display().to_string());
}

async fn pragma(store: &SqliteStore, sql: &'static str) {
    let work: Work<()> = Box::new(move |conn| {
        Box::pin(async move {
            sqlx::query(sql).persistent(false).execute(conn).await?;
            Ok(())
        })
    });
    store.write("test", work).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    let folder = Folder::new();
    let store = Arc::new(folder.daemon().await.unwrap());
    pragma(&store, "PRAGMA max_page_count = 60").await;
    let create = |n: u128| {
        let store = Arc::clone(&store);
        let (new, run) = new_source(n);
        let new = NewSource { identifier: format!("{n}{}", "x".repeat(2000)), ..new };
        tokio::spawn(async move { (n, store.create_source(new, run, noon()).await) })
    };
    let tasks: Vec<_> = (1..=100).map(create).collect();
    let (mut made, mut refused) = (Vec::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            (n, Ok(_)) => made.push(SourceId::from_bits(n)),
            (_, Err(StoreError::DiskFull { file, .. })) => {
                assert_eq!(file, folder.file().display().to_string());
                refused += 1;
            }
            (_, Err(other)) => panic!("{other}"),
        }
    }
    assert!(refused > 0, "the disk was too large");
    let there = |store: Arc<SqliteStore>| async move {
        let found = store.sources(&SourceFilter::default()).await.unwrap();
        found.into_iter().map(|source| source.id).collect::<Vec<_>>()
    };
    made.sort();
    assert_eq!(there(Arc::clone(&store)).await, made, "what was said to be written is, and nothing else");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    pragma(&store, "PRAGMA max_page_count = 100000").await;
    let (n, answer) = create(1000).await.unwrap();
    answer.unwrap();
    assert!(there(store).await.contains(&SourceId::from_bits(n)));
}

#[tokio::test]
async fn durability_is_as_promised() {
    let folder = Folder::new();
    let store = folder.daemon().await.unwrap();
    let expected = [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA mmap_size", "0"),
    ];
    for (sql, value) in expected {
        let work: Work<String> = Box::new(move |conn| {
            Box::pin(async move {
                let row = sqlx::query(sql).persistent(false).fetch_one(conn).await?;
                use sqlx::Row as _;
                Ok(row.try_get_unchecked::<String, _>(0)?)
            })
        });
        assert_eq!(store.write("test", work).await.unwrap(), value, "{sql}");
    }
}

/// A database of version 2, as far as it matters here: what was asked for is not ordered later than that.
#[tokio::test]
async fn orders_of_before_have_their_time() {
    use crate::store::conformance::actor_runs::{again, put_away};
    use crate::store::conformance::world::at;
    let folder = Folder::new();
    let store = folder.daemon().await.unwrap();
    let (_, _, intent) = put_away(&store, "one").await;
    store.close().await;
    tamper(
        &folder.file(),
        "DROP INDEX run_leased; DROP INDEX source_put_off; DROP INDEX source_followed;
        DROP INDEX actor_run_ordered; ALTER TABLE actor_run DROP COLUMN ordered_at;
        DROP TABLE follower_hour; DROP TABLE follow; DROP TABLE follower;
        ALTER TABLE source DROP COLUMN followers; ALTER TABLE source DROP COLUMN facts;
        DROP INDEX run_extra; DROP TABLE alert; DROP TABLE alert_hit;
        DROP INDEX source_tenant_due; DROP TABLE rate; DROP TABLE host;
        DROP TABLE plugin_fault; DROP TABLE plugin_quarantine; ALTER TABLE ledger DROP COLUMN zone;
        DROP TABLE plugin_version; DROP TABLE plugin_fault_total; DROP INDEX source_plugin_missing;
        ALTER TABLE run DROP COLUMN plugin; DROP INDEX page_of_profile; ALTER TABLE page DROP COLUMN profile;
        ALTER TABLE page DROP COLUMN kept_bytes; ALTER TABLE page DROP COLUMN left_out;
        DELETE FROM schema_version WHERE version >= 3",
    )
    .await;
    let store = folder.daemon().await.unwrap();
    let resumed = again(&store, at(5)).await.remove(0).resume.unwrap().intent;
    assert_eq!(resumed, intent);
}
