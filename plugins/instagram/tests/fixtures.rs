//! The plugin's own fixtures and examples, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_instagram::Instagram;
use tidegate_plugin_kit::{Plugin, proofs};

#[test]
fn every_fixture_gives_its_batches() {
    proofs::fixtures_give_their_batches::<Instagram>(env!("CARGO_MANIFEST_DIR"), 70).unwrap();
}

#[test]
fn the_manifest_keeps_its_promises() {
    proofs::examples_are_valid::<Instagram>().unwrap();
}

#[test]
fn other_kinds_are_refused() {
    assert!(Instagram::validate("feed", "nasa", "{}").is_err());
}
