//! A new project: its files, with its name in them.
//!
//! Owns: which files a language has, the words that are replaced, and the commands that its README gives. Must not know: where
//! it is written.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::kit;
use super::templates::{
    C, C_AROUND, FIXTURES, File, JS, JS_AROUND, KIT, PROFILE, PYTHON, PYTHON_AROUND, README_END, RUST, RUST_AROUND, WIT,
};
use crate::cli::args::Language;

/// Letters of a plugin's name, as `wit/v0.1/types.wit` has it at `manifest.name`.
const NAME_BYTES: usize = 32;

/// The name of a plugin: `[a-z][a-z0-9-]{0,31}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginName(String);

/// A text that is no name of a plugin.
#[derive(Debug, thiserror::Error)]
#[error(
    "a plugin's name is of a-z, 0-9 and \"-\", begins with a letter and has at most {NAME_BYTES}, like \"my-platform\""
)]
pub struct NotAName;

impl FromStr for PluginName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let plain = text.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        if plain && begins && text.len() <= NAME_BYTES { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A project that has not been written yet.
#[derive(Debug)]
pub(super) struct Project {
    /// Path below the project's folder, and content. In order of path.
    pub(super) files: Vec<(String, Cow<'static, [u8]>)>,
    /// What to type in it, in this order, until it is built and tested.
    pub(super) commands: Vec<String>,
}

impl Project {
    /// The project of this name in this language.
    pub(super) fn new(name: &PluginName, language: Language) -> Self {
        let taken: &[&[File]] = match language {
            Language::Rust => &[RUST, RUST_AROUND],
            Language::Js => &[JS, JS_AROUND],
            Language::Python => &[PYTHON, PYTHON_AROUND],
            Language::C => &[C, C_AROUND],
        };
        // The fixtures hold nobody's name, and the rest is not the author's to change.
        let as_it_is: &[&[File]] = match language {
            Language::Rust => &[FIXTURES, WIT, KIT],
            _ => &[FIXTURES, WIT],
        };
        let mut files: Vec<(String, Cow<'static, [u8]>)> = Vec::new();
        for (path, content) in taken.iter().copied().flatten() {
            files.push(((*path).to_owned(), named(content, name)));
        }
        for (path, content) in as_it_is.iter().copied().flatten() {
            files.push(((*path).to_owned(), Cow::Borrowed(content)));
        }
        if language == Language::Rust {
            let manifest = kit::manifest().unwrap_or_default();
            files.push(("vendor/kit/Cargo.toml".to_owned(), Cow::Owned(manifest.into_bytes())));
        }
        files.push((format!("{name}_profile.toml"), named(PROFILE.as_bytes(), name)));
        let mut commands = Vec::new();
        if let Some((_, readme)) = files.iter_mut().find(|(path, _)| path == "README.md") {
            let text = format!("{}{}", String::from_utf8_lossy(readme), filled(README_END, name));
            commands = commands_of(&text);
            *readme = Cow::Owned(text.into_bytes());
        }
        files.sort();
        Self { files, commands }
    }
}

/// A file with the name in it. What is not text has none.
fn named(content: &'static [u8], name: &PluginName) -> Cow<'static, [u8]> {
    match std::str::from_utf8(content) {
        Ok(text) => Cow::Owned(filled(text, name).into_bytes()),
        Err(_) => Cow::Borrowed(content),
    }
}

/// The examples are whole as they stand, for the platform "template"; what surrounds them has places to fill in.
fn filled(text: &str, PluginName(name): &PluginName) -> String {
    let ident = name.replace('-', "_");
    text.replace("{{name}}", name)
        .replace("{{ident}}", &ident)
        .replace("\"template\"", &format!("\"{name}\""))
        .replace("tidegate_plugin_template", &format!("tidegate_plugin_{ident}"))
}

/// The lines of the first block of commands under "## Build", without what is said of them.
fn commands_of(readme: &str) -> Vec<String> {
    let build = readme.lines().skip_while(|line| *line != "## Build");
    let block = build.skip_while(|line| !line.starts_with("    ")).take_while(|line| line.starts_with("    "));
    block.map(|line| line.split(" # ").next().unwrap_or(line).trim().to_owned()).collect()
}
