//! The plugin's own fixtures, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;

use tidegate_plugin_kit::{Plugin, fixtures};
use tidegate_plugin_x::X;

#[test]
fn every_fixture_gives_its_batches() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let all = fixtures::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")).unwrap();
    assert!(all.len() >= 60, "only {} fixtures were found", all.len());
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|fixture| fixtures::settle(fixture, &fixtures::run::<X>(fixture), update).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_manifest_keeps_its_promises() {
    for kind in &X::describe().kinds {
        for example in &kind.examples {
            let valid = X::validate(&kind.name, &example.identifier, &example.overrides).unwrap();
            let again = X::validate(&kind.name, &valid.identifier, &example.overrides).unwrap();
            assert!(valid == again, "{}", example.note);
        }
    }
    assert!(X::validate("feed", "nasa", "{}").is_err());
}
