//! What the plugin says about itself.
//!
//! Owns: the manifest. Called by `describe`.

use tidegate_plugin_kit::{Kind, Manifest};

use crate::{identifier, input, overrides};

fn kind(kind: identifier::Kind, description: &str) -> Kind {
    Kind::on_actors(kind.name(), description, input::serving(kind))
}

/// The manifest; constant.
pub fn manifest() -> Manifest {
    let deltas = ["newest-published-at", "cursor"];
    let account = kind(
        identifier::Kind::Account,
        "The posts of an account. The identifier is its handle or the URL of its page.",
    )
    .schema(overrides::ACCOUNT)
    .example("@nasa", "{}", "a handle")
    .example("https://www.instagram.com/nasa/", "{\"overlap_hours\":24}", "with a shorter overlap")
    .deltas(&deltas);
    let hashtag = kind(
        identifier::Kind::Hashtag,
        "The posts under a hashtag. The identifier is its word or the URL of its page.",
    )
    .schema(overrides::HASHTAG)
    .example("#tides", "{\"limit\":20}", "twenty posts at most")
    .deltas(&deltas);
    let post = kind(identifier::Kind::Post, "One post. The identifier is its URL.").schema(overrides::POST).example(
        "https://www.instagram.com/p/Dbm3x30EwWu/",
        "{}",
        "a post by its URL",
    );
    let profile = kind(
        identifier::Kind::Profile,
        "What is known of an account: followers, number of posts, name. The identifier is its handle.",
    )
    .schema(overrides::PROFILE)
    .example("nasa", "{}", "a handle");
    Manifest {
        kinds: vec![account, hashtag, post, profile],
        extra: Some("{\"license\":\"Apache-2.0\"}".to_owned()),
        ..Manifest::new(
            "instagram",
            env!("CARGO_PKG_VERSION"),
            "Reads posts of accounts, of hashtags and by URL, and profiles from Instagram, through actors.",
        )
    }
}
