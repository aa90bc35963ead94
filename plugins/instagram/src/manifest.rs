//! What the plugin says about itself.
//!
//! Owns: the manifest. Called by `describe`.

use tidegate_plugin_kit::{Example, Kind, Manifest};

use crate::identifier;
use crate::{input, overrides};

fn example(identifier: &str, overrides: &str, note: &str) -> Example {
    Example { identifier: identifier.to_owned(), overrides: overrides.to_owned(), note: note.to_owned() }
}

fn kind(kind: identifier::Kind, description: &str, schema: &str, examples: Vec<Example>, deltas: &[&str]) -> Kind {
    Kind {
        name: kind.name().to_owned(),
        description: description.to_owned(),
        overrides_schema: schema.to_owned(),
        examples,
        hosts: Vec::new(),
        methods: Vec::new(),
        actors: input::serving(kind).into_iter().map(str::to_owned).collect(),
        deltas: deltas.iter().map(|delta| (*delta).to_owned()).collect(),
        deliveries: false,
        extra: None,
    }
}

/// The manifest; constant.
pub fn manifest() -> Manifest {
    let deltas = ["newest-published-at", "cursor"];
    Manifest {
        kinds: vec![
            kind(
                identifier::Kind::Account,
                "The posts of an account. The identifier is its handle or the URL of its page.",
                overrides::ACCOUNT,
                vec![
                    example("@nasa", "{}", "a handle"),
                    example("https://www.instagram.com/nasa/", "{\"overlap_hours\":24}", "with a shorter overlap"),
                ],
                &deltas,
            ),
            kind(
                identifier::Kind::Hashtag,
                "The posts under a hashtag. The identifier is its word or the URL of its page.",
                overrides::HASHTAG,
                vec![example("#tides", "{\"limit\":20}", "twenty posts at most")],
                &deltas,
            ),
            kind(
                identifier::Kind::Post,
                "One post. The identifier is its URL.",
                overrides::POST,
                vec![example("https://www.instagram.com/p/Dbm3x30EwWu/", "{}", "a post by its URL")],
                &[],
            ),
            kind(
                identifier::Kind::Profile,
                "What is known of an account: followers, number of posts, name. The identifier is its handle.",
                overrides::PROFILE,
                vec![example("nasa", "{}", "a handle")],
                &[],
            ),
        ],
        extra: Some("{\"license\":\"Apache-2.0\"}".to_owned()),
        ..Manifest::new(
            "instagram",
            env!("CARGO_PKG_VERSION"),
            "Reads posts of accounts, of hashtags and by URL, and profiles from Instagram, through actors.",
        )
    }
}
