//! `migrate`: brings the database to the schema of this version.

use serde_json::json;

use super::args::Place;
use super::error::{CliError, Exit};
use super::home::{Database, Home};
use super::output::Output;
use crate::ports::{Clock, Store};
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::system::SystemClock;

/// Runs `migrate`.
pub(super) async fn migrate(place: &Place, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let (database, now) = (home.database(), SystemClock.now());
    let versions = match &database {
        Database::File(file) => {
            // Opening it is what brings a file up to date.
            let store = SqliteStore::open_shared(file, true, now).await?;
            store.close().await;
            None
        }
        Database::Server(url) => Some(PostgresStore::migrate(url, now).await?),
    };
    let data = json!({
        "database": database.to_string(),
        "from": versions.map(|(from, _)| from),
        "to": versions.map(|(_, to)| to),
    });
    output.data(&data, |_| match versions {
        Some((from, to)) if from == to => format!("{database} is up to date: schema version {to}"),
        Some((from, to)) => format!("{database}: schema version {from} -> {to}"),
        None => format!("{database} is up to date"),
    })?;
    Ok(Exit::Ok)
}
