//! `plugin check`: whether a component would be taken, what it is, and what could be better about it.
//!
//! Owns: the command and what it prints. Must not know: how a component is loaded, or what is found (`trial` calls it, the
//! core's `advice` reads its manifest).

mod recorded;
mod synthetic;
mod trial;

use std::path::Path;

use serde_json::{Value, json};
use tidegate_core::advice::{self, Finding, Severity};

use super::component;
use crate::cli::error::{CliError, Exit};
use crate::cli::home::Home;
use crate::cli::output::{Output, fields, table};
use crate::cli::progress::watched;
use crate::plugins::Plugin;
use trial::{Measured, Trial};

/// Runs `plugin check`.
pub(super) async fn check(home: &Home, file: &Path, fixtures: Option<&Path>, output: Output) -> Result<Exit, CliError> {
    let plugin = match component::load(home, file).await {
        Ok(plugin) => plugin,
        Err(error) => {
            if output.is_json() && error.exit == Exit::Refused {
                let remedy = error.hint.clone().unwrap_or_default();
                let found = Finding::error(file.display().to_string(), error.message.clone(), remedy);
                output.data(&json!({ "name": null, "version": null, "findings": [found] }), |_| String::new())?;
            }
            return Err(error);
        }
    };
    let mut found = advice::of_manifest(plugin.manifest());
    if !plugin.wasi_imports().is_empty() {
        let what = format!(
            "it imports {} WASI interfaces, which are linked with nothing behind them",
            plugin.wasi_imports().len()
        );
        let remedy = "no files, names or sockets; a clock that stands at the job's `now`, random numbers that are always the \
                      same; operators may refuse it (plugins.wasi)";
        found.push(Finding::note("imports", what, remedy));
    }
    let mut trial = Trial::new(&plugin);
    watched("calling the component", async {
        synthetic::run(&mut trial).await;
        match fixtures {
            Some(folder) => recorded::run(&mut trial, folder).await,
            None => Ok(()),
        }
    })
    .await?;
    let (tried, measured) = trial.end();
    found.extend(tried);
    found.sort_by_key(|finding| finding.severity);
    let wrong = found.iter().any(|finding| finding.severity == Severity::Error);
    output.data(&data(&plugin, &found, &measured), |_| told(&plugin, &found, &measured))?;
    Ok(if wrong { Exit::Refused } else { Exit::Ok })
}

fn kinds(plugin: &Plugin) -> Vec<&str> {
    plugin.manifest().kinds.iter().map(|kind| kind.name.as_str()).collect()
}

fn data(plugin: &Plugin, found: &[Finding], measured: &[Measured]) -> Value {
    json!({
        "name": plugin.name(),
        "version": plugin.version(),
        "digest": plugin.digest().to_string(),
        "track": plugin.track().to_string(),
        "kinds": kinds(plugin),
        "wasi_imports": plugin.wasi_imports(),
        "takes_deliveries": plugin.takes_deliveries(),
        "findings": found,
        "calls": measured,
    })
}

fn told(plugin: &Plugin, found: &[Finding], measured: &[Measured]) -> String {
    let wasi = plugin.wasi_imports();
    let mut text = fields(&[
        ("plugin", Some(format!("{} {}", plugin.name(), plugin.version()))),
        ("digest", Some(plugin.digest().to_string())),
        ("track", Some(plugin.track().to_string())),
        ("kinds", Some(kinds(plugin).join(", "))),
        ("wasi imports", Some(if wasi.is_empty() { "none".to_owned() } else { wasi.join(", ") })),
    ]);
    text.push_str("in order: contract, imports, limits, schema, examples\n\n");
    let row = |one: &Measured| {
        let calls = one.calls.to_string();
        vec![
            one.call.to_owned(),
            calls,
            format!("{:.1} ms", one.cpu_ms),
            format!("{:.1} MiB", one.memory_mib),
            one.at.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
    text.push_str(&table(&["CALL", "TIMES", "CPU AT MOST", "MEMORY AT MOST", "WITH"], &rows));
    text.push('\n');
    for finding in found {
        let (what, place) = (printable(&finding.what), printable(&finding.place));
        text.push_str(&format!(
            "{}: {place}: {what}\n  help: {}\n",
            finding.severity.word(),
            printable(&finding.remedy)
        ));
    }
    let count = |severity| found.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    text.push_str(&format!("{errors} errors, {warnings} warnings, {} notes\n", count(Severity::Note)));
    text
}

/// What a plugin wrote, on one line and without control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
