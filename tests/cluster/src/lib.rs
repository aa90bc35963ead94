//! PostgreSQL for tests: a cluster of their own, from the system's binaries, in a temporary folder.
//!
//! Owns: finding the binaries, making, starting and stopping clusters, and a database for each test. Must not know: tidegate's
//! schema. Used by the store's tests and the end-to-end tests. Where there are no binaries the tests say that they were skipped;
//! with `postgres` in `TIDEGATE_REQUIRE` (a list with commas) they fail instead.

mod cluster;
mod database;
mod find;

use std::sync::OnceLock;

pub use cluster::{Cluster, Durability};
pub use database::Database;

/// The cluster of this process, started when first asked for and stopped when the process ends, whatever way it ends. What it
/// writes is not flushed: it is quick, and gone after a crash of the machine.
///
/// `None`: this machine has no PostgreSQL, which has been said.
///
/// # Panics
/// If there is none but `TIDEGATE_REQUIRE` has `postgres`, or if it does not start.
#[must_use]
pub fn shared() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| own(Durability::Quick)).as_ref();
    if cluster.is_none() {
        say("skipped: there is no PostgreSQL on this machine");
    }
    cluster
}

/// A cluster for one test alone, which may stop it.
///
/// # Panics
/// As [`shared`].
#[must_use]
#[expect(clippy::panic, reason = "a test cannot go on without what it needs")]
pub fn own(durability: Durability) -> Option<Cluster> {
    match find::binaries() {
        Ok(binaries) => match Cluster::start(&binaries, durability) {
            Ok(cluster) => Some(cluster),
            Err(why) => panic!("PostgreSQL in {} does not start: {why}", binaries.display()),
        },
        Err(why) => {
            assert!(!required(), "TIDEGATE_REQUIRE has postgres, but: {why}");
            say(&format!("skipped: {why}"));
            None
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own switch, as in the other tests")]
fn required() -> bool {
    std::env::var("TIDEGATE_REQUIRE").unwrap_or_default().split(',').any(|name| name.trim() == "postgres")
}

#[expect(clippy::print_stderr, reason = "a person has to see what was not tested")]
fn say(line: &str) {
    eprintln!("{line}");
}
