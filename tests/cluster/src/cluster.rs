//! A cluster: made, started, stopped.
//!
//! Owns: the folder and the server's life. A shell that waits for the end of a pipe stops the server and deletes the folder:
//! the pipe ends with this process, whatever way that ends. Must not know: what the databases hold.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::find;

/// Whether what is committed is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It is not flushed: for tests of everything else.
    Quick,
    /// As in production.
    Full,
}

/// Who connects.
const USER: &str = "tidegate";

/// What stops the server and cleans up: `$1` the programs, `$2` the folder. Signals of a terminal are for the tests.
const GUARD: &str = r#"trap '' INT TERM HUP
read -r _
"$1/pg_ctl" -D "$2/data" -m immediate stop
cd / && rm -rf "$2"
"#;

/// A running server, alone in its folder, that is reached by a socket there. Stopped when dropped, and when the process ends.
pub struct Cluster {
    binaries: PathBuf,
    folder: TempDir,
    settings: String,
    guard: Child,
    databases: AtomicU32,
}

impl Cluster {
    pub(crate) fn start(binaries: &Path, durability: Durability) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("tidegate-pg-").tempdir().map_err(|error| error.to_string())?;
        if let Some((user, group)) = find::user() {
            chown(folder.path(), Some(user), Some(group)).map_err(|error| error.to_string())?;
        }
        let data = folder.path().join("data");
        let mut initdb = program(binaries, "initdb", folder.path());
        initdb.args(["--no-locale", "--encoding=UTF8", "--auth=trust", "--no-sync", "--username", USER, "--pgdata"]);
        run(initdb.arg(&data))?;
        let flush = match durability {
            Durability::Quick => "-c fsync=off -c full_page_writes=off",
            Durability::Full => "-c fsync=on",
        };
        let socket = folder.path().display();
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{socket}' -c max_connections=200 -c shared_buffers=64MB {flush}"
        );
        let guard = guard(binaries, folder.path())?;
        let cluster = Self { binaries: binaries.to_path_buf(), folder, settings, guard, databases: AtomicU32::new(1) };
        cluster.up()?;
        Ok(cluster)
    }

    /// The folder of the server's socket (`.s.PGSQL.5432`).
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@localhost/{database}?host={}", self.socket_dir().display())
    }

    /// A name nobody has had.
    pub(crate) fn fresh_name(&self) -> String {
        format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// Starts the server after [`Cluster::down`].
    ///
    /// # Errors
    /// What it said.
    pub fn up(&self) -> Result<(), String> {
        let log = self.folder.path().join("log");
        let mut command = self.pg_ctl();
        command.arg("--log").arg(&log).args(["--options", &self.settings, "--wait", "--timeout=60", "start"]);
        run(&mut command).map_err(|why| format!("{why}; {}", std::fs::read_to_string(&log).unwrap_or_default()))
    }

    /// Stops the server: `fast` ends its sessions, `immediate` is as good as a crash.
    ///
    /// # Errors
    /// What it said.
    pub fn down(&self, mode: &str) -> Result<(), String> {
        run(self.pg_ctl().args(["--mode", mode, "--wait", "stop"]))
    }

    fn pg_ctl(&self) -> Command {
        let mut command = program(&self.binaries, "pg_ctl", self.folder.path());
        command.arg("--silent").arg("--pgdata").arg(self.folder.path().join("data"));
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // The folder goes after this.
        let _ended = self.guard.wait();
    }
}

fn guard(binaries: &Path, folder: &Path) -> Result<Child, String> {
    let mut command = as_user("sh", folder);
    command.args(["-c", GUARD, "sh"]).arg(binaries).arg(folder);
    // Ctrl-C goes to a whole group; this one has its own.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("sh: {error}"))
}

fn program(binaries: &Path, name: &str, folder: &Path) -> Command {
    as_user(binaries.join(name), folder)
}

/// A command run by whom the server lets run it, in the cluster's folder.
fn as_user(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some((user, group)) = find::user() {
        command.uid(user).gid(group);
    }
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    // Into files: a server that is started keeps what it was given open for good, and a pipe would never end.
    let said = tempfile::tempfile().map_err(|error| error.to_string())?;
    let copy = said.try_clone().map_err(|error| error.to_string())?;
    let told = said.try_clone().map_err(|error| error.to_string())?;
    let status = command.stdout(copy).stderr(told).status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}: {}", text(said))) }
}

fn text(mut file: std::fs::File) -> String {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    let _read = file.rewind().and_then(|()| file.read_to_string(&mut text).map(drop));
    text
}
