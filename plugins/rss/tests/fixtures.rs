//! The plugin's own fixtures and examples, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_kit::proofs;
use tidegate_plugin_rss::Rss;

#[test]
fn every_fixture_gives_its_batches() {
    proofs::fixtures_give_their_batches::<Rss>(env!("CARGO_MANIFEST_DIR"), 40).unwrap();
}

#[test]
fn the_manifest_keeps_its_promises() {
    proofs::examples_are_valid::<Rss>().unwrap();
}
