//! The plugin's own fixtures and examples, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_kit::{Plugin, proofs};
use tidegate_plugin_template::Articles;

#[test]
fn every_fixture_gives_its_batches() {
    proofs::fixtures_give_their_batches::<Articles>(env!("CARGO_MANIFEST_DIR"), 1).unwrap();
}

#[test]
fn the_manifest_keeps_its_promises() {
    proofs::examples_are_valid::<Articles>().unwrap();
}

#[test]
fn identifiers() {
    let valid = |typed: &str| Articles::validate("articles", typed, "{}").ok().map(|valid| valid.identifier);
    for (typed, expected) in [
        (" HTTPS://Api.Example.com/Articles/ ", Some("https://api.example.com/Articles")),
        ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
        ("articles", None),
        ("ftp://api.example.com/articles", None),
        ("https://ann@api.example.com/articles", None),
        ("https://api.example.com/articles?x=1", None),
        ("https://api.example.com/articles#top", None),
        ("https://api.example.com/two words", None),
    ] {
        assert_eq!(valid(typed).as_deref(), expected, "{typed:?}");
    }
}
