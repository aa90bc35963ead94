//! `profile list|check|schema`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_core::id::ProfileName;
use tidegate_core::overrides;

use super::args::{Place, ProfileCommand};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::{Output, print, table};
use super::rehearsal::rehearse;
use crate::config::{
    ConfigError, Process, ProfileFile, check_credential, check_overrides, parse_profile, profile_schema, warnings,
};
use crate::plugins::Catalogue;
use crate::ports::{Absent, Clock, Plugins};
use crate::system::SystemClock;

/// Runs a `profile` command.
pub(super) async fn profile(place: &Place, command: &ProfileCommand, output: Output) -> Result<Exit, CliError> {
    match command {
        ProfileCommand::List => list(&Home::find(place)?, output),
        ProfileCommand::Check { files } => Box::pin(check(&Home::find(place)?, files, output)).await,
        ProfileCommand::Schema => {
            // JSON either way: it is for a file that editors read.
            print(&profile_schema_text())?;
            Ok(Exit::Ok)
        }
    }
}

/// The JSON Schema of a profile as `profiles/schema.json` has it.
pub(super) fn profile_schema_text() -> String {
    serde_json::to_string_pretty(&profile_schema()).unwrap_or_default()
}

fn list(home: &Home, output: Output) -> Result<Exit, CliError> {
    let profiles = home.profiles()?;
    let refused: Vec<Value> = profiles
        .refused
        .iter()
        .map(|error| json!({ "place": error.place, "message": error.message, "hint": error.hint }))
        .collect();
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
            vec![
                error.place.clone(),
                "-".to_owned(),
                "-".to_owned(),
                "-".to_owned(),
                "-".to_owned(),
                "refused".to_owned(),
            ]
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
        match named(home, file)? {
            Ok(profile) => found.push(profile),
            Err(error) => wrong.push(error),
        }
    }
    let mut right = Vec::new();
    let mut doubtful = Vec::new();
    for file in found {
        match in_order(&file, home, &catalogue).await {
            Ok(()) => right.push(file.profile.name.to_string()),
            Err(error) => wrong.push(error),
        }
        doubtful.extend(warnings(&file.profile, &file.place));
        doubtful.extend(kept_for(&file, &catalogue));
    }
    let told = |errors: &[ConfigError]| -> Vec<Value> {
        let told = errors.iter();
        told.map(|error| json!({ "place": error.place, "message": error.message, "hint": error.hint })).collect()
    };
    let data = json!({ "right": right, "wrong": told(&wrong), "warnings": told(&doubtful) });
    output.data(&data, |_| {
        let mut text: String = right.iter().map(|name| format!("{name}: in order\n")).collect();
        let errors = wrong.iter().map(|error| ("", error));
        for (word, error) in errors.chain(doubtful.iter().map(|warning| ("warning: ", warning))) {
            text.push_str(&format!("{word}{error}\n"));
            if let Some(hint) = &error.hint {
                text.push_str(&format!("  help: {hint}\n"));
            }
        }
        text
    })?;
    Ok(if wrong.is_empty() { Exit::Ok } else { Exit::Refused })
}

/// The profile in a file; or the one of that name among those of the daemon, which is easier to type.
fn named(home: &Home, given: &Path) -> Result<Result<ProfileFile, ConfigError>, CliError> {
    let place = given.display().to_string();
    let name = given.to_str().and_then(|text| text.parse::<ProfileName>().ok());
    if let (Some(name), false) = (name, given.is_file()) {
        let mut profiles = home.profiles()?;
        if let Some(file) = profiles.usable.remove(&name) {
            return Ok(Ok(file));
        }
        let stem = |error: &ConfigError| stem_of(&error.place) == Some(name.as_str());
        if let Some(error) = profiles.refused.into_iter().find(stem) {
            return Ok(Err(error));
        }
        let message = format!("there is neither a profile nor a file {place}");
        return Err(CliError::not_found(message).hint("`tidegate profile list` shows what there is"));
    }
    let text = std::fs::read_to_string(given)
        .map_err(|error| CliError::not_found(format!("{place} cannot be read: {error}")))?;
    let name = given.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    Ok(parse_profile(name, &text, &place).map(|profile| ProfileFile { place, profile }))
}

/// The name of the profile at a place: "profiles/quick.toml:3" is of "quick".
fn stem_of(place: &str) -> Option<&str> {
    let file = place.split_once(".toml").map_or(place, |(before, _)| before);
    file.rsplit('/').next()
}

