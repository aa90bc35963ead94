//! The plugin's own fixtures and examples, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_kit::{Plugin, proofs};
use tidegate_plugin_x::X;

#[test]
fn every_fixture_gives_its_batches() {
    proofs::fixtures_give_their_batches::<X>(env!("CARGO_MANIFEST_DIR"), 60).unwrap();
}

#[test]
fn the_manifest_keeps_its_promises() {
    proofs::examples_are_valid::<X>().unwrap();
}

#[test]
fn other_kinds_are_refused() {
    assert!(X::validate("feed", "nasa", "{}").is_err());
}
