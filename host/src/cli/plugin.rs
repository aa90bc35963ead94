//! `plugin list|check|release`.
//!
//! Owns: what is said of plugins. Must not know: how they are loaded, or what puts one into quarantine.

use std::path::Path;

use serde_json::{Value, json};
use tidegate_core::nearest::nearest;
use tidegate_core::quarantine::Quarantine;

use super::args::{Place, PluginCommand};
use super::error::{CliError, Exit};
use super::home::{Database, Home};
use super::output::{Output, fields, table};
use super::progress::watched;
use crate::plugins::{Entry, Origin, State};

/// Runs a `plugin` command.
pub(super) async fn plugin(place: &Place, command: &PluginCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        PluginCommand::List => list(&home, output).await,
        PluginCommand::Check { file } => check(&home, file, output).await,
        PluginCommand::Release { name } => release(&home, name, output).await,
    }
}

async fn list(home: &Home, output: Output) -> Result<Exit, CliError> {
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
pub(super) async fn quarantines(home: &Home) -> Result<Vec<Quarantine>, CliError> {
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

async fn release(home: &Home, name: &str, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let released = store.release(name, None).await;
    let held = store.quarantines().await;
    store.close().await;
    if !released? {
        let names: Vec<String> = held?.into_iter().map(|held| held.plugin).collect();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => "`tidegate plugin list` shows what is".to_owned(),
        };
        return Err(CliError::not_found(format!("plugin {name:?} is not in quarantine")).hint(hint));
    }
    output.data(&json!({ "plugin": name, "released": true }), |_| {
        format!("plugin {name} serves again; its sources are looked at now, and its faults are forgotten\n")
    })?;
    Ok(Exit::Ok)
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

async fn check(home: &Home, file: &Path, output: Output) -> Result<Exit, CliError> {
    let room = home.room(None)?;
    let bytes = read_component(file)?;
    let origin = Origin::File(file.to_path_buf());
    let loaded = watched("checking the component", room.load(bytes, origin)).await;
    let plugin = match loaded {
        Ok(plugin) => plugin,
        Err(refusal) => {
            let hint = refusal.kind.remedy();
            return Err(CliError::refused(format!("{} was refused: {}", file.display(), refusal.kind)).hint(hint));
        }
    };
    let kinds: Vec<&str> = plugin.manifest().kinds.iter().map(|kind| kind.name.as_str()).collect();
    let data = json!({
        "name": plugin.name(),
        "version": plugin.version(),
        "digest": plugin.digest().to_string(),
        "track": plugin.track().to_string(),
        "kinds": kinds,
        "wasi_imports": plugin.wasi_imports(),
        "takes_deliveries": plugin.takes_deliveries(),
    });
    output.data(&data, |_| {
        let wasi = plugin.wasi_imports();
        let mut text = fields(&[
            ("plugin", Some(format!("{} {}", plugin.name(), plugin.version()))),
            ("digest", Some(plugin.digest().to_string())),
            ("track", Some(plugin.track().to_string())),
            ("kinds", Some(kinds.join(", "))),
            ("wasi imports", Some(if wasi.is_empty() { "none".to_owned() } else { wasi.join(", ") })),
        ]);
        text.push_str("in order: contract, imports, limits, schema, examples\n");
        text
    })?;
    Ok(Exit::Ok)
}

/// The bytes of a component, no more than may be loaded.
fn read_component(file: &Path) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let refuse = |error: std::io::Error| CliError::not_found(format!("{} cannot be read: {error}", file.display()));
    let most = u64::try_from(tidegate_core::limits::COMPONENT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(refuse)?.take(most).read_to_end(&mut bytes).map_err(refuse)?;
    Ok(bytes)
}