/// A profile held against everything it names: the plugin that is loaded, the credentials, and what its runs would order.
pub(super) async fn in_order(file: &ProfileFile, home: &Home, catalogue: &Catalogue) -> Result<(), ConfigError> {
    against_plugin(file, catalogue)?;
    check_credential(&file.profile, &home.config, &Process, &file.place)?;
    match catalogue.of(&file.profile) {
        Ok(plugin) => rehearse(file, &*plugin, SystemClock.now()).await.map_or(Ok(()), Err),
        // Gone since it was looked at.
        Err(_) => Ok(()),
    }
}

/// A profile whose pinned component is not in the directory any more, and serves from where it was kept.
pub(super) fn kept_for(file: &ProfileFile, catalogue: &Catalogue) -> Option<ConfigError> {
    let (profile, pin) = (&file.profile, file.profile.plugin_digest.as_ref()?);
    let live = catalogue.get(&profile.plugin).ok()?;
    if pin.is(&live.digest().to_string()) || catalogue.of(profile).is_err() {
        return None;
    }
    let message = format!(
        "profile {} is served by the component it pins, which was kept; plugin {} is here as sha256:{} ({})",
        profile.name,
        profile.plugin,
        live.digest(),
        live.version()
    );
    let hint =
        format!("to go on to the new one, write plugin_digest = \"sha256:{}\", or remove the pin", live.digest());
    Some(ConfigError { place: file.place.clone(), message, hint: Some(hint) })
}

/// What a profile says about its plugin, held against the plugin that is loaded.
fn against_plugin(file: &ProfileFile, catalogue: &Catalogue) -> Result<(), ConfigError> {
    let profile = &file.profile;
    let refuse = |message: String, hint: Option<String>| ConfigError { place: file.place.clone(), message, hint };
    let live = catalogue
        .get(&profile.plugin)
        .map_err(|unknown| refuse(format!("plugin = {:?}: {unknown}", profile.plugin), None))?;
    if let (Err(Absent::Pinned), Some(pin)) = (catalogue.of(profile), &profile.plugin_digest) {
        let (name, version, digest) = (live.name(), live.version(), live.digest());
        let message = format!("plugin_digest pins {pin}, and plugin {name} is here as sha256:{digest} ({version})");
        let hint = "put the pinned component into the plugins directory in its place, or pin that one if you trust it";
        return Err(refuse(message, Some(hint.to_owned())));
    }
    let plugin = catalogue.of(profile).unwrap_or(live);
    check_overrides(profile, plugin.manifest(), &file.place)?;
    if let Some(bad) =
        profile.net.allow_private.iter().find_map(|text| text.parse::<tidegate_core::fetch::AllowPrivate>().err())
    {
        return Err(refuse(format!("net.allow_private: {bad}"), None));
    }
    let schema =
        plugin.manifest().kind(&profile.kind).map(|kind| overrides::schema(&kind.overrides_schema).unwrap_or_default());
    let merged = overrides::with_defaults(&schema.unwrap_or_default(), profile.overrides.clone());
    match plugin.check_overrides(&profile.kind, &Value::Object(merged)).first() {
        None => Ok(()),
        // A source may still have to bring what the schema requires.
        Some(problem) if problem.message.contains("required") => Ok(()),
        Some(problem) => Err(refuse(
            format!("[overrides] {}: {}", problem.pointer, problem.message),
            Some("see the schema of the plugin's kind".to_owned()),
        )),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_checked_by_its_name_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("profiles");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("quick.toml"), "plugin = \"rss\"\nkind = \"feed\"\nschedule = { every = \"1h\" }\n")
            .unwrap();
        std::fs::write(folder.join("broken.toml"), "plugin = 3\n").unwrap();
        let home = Home::find(&Place { dir: dir.path().to_path_buf(), config: None, database: None }).unwrap();
        let by_name = named(&home, Path::new("quick")).unwrap().unwrap();
        let by_file = named(&home, &folder.join("quick.toml")).unwrap().unwrap();
        assert_eq!(by_name.profile, by_file.profile);
        assert!(named(&home, Path::new("broken")).unwrap().unwrap_err().place.contains("broken.toml"));
        let said = named(&home, Path::new("quock")).err().unwrap();
        assert_eq!((said.exit, said.message.as_str()), (Exit::NotFound, "there is neither a profile nor a file quock"));
        let said = named(&home, Path::new("profiles/quock.toml")).err().unwrap();
        assert!(said.message.starts_with("profiles/quock.toml cannot be read"), "{said}");
    }
}
