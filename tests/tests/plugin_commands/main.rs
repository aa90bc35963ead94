//! `plugin check|test|run|record` and `replay`, as an author types them: with the binary, the shipped components, feeds on this
//! machine and components that misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "tests; what is skipped is said"
)]

mod check;
mod fixtures;
mod replay;
mod run;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use tidegate::plugins::shipped::shipped;
use tidegate_tests::guests;
use tidegate_tests::place::{Place, Said};

/// A plugin that does as it is told.
static HOSTILE: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build("tidegate-guest-hostile", &[]).unwrap());

/// The bytes of a shipped component.
fn component(name: &str) -> Vec<u8> {
    shipped().iter().find(|(shipped, _)| *shipped == name).map(|(_, bytes)| bytes.to_vec()).unwrap()
}

/// A folder of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Runs a command that prints JSON; gives its code and what it printed.
fn json(place: &Place, args: &[&str]) -> (i32, Value) {
    let args: Vec<&str> = ["-o", "json"].iter().chain(args).copied().collect();
    let said: Said = place.run(&args).unwrap();
    let printed = serde_json::from_str(&said.stdout);
    (said.code.unwrap(), printed.unwrap_or_else(|error| panic!("{args:?} ({error}): {}{}", said.stdout, said.stderr)))
}

/// A command that is refused: its code, and words of what it says.
fn refused(place: &Place, args: &[&str], code: i32, words: &[&str]) {
    let said = place.run(args).unwrap();
    assert_eq!(said.code, Some(code), "{args:?}: {}{}", said.stdout, said.stderr);
    for word in words {
        assert!(said.stderr.contains(word), "{args:?} does not say {word:?}: {}", said.stderr);
    }
}
