//! `plugin list`: what serves, what was refused, what is out of service.
//!
//! Owns: what is said of plugins. Must not know: how they are loaded, or what puts one into quarantine.

use serde_json::{Value, json};
use tidegate_core::quarantine::Quarantine;

use crate::cli::error::{CliError, Exit};
use crate::cli::home::{Database, Home};
use crate::cli::output::{Output, table};
use crate::plugins::{Entry, State};

/// Runs `plugin list`.
pub(super) async fn list(home: &Home, output: Output) -> Result<Exit, CliError> {
    let entries = home.catalogue().await?.list();
    let held = quarantines(home).await?;
    let data: Vec<Value> = entries.iter().map(|entry| described(entry, of(&held, entry))).collect();
    output.data(&json!({ "plugins": data }), |_| {
        let rows: Vec<Vec<String>> = entries.iter().map(|entry| row(entry, of(&held, entry))).collect();
        table(&["NAME", "VERSION", "TRACK", "KINDS", "STATE", "FROM"], &rows)
    })?;
    Ok(Exit::Ok)
}

/// Versions that are out of service. Without a database there is none.
pub(in crate::cli) async fn quarantines(home: &Home) -> Result<Vec<Quarantine>, CliError> {
    if let Database::File(file) = home.database()
        && !file.exists()
    {
        return Ok(Vec::new());
    }
    let store = home.existing_store().await?;
    let held = store.quarantines().await;
    store.close().await;
    Ok(held?)
}

/// The quarantine of a component, if it is in one.
fn of<'q>(held: &'q [Quarantine], entry: &Entry) -> Option<&'q Quarantine> {
    let digest = entry.digest?.to_string();
    held.iter().find(|held| Some(&held.plugin) == entry.name.as_ref() && held.digest == digest)
}

fn row(entry: &Entry, held: Option<&Quarantine>) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        or_dash(entry.name.clone()),
        or_dash(entry.version.clone()),
        or_dash(entry.track.map(|track| track.to_string())),
        entry.kinds.join(","),
        match &entry.state {
            State::Live => held.map_or_else(|| "live".to_owned(), |held| format!("in quarantine since {}", held.since)),
            State::Replaced { by } => format!("replaced by {}", by.display()),
            State::Refused { reason, serving: None } => format!("refused: {}", reason.kind),
            State::Refused { reason, serving: Some(version) } => {
                format!("refused: {} ({version} serves on)", reason.kind)
            }
        },
        entry.origin.to_string(),
    ]
}

fn described(entry: &Entry, held: Option<&Quarantine>) -> Value {
    let (state, reason) = match &entry.state {
        State::Live => ("live", None),
        State::Replaced { by } => ("replaced", Some(format!("by {}", by.display()))),
        State::Refused { reason, .. } => ("refused", Some(reason.to_string())),
    };
    json!({
        "name": entry.name,
        "version": entry.version,
        "digest": entry.digest.map(|digest| digest.to_string()),
        "track": entry.track.map(|track| track.to_string()),
        "kinds": entry.kinds,
        "wasi_imports": entry.wasi_imports,
        "origin": entry.origin.to_string(),
        "state": state,
        "reason": reason,
        "quarantine": held,
    })
}
