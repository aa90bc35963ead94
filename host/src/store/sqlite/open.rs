//! Opening a database file.
//!
//! Owns: how connections are set up, the checks before the first use (SQLite's version, whose file it is, which schema),
//! and the three ways in: as the daemon, beside it, or to read only. Must not know: any table but `meta`.

use std::path::Path;
use std::sync::Mutex;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tidegate_core::id::DaemonId;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::error::File;
use super::lock::Lock;
use super::readers::Readers;
use super::writer::Writer;
use super::{Mode, SqliteStore, schema, source};
use crate::ports::StoreError;
use crate::store::trouble::Outcome;

/// Older ones can corrupt a database in WAL mode when a checkpoint meets a write
/// (<https://www.sqlite.org/wal.html#walresetbug>).
const SQLITE_LEAST: (u32, u32, u32) = (3, 51, 3);

/// How the daemon opens its database.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// Whether to make the file if there is none.
    pub create: bool,
    /// This life of the daemon.
    pub daemon: DaemonId,
    /// Now.
    pub now: UtcMillis,
}

impl SqliteStore {
    /// Opens the database as the daemon: alone, brought to the newest schema, with every parked source looked at again.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another daemon has it; [`StoreError::TooNew`], [`StoreError::ReadOnly`],
    /// [`StoreError::DiskFull`]; [`StoreError::Database`] if there is no such file and `create` is not set, if the file is
    /// no database of ours, or is damaged.
    pub async fn open(path: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        let file = File::new(path);
        exists(path, &file, options.create)?;
        let lock = Lock::take(path)?;
        let opened = async {
            let mut conn = writing(path, options.create).connect().await?;
            fit(&mut conn, &file).await?;
            schema::migrate(&mut conn, &file, options.now).await?;
            begin(&mut conn, options).await?;
            Ok(conn)
        };
        let conn = opened.await.map_err(|trouble| file.trouble("open the database", trouble))?;
        Self::with_writer(path, file, conn, Mode::Daemon, Some(lock))
    }

    /// Opens the database beside a daemon that may be running: for people's wishes (create, pause, resume, remove) and for
    /// reading. The scheduler's methods are refused.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; [`StoreError::InUse`] only if the schema is old and a daemon that knows no newer one runs.
    pub async fn open_shared(path: &Path, create: bool, now: UtcMillis) -> Result<Self, StoreError> {
        let file = File::new(path);
        exists(path, &file, create)?;
        let opened = async {
            let mut conn = writing(path, create).connect().await?;
            fit(&mut conn, &file).await?;
            if schema::version(&file, schema::found(&mut conn).await?)? < schema::KNOWN {
                // A daemon that runs on the old schema keeps it until it is stopped.
                let lock = Lock::take(path)?;
                schema::migrate(&mut conn, &file, now).await?;
                drop(lock);
            }
            Ok(conn)
        };
        let conn = opened.await.map_err(|trouble| file.trouble("open the database", trouble))?;
        Self::with_writer(path, file, conn, Mode::Shared, None)
    }

    /// Opens the database to read, whether or not a daemon runs. Every write is refused.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; a schema older than this program's is refused too.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let file = File::new(path);
        exists(path, &file, false)?;
        let readers = Readers::new(reading(path), file.clone());
        let checked = readers.read("open the database", Box::new(|conn| Box::pin(schema::found(conn)))).await?;
        let version = schema::version(&file, checked)?;
        if version < schema::KNOWN {
            let why = format!("its schema has version {version}, this tidegate needs {}; start it once", schema::KNOWN);
            return Err(file.refuse("read the database", why));
        }
        Ok(Self {
            readers,
            writer: Mutex::new(None),
            ended: tokio::sync::Mutex::new(None),
            file,
            mode: Mode::ReadOnly,
            shared_to: Mutex::default(),
        })
    }

    fn with_writer(
        path: &Path,
        file: File,
        conn: SqliteConnection,
        mode: Mode,
        lock: Option<Lock>,
    ) -> Result<Self, StoreError> {
        let readers = Readers::new(reading(path), file.clone());
        let started = Writer::start(conn, file.clone(), lock);
        let (writer, ended) = started.map_err(|error| file.refuse("start the writer of", error.to_string()))?;
        Ok(Self {
            readers,
            writer: Mutex::new(Some(writer)),
            ended: tokio::sync::Mutex::new(Some(ended)),
            file,
            mode,
            shared_to: Mutex::default(),
        })
    }
}

fn exists(path: &Path, file: &File, create: bool) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(file.refuse("open the database", "this is a directory; name a file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        let why = "its folder does not exist; create it first".to_owned();
        return Err(StoreError::ReadOnly { file: file.name().to_owned(), why });
    }
    if create || path.exists() {
        return Ok(());
    }
    Err(file.refuse("open the database", "there is no such file; start the daemon once, or name another file"))
}

fn common(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(limits::STORE_BUSY)
        .foreign_keys(true)
        .pragma("mmap_size", "0")
        // Upper bound of kibibytes of pages in memory, for each connection.
        .pragma("cache_size", format!("-{}", limits::STORE_CACHE_BYTES / limits::KIB))
        .pragma("temp_store", "MEMORY")
        // All statements are known; the largest set is the item inserts, one for each number of rows.
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

fn writing(path: &Path, create: bool) -> SqliteConnectOptions {
    common(path)
        .create_if_missing(create)
        .page_size(limits::STORE_PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", limits::STORE_WAL_PAGES.to_string())
        .pragma("journal_size_limit", limits::STORE_WAL_BYTES.to_string())
        .thread_name(|n| format!("sqlite-writer-{n}"))
}

fn reading(path: &Path) -> SqliteConnectOptions {
    common(path).read_only(true).pragma("query_only", "ON").thread_name(|n| format!("sqlite-reader-{n}"))
}

/// Checks the library, and that the file is sound enough to be read at all.
async fn fit(conn: &mut SqliteConnection, file: &File) -> Outcome<()> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut *conn).await?;
    if !new_enough(&version) {
        let (major, minor, patch) = SQLITE_LEAST;
        let why = format!(
            "this tidegate was built with SQLite {version}, which can corrupt databases; {major}.{minor}.{patch} is the least"
        );
        return Err(file.refuse("open the database", why).into());
    }
    Ok(())
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => (major, minor, patch) >= SQLITE_LEAST,
        _ => false,
    }
}

/// What the daemon writes when it starts.
async fn begin(conn: &mut SqliteConnection, options: OpenOptions) -> Outcome<()> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let meta = "INSERT INTO meta (key, value) VALUES ('created-at', ?1), ('opened-at', ?1), ('daemon', ?2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE key <> 'created-at'";
    sqlx::query(meta).bind(options.now.to_string()).bind(options.daemon.to_string()).execute(&mut *tx).await?;
    source::unpark(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions_of_sqlite() {
        for (version, fits) in
            [("3.51.3", true), ("3.52.0", true), ("4.0.0", true), ("3.51.2", false), ("3.9.9", false), ("x", false)]
        {
            assert_eq!(super::new_enough(version), fits, "{version}");
        }
    }
}
