//! The plugin's own fixtures, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;

use tidegate_plugin_kit::{Plugin, fixtures};
use tidegate_plugin_rss::Rss;

#[test]
fn every_fixture_gives_its_batch() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let all = fixtures::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")).unwrap();
    assert!(all.len() >= 40, "only {} fixtures were found", all.len());
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|fixture| fixtures::settle(fixture, &fixtures::run::<Rss>(fixture), update).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_manifest_keeps_its_promises() {
    let manifest = Rss::describe();
    for example in &manifest.kinds[0].examples {
        let valid = Rss::validate("feed", &example.identifier, &example.overrides).unwrap();
        let again = Rss::validate("feed", &valid.identifier, &example.overrides).unwrap();
        assert!(valid == again, "{}", example.note);
    }
}
