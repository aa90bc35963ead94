//! What the plugin says about itself.
//!
//! Owns: the manifest. Called by `describe`.

use tidegate_plugin_kit::{Example, Kind, Manifest};

use crate::{input, overrides};

fn example(identifier: &str, overrides: &str, note: &str) -> Example {
    Example { identifier: identifier.to_owned(), overrides: overrides.to_owned(), note: note.to_owned() }
}

fn kind(name: &str, description: &str, schema: &str, examples: Vec<Example>, deltas: &[&str]) -> Kind {
    Kind {
        name: name.to_owned(),
        description: description.to_owned(),
        overrides_schema: schema.to_owned(),
        examples,
        hosts: Vec::new(),
        methods: Vec::new(),
        actors: input::ACTORS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        deltas: deltas.iter().map(|delta| (*delta).to_owned()).collect(),
        deliveries: false,
        extra: None,
    }
}

/// The manifest; constant.
pub fn manifest() -> Manifest {
    let deltas = ["newest-id", "newest-published-at"];
    Manifest {
        kinds: vec![
            kind(
                "account",
                "The posts of an account, with its followers. The identifier is its handle or the URL of its page.",
                overrides::ACCOUNT,
                vec![
                    example("@NASA", "{}", "a handle"),
                    example("https://x.com/nasa", "{\"retweets\":false}", "without reposts"),
                ],
                &deltas,
            ),
            kind(
                "search",
                "The posts a search finds. The identifier is its text; operators need the setting \"operators\".",
                overrides::SEARCH,
                vec![
                    example("space walk", "{\"min_likes\":100}", "words, liked a hundred times"),
                    example("#artemis -filter:replies", "{\"operators\":true}", "with operators"),
                ],
                &deltas,
            ),
            kind(
                "post",
                "One post. The identifier is its URL.",
                overrides::POST,
                vec![example("https://x.com/nasa/status/1983971132162549693", "{}", "a post by its URL")],
                &[],
            ),
        ],
        extra: Some("{\"license\":\"Apache-2.0\"}".to_owned()),
        ..Manifest::new(
            "x",
            env!("CARGO_PKG_VERSION"),
            "Reads posts of accounts, of searches and by URL from X, through actors.",
        )
    }
}
