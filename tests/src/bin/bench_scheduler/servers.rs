//! Where databases are made: a folder for files, and a PostgreSQL of the bench's own.
//!
//! Owns: both, and the CPU that the server has used. Must not know: what is in a database.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tidegate_cluster::{Cluster, Durability};
use tidegate_tests::{Trouble, measure};

use crate::Kind;
use crate::database::{Database, odd};

/// Everything that databases need. Gone when dropped, with all of them.
pub(crate) struct Servers {
    folder: TempDir,
    cluster: Option<Cluster>,
    sqlite: bool,
    runtime: tokio::runtime::Runtime,
}

impl Servers {
    /// Starts what these kinds need. Without PostgreSQL on the machine it says so, and goes on without.
    pub(crate) fn start(disk: &Path, kinds: &[Kind]) -> Result<Self, Trouble> {
        let folder = tempfile::Builder::new().prefix("bench-scheduler-").tempdir_in(disk);
        let folder = folder.map_err(odd("making a directory for databases"))?;
        let cluster = if kinds.contains(&Kind::Postgres) { tidegate_cluster::own(Durability::Full) } else { None };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(odd("starting the async runtime"))?;
        Ok(Self { folder, cluster, sqlite: kinds.contains(&Kind::Sqlite), runtime })
    }

    /// The kinds there are.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let sqlite = self.sqlite.then_some(Kind::Sqlite);
        sqlite.into_iter().chain(self.cluster.as_ref().map(|_| Kind::Postgres)).collect()
    }

    /// A folder of that name among the files.
    pub(crate) fn folder(&self, name: &str) -> Result<std::path::PathBuf, Trouble> {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).map_err(odd("making a directory"))?;
        Ok(path)
    }

    /// Runs to its end.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// An empty database with the newest schema.
    pub(crate) fn database(&self, kind: Kind, name: &str) -> Result<Database, Trouble> {
        let database = match (kind, &self.cluster) {
            (Kind::Postgres, Some(cluster)) => {
                let admin = Database::Server(cluster.url("postgres"));
                self.wait(admin.exec(&format!("CREATE DATABASE {name} TEMPLATE template0")))?;
                Database::Server(cluster.url(name))
            }
            _ => Database::File(self.folder(name)?.join("tidegate.db")),
        };
        self.wait(database.make())?;
        Ok(database)
    }

    /// Deletes a database of [`Servers::database`]: some are large.
    pub(crate) fn drop(&self, kind: Kind, name: &str) -> Result<(), Trouble> {
        match (kind, &self.cluster) {
            (Kind::Postgres, Some(cluster)) => {
                let admin = Database::Server(cluster.url("postgres"));
                self.wait(admin.exec(&format!("DROP DATABASE {name} WITH (FORCE)")))
            }
            _ => std::fs::remove_dir_all(self.folder.path().join(name)).map_err(odd("deleting a database")),
        }
    }

    /// The cluster.
    pub(crate) const fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// CPU of the PostgreSQL server's processes that live.
    pub(crate) fn server_cpu(&self) -> Duration {
        let Some(cluster) = &self.cluster else { return Duration::ZERO };
        let file = cluster.socket_dir().join("data/postmaster.pid");
        let pid = std::fs::read_to_string(file).unwrap_or_default().lines().next().and_then(|line| line.parse().ok());
        let Some(pid) = pid else { return Duration::ZERO };
        let ours = |process: &u32| *process == pid || parent(*process) == Some(pid);
        processes().filter(ours).filter_map(|one| measure::usage(one).ok()).map(|usage| usage.cpu).sum()
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}
