//! The fixtures of this plugin. `UPDATE_FIXTURES=1 cargo test` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;

use tidegate_plugin_kit::{Plugin, fixtures};
use tidegate_plugin_template::Template;

#[test]
fn every_fixture_gives_its_batch() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let all = fixtures::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")).unwrap();
    assert!(!all.is_empty());
    for fixture in &all {
        fixtures::settle(fixture, &fixtures::run::<Template>(fixture), update).unwrap();
    }
}

#[test]
fn identifiers() {
    let valid = |identifier: &str| Template::validate("articles", identifier, "").map(|valid| valid.identifier);
    assert_eq!(valid(" https://api.example.com/articles/ ").ok().as_deref(), Some("https://api.example.com/articles"));
    assert!(valid("articles").is_err() && valid("https://api.example.com/articles?x=1").is_err());
    assert!(Template::validate("articles", "https://api.example.com/a", "{\"pages\":1}").is_err());
}
