//! `profile list|check`.

use std::path::PathBuf;

use serde_json::{Value, json};
use tidegate_core::overrides;

use super::args::{Place, ProfileCommand};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::{Output, table};
use crate::config::{ConfigError, ProfileFile, check_overrides, parse_profile};
use crate::plugins::Catalogue;

/// Runs a `profile` command.
pub(super) async fn profile(place: &Place, command: &ProfileCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        ProfileCommand::List => list(&home, output),
        ProfileCommand::Check { files } => check(&home, files, output).await,
    }
}

fn list(home: &Home, output: Output) -> Result<Exit, CliError> {
    let profiles = home.profiles()?;
    let refused: Vec<Value> =
        profiles.refused.iter().map(|error| json!({ "place": error.place, "message": error.message, "hint": error.hint })).collect();
    let usable: Vec<Value> = profiles
        .usable
        .values()
        .map(|file| {
            let mut value = json!(file.profile);
            if let Value::Object(object) = &mut value {
                object.insert("place".to_owned(), json!(file.place));
            }
            value
        })
        .collect();
    output.data(&json!({ "profiles": usable, "refused": refused }), |_| {
        let mut rows: Vec<Vec<String>> = profiles
            .usable
            .values()
            .map(|ProfileFile { place, profile }| {
                vec![
                    profile.name.to_string(),
                    profile.plugin.clone(),
                    profile.kind.clone(),
                    profile.schedule.to_string(),
                    profile.caps.max_items.to_string(),
                    place.clone(),
                ]
            })
            .collect();
        let refused = profiles.refused.iter().map(|error| {
            vec![error.place.clone(), "-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned(), "refused".to_owned()]
        });
        rows.extend(refused);
        table(&["NAME", "PLUGIN", "KIND", "SCHEDULE", "MAX ITEMS", "FROM"], &rows)
    })?;
    Ok(Exit::Ok)
}

async fn check(home: &Home, files: &[PathBuf], output: Output) -> Result<Exit, CliError> {
    let catalogue = home.catalogue().await?;
    let mut found: Vec<ProfileFile> = Vec::new();
    let mut wrong: Vec<ConfigError> = Vec::new();
    if files.is_empty() {
        let profiles = home.profiles()?;
        found.extend(profiles.usable.into_values());
        wrong.extend(profiles.refused);
    }
    for file in files {
        let place = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| CliError::not_found(format!("{place} cannot be read: {error}")))?;
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        match parse_profile(name, &text, &place) {
            Ok(profile) => found.push(ProfileFile { place, profile }),
            Err(error) => wrong.push(error),
        }
    }
    let mut right = Vec::new();
    for file in found {
        match against_plugin(&file, &catalogue) {
            Ok(()) => right.push(file.profile.name.to_string()),
            Err(error) => wrong.push(error),
        }
    }
    let told: Vec<Value> =
        wrong.iter().map(|error| json!({ "place": error.place, "message": error.message, "hint": error.hint })).collect();
    output.data(&json!({ "right": right, "wrong": told }), |_| {
        let mut text: String = right.iter().map(|name| format!("{name}: in order\n")).collect();
        for error in &wrong {
            text.push_str(&format!("{error}\n"));
            if let Some(hint) = &error.hint {
                text.push_str(&format!("  help: {hint}\n"));
            }
        }
        text
    })?;
    Ok(if wrong.is_empty() { Exit::Ok } else { Exit::Refused })
}

/// What a profile says about its plugin, held against the plugin that is loaded.
pub(super) fn against_plugin(file: &ProfileFile, catalogue: &Catalogue) -> Result<(), ConfigError> {
    let profile = &file.profile;
    let refuse = |message: String, hint: Option<String>| ConfigError { place: file.place.clone(), message, hint };
    let plugin = catalogue.get(&profile.plugin).map_err(|unknown| refuse(format!("plugin = {:?}: {unknown}", profile.plugin), None))?;
    check_overrides(profile, plugin.manifest(), &file.place)?;
    if let Some(bad) = profile.net.allow_private.iter().find_map(|text| {
        text.parse::<tidegate_core::fetch::AllowPrivate>().err()
    }) {
        return Err(refuse(format!("net.allow_private: {bad}"), None));
    }
    let schema = plugin.manifest().kind(&profile.kind).map(|kind| overrides::schema(&kind.overrides_schema).unwrap_or_default());
    let merged = overrides::with_defaults(&schema.unwrap_or_default(), profile.overrides.clone());
    match plugin.check_overrides(&profile.kind, &Value::Object(merged)).first() {
        None => Ok(()),
        // A source may still have to bring what the schema requires.
        Some(problem) if problem.message.contains("required") => Ok(()),
        Some(problem) => {
            Err(refuse(format!("[overrides] {}: {}", problem.pointer, problem.message), Some("see the schema of the plugin's kind".to_owned())))
        }
    }
}
