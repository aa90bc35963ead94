//! `plugin new`: a project that builds, with an example to replace.
//!
//! Owns: the command and what it says. Must not know: any language's tools. It needs no daemon and no configuration, and asks
//! nobody: everything is in this binary.

mod kit;
mod project;
mod templates;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::args::{Language, NewArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Output;
use crate::plugins::shipped::shipped;
pub(in crate::cli) use project::PluginName;
use project::Project;
use write::{WriteError, write};

/// Runs `plugin new`. `dir` is where commands work, and the project goes below it unless it is told where.
pub(super) fn new(dir: &Path, args: &NewArgs, output: Output) -> Result<Exit, CliError> {
    let name = &args.name;
    let to: PathBuf = args.to.clone().unwrap_or_else(|| below(dir, name));
    let project = Project::new(name, args.lang);
    write(&to, &project.files).map_err(|error| told(&to, &error))?;
    let note = note(name);
    let data = json!({
        "name": name.to_string(),
        "lang": args.lang,
        "path": to,
        "files": project.files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
        "commands": project.commands,
        "note": note,
    });
    output.data(&data, |_| {
        let mut text =
            format!("{} holds a plugin in {}: {} files\n", to.display(), spoken(args.lang), project.files.len());
        text.push_str(
            "It reads a list of articles, until you make it read your platform. README.md says what is where.\n\n",
        );
        text.push_str(&format!("    cd {}\n", to.display()));
        for command in &project.commands {
            text.push_str(&format!("    {command}\n"));
        }
        if let Some(note) = &note {
            text.push_str(&format!("\nnote: {note}\n"));
        }
        text
    })?;
    Ok(Exit::Ok)
}

/// What whoever chooses the name of a shipped plugin should know.
fn note(name: &PluginName) -> Option<String> {
    let ships = shipped().iter().any(|(shipped, _)| *shipped == name.to_string());
    ships.then(|| {
        format!("tidegate ships a plugin {name}: while yours is in the plugins directory, it serves in its place")
    })
}

/// "tides", not "./tides".
fn below(dir: &Path, name: &PluginName) -> PathBuf {
    let here = dir == Path::new(".");
    if here { PathBuf::from(name.to_string()) } else { dir.join(name.to_string()) }
}

const fn spoken(language: Language) -> &'static str {
    match language {
        Language::Rust => "Rust",
        Language::Js => "JavaScript",
        Language::Python => "Python",
        Language::C => "C",
    }
}

fn told(to: &Path, error: &WriteError) -> CliError {
    let message = format!("no project was written to {}: {error}", to.display());
    match error {
        WriteError::NotEmpty { .. } => {
            CliError::refused(message).hint("name an empty or new folder: `tidegate plugin new ... --to PATH`")
        }
        WriteError::Io { .. } => CliError::failed(message).hint("name a folder that you may write to: --to PATH"),
    }
}
