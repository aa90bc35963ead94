//! The promises of the map, kept by reading the sources.
//!
//! Owns: the rules of ARCHITECTURE.md that neither the compiler nor the linter can keep: who may import what, what a file
//! looks like, what must not stand anywhere. Must not know: what the code does. A rule is a function from the sources to
//! the places that break it; each place comes with what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::allow_attributes,
    reason = "tests"
)]

mod code;
mod imports;
mod paths;
mod shape;
mod sources;
mod words;

use sources::Sources;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    /// Path from the root of the workspace.
    file: String,
    /// From 1.
    line: usize,
    /// What is there, and what to do about it.
    what: String,
}

/// Fails with all the places at once.
fn keep(rule: &str, breaches: &[Breach]) {
    let list: Vec<String> = breaches.iter().map(|b| format!("  {}:{}: {}", b.file, b.line, b.what)).collect();
    assert!(breaches.is_empty(), "{rule}\n{}\n", list.join("\n"));
}

#[test]
fn the_core_is_pure() {
    keep("host/core never awaits, never asks the time, never does I/O (invariant 1)", &imports::core(&Sources::read()));
}

#[test]
fn rooms_import_only_what_the_map_allows() {
    keep("cli -> engine, edges -> ports -> core; edges never see each other", &imports::rooms(&Sources::read()));
}

#[test]
fn a_library_is_named_in_its_room_only() {
    keep(
        "only egress opens sockets, only store knows SQL, only plugins the sandbox (2)",
        &imports::libraries(&Sources::read()),
    );
}

#[test]
fn only_config_reads_the_environment() {
    keep("only config reads the environment (invariant 2)", &imports::environment(&Sources::read()));
}

#[test]
fn guests_see_the_contract_and_the_kit_only() {
    keep("plugins see only wit/ and plugins/kit", &imports::guests(&Sources::read()));
}

#[test]
fn modules_say_what_they_own() {
    keep("every module opens with `//!`", &shape::module_docs(&Sources::read()));
}

#[test]
fn files_hold_one_idea() {
    keep("no file is longer than 400 lines", &shape::long_files(&Sources::read()));
}

#[test]
fn folders_are_named_after_what_they_hold() {
    keep("no folder or file for leftovers", &shape::leftovers(&Sources::read()));
}

#[test]
fn unsafe_code_stands_where_it_is_argued() {
    keep("`unsafe` only in the listed files", &shape::unsafe_code(&Sources::read()));
}

#[test]
fn every_crate_has_the_workspaces_lints() {
    keep("every member inherits the lints of the workspace", &shape::lints(&Sources::read()));
}

#[test]
fn migrations_are_numbered_without_gaps() {
    keep("migrations/STORE/NNNN_name.sql, from 0001, the same for all stores", &shape::migrations(&Sources::read()));
}

#[test]
fn words_of_the_workplace_stay_out() {
    keep("the project speaks of itself only", &words::breaches(&Sources::read()));
}
