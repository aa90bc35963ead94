//! The plugin's own fixtures and examples, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_kit::{Plugin, proofs};
use tidegate_plugin_template::Template;

#[test]
fn every_fixture_gives_its_batches() {
    proofs::fixtures_give_their_batches::<Template>(env!("CARGO_MANIFEST_DIR"), 1).unwrap();
}

#[test]
fn the_manifest_keeps_its_promises() {
    proofs::examples_are_valid::<Template>().unwrap();
}

#[test]
fn identifiers() {
    let valid = |identifier: &str| Template::validate("articles", identifier, "").map(|valid| valid.identifier);
    assert_eq!(valid(" https://api.example.com/articles/ ").ok().as_deref(), Some("https://api.example.com/articles"));
    assert!(valid("articles").is_err() && valid("https://api.example.com/articles?x=1").is_err());
    assert!(Template::validate("articles", "https://api.example.com/a", "{\"pages\":1}").is_err());
}
