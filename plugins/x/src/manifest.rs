//! What the plugin says about itself.
//!
//! Owns: the manifest. Called by `describe`.

use tidegate_plugin_kit::{Kind, Manifest};

use crate::{input, overrides};

fn kind(name: &str, description: &str) -> Kind {
    Kind::on_actors(name, description, input::ACTORS.map(|(actor, _)| actor))
}

/// The manifest; constant.
pub fn manifest() -> Manifest {
    let deltas = ["newest-id", "newest-published-at"];
    let account = kind(
        "account",
        "The posts of an account, with its followers. The identifier is its handle or the URL of its page.",
    )
    .schema(overrides::ACCOUNT)
    .example("@NASA", "{}", "a handle")
    .example("https://x.com/nasa", "{\"retweets\":false}", "without reposts")
    .deltas(&deltas);
    let search = kind(
        "search",
        "The posts a search finds. The identifier is its text; operators need the setting \"operators\".",
    )
    .schema(overrides::SEARCH)
    .example("space walk", "{\"min_likes\":100}", "words, liked a hundred times")
    .example("#artemis -filter:replies", "{\"operators\":true}", "with operators")
    .deltas(&deltas);
    let post = kind("post", "One post. The identifier is its URL.").schema(overrides::POST).example(
        "https://x.com/nasa/status/1983971132162549693",
        "{}",
        "a post by its URL",
    );
    Manifest {
        kinds: vec![account, search, post],
        extra: Some("{\"license\":\"Apache-2.0\"}".to_owned()),
        ..Manifest::new(
            "x",
            env!("CARGO_PKG_VERSION"),
            "Reads posts of accounts, of searches and by URL from X, through actors.",
        )
    }
}
