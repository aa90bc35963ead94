//! What the plugin says about itself.
//!
//! Owns: the manifest. Called by `describe`.

use tidegate_plugin_kit::{Example, Kind, Manifest};

use crate::overrides;

/// Name of the only kind of source.
pub const FEED: &str = "feed";

/// The manifest; constant.
pub fn manifest() -> Manifest {
    let example = |identifier: &str, overrides: &str, note: &str| Example {
        identifier: identifier.to_owned(),
        overrides: overrides.to_owned(),
        note: note.to_owned(),
    };
    Manifest {
        kinds: vec![Kind {
            name: FEED.to_owned(),
            description: "A feed. The identifier is its URL, or the URL of a page that names it.".to_owned(),
            overrides_schema: overrides::SCHEMA.to_owned(),
            examples: vec![
                example("https://blog.rust-lang.org/feed.xml", "", "a feed by its URL"),
                example("example.org", "", "a site; the feed its page names is read"),
                example("https://example.org/feed.json", "{\"max_pages\":3}", "up to three pages in one run"),
            ],
            hosts: vec!["*".to_owned()],
            methods: vec!["GET".to_owned()],
            actors: Vec::new(),
            deltas: vec!["cursor".to_owned()],
            deliveries: false,
            extra: None,
        }],
        extra: Some("{\"license\":\"Apache-2.0\"}".to_owned()),
        ..Manifest::new(
            "rss",
            env!("CARGO_PKG_VERSION"),
            "Reads feeds: RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0, JSON Feed.",
        )
    }
}
