//! `plugin test`: a project's recorded pages through its component.
//!
//! Owns: the command and what it prints. Must not know: how a case is read, run or compared (`fixtures` does).

use std::path::PathBuf;

use serde_json::{Value, json};

use super::component;
use crate::cli::args::PluginTest;
use crate::cli::error::{CliError, Exit};
use crate::cli::fixtures::{self, Difference, Settled};
use crate::cli::home::Home;
use crate::cli::output::{Output, short};
use crate::plugins::Plugin;

/// What became of one case.
struct Told {
    name: String,
    state: &'static str,
    /// A fault, or what the host would refuse.
    trouble: Vec<String>,
    differences: Vec<Difference>,
}

impl Told {
    fn is_well(&self) -> bool {
        matches!(self.state, "same" | "written")
    }
}

/// Runs `plugin test`.
pub(super) async fn test(home: &Home, args: &PluginTest, output: Output) -> Result<Exit, CliError> {
    let folder = args.fixtures.clone().unwrap_or_else(|| args.project.join("fixtures"));
    let unreadable = |error: fixtures::Unreadable| {
        CliError::refused(error.to_string())
            .hint("docs/fixtures.md has the layout; `tidegate plugin record` writes one")
    };
    if !folder.is_dir() {
        let message = format!("{} is not there: a plugin is tested with recorded pages", folder.display());
        return Err(CliError::not_found(message).hint(
            "make one with `tidegate plugin record`, or by hand as in docs/fixtures.md, then `plugin test --update`",
        ));
    }
    let names = fixtures::names(&folder, &args.case).map_err(unreadable)?;
    let file: PathBuf = match &args.component {
        Some(file) => file.clone(),
        None => component::of_project(&args.project)?,
    };
    let plugin = component::load(home, &file).await?;
    let mut all = Vec::with_capacity(names.len());
    for name in &names {
        let case = fixtures::case(&folder, name).map_err(unreadable)?;
        all.push(one(&plugin, &case, args.update).await.map_err(unreadable)?);
    }
    let failed = all.iter().filter(|told| !told.is_well()).count();
    let data = json!({
        "plugin": plugin.name(),
        "version": plugin.version(),
        "digest": plugin.digest().to_string(),
        "component": file,
        "cases": all.iter().map(described).collect::<Vec<_>>(),
        "passed": all.len() - failed,
        "failed": failed,
    });
    output.data(&data, |_| told(&plugin, &all))?;
    Ok(if failed == 0 { Exit::Ok } else { Exit::Failed })
}

async fn one(plugin: &Plugin, case: &fixtures::Case, update: bool) -> Result<Told, fixtures::Unreadable> {
    let told = |state, trouble, differences| Told { name: case.name.clone(), state, trouble, differences };
    let known = plugin.manifest().kind(&case.job.kind).is_some();
    if !known {
        let why = format!("the plugin has no kind {:?}", case.job.kind);
        return Ok(told("broken", vec![why], vec![]));
    }
    let came = match fixtures::run(plugin, case).await {
        Err(fault) => return Ok(told("broken", vec![fault.for_author()], vec![])),
        Ok(came) => came,
    };
    if !came.refused.is_empty() {
        return Ok(told("refused", came.refused, vec![]));
    }
    Ok(match fixtures::settle(case, &came.answer, update)? {
        Settled::Same => told("same", vec![], vec![]),
        Settled::Written => told("written", vec![], vec![]),
        Settled::Unwritten => {
            told("unwritten", vec!["it has no expected.json: read what comes with --update".to_owned()], vec![])
        }
        Settled::Differs(differences) => told("differs", vec![], differences),
    })
}

fn described(told: &Told) -> Value {
    json!({ "name": told.name, "state": told.state, "trouble": told.trouble, "differences": told.differences })
}

fn told(plugin: &Plugin, all: &[Told]) -> String {
    let mut text = String::new();
    for told in all.iter().filter(|told| told.state != "same") {
        text.push_str(&format!("{}: {}\n", printable(&told.name), told.state));
        for trouble in &told.trouble {
            text.push_str(&format!("  {}\n", printable(trouble)));
        }
        for difference in &told.differences {
            text.push_str(&format!("  at {}\n", printable(&difference.pointer)));
            let value = |value: &Value| short(&printable(&value.to_string()), 200);
            if let Some(expected) = &difference.expected {
                text.push_str(&format!("    - {}\n", value(expected)));
            }
            if let Some(got) = &difference.got {
                text.push_str(&format!("    + {}\n", value(got)));
            }
        }
    }
    let count = |state: &str| all.iter().filter(|told| told.state == state).count();
    let well = all.iter().filter(|told| told.is_well()).count();
    let written = match count("written") {
        0 => String::new(),
        written => format!(", {written} written: read the difference"),
    };
    text.push_str(&format!("{} {}: {well} of {} cases passed{written}\n", plugin.name(), plugin.version(), all.len()));
    if count("differs") + count("unwritten") > 0 {
        text.push_str("  help: if what came is right, `--update` writes it to expected.json\n");
    }
    text
}

/// Without control characters: names and values come from files and plugins.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
