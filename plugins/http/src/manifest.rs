//! What the plugin says about itself.
//!
//! Owns: the manifest. Called by `describe`.

use tidegate_plugin_kit::{Example, Kind, Manifest};

use crate::settings::{GRAPHQL, GRAPHQL_SCHEMA, REST, REST_SCHEMA};

const GITHUB: &str = r#"{"query":{"state":"all","sort":"updated","direction":"desc","per_page":100},
"fields":{"id":"/id","url":"/html_url","title":"/title","text":"/body","published_at":"/created_at","updated_at":"/updated_at",
"author_handle":"/user/login","tags":"/labels/*/name"},"metrics":{"comments":"/comments"},
"paging":{"kind":"link-header"},"incremental":{"by":"time","order":"newest-first"}}"#;

const QUERY: &str = r#"{"query":"query($after: String, $first: Int) { posts(after: $after, first: $first) { nodes { id title createdAt } pageInfo { hasNextPage endCursor } } }",
"records":"/data/posts/nodes","paging":{"kind":"cursor","size":50,"next":"/data/posts/pageInfo/endCursor","more":"/data/posts/pageInfo/hasNextPage"}}"#;

/// The manifest; constant.
pub fn manifest() -> Manifest {
    let example = |identifier: &str, overrides: &str, note: &str| Example {
        identifier: identifier.to_owned(),
        overrides: overrides.to_owned(),
        note: note.to_owned(),
    };
    let kind = |name: &str, description: &str, schema: &str, methods: &[&str], examples: Vec<Example>| Kind {
        name: name.to_owned(),
        description: description.to_owned(),
        overrides_schema: schema.to_owned(),
        examples,
        hosts: vec!["*".to_owned()],
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        actors: Vec::new(),
        deltas: vec!["cursor".to_owned()],
        deliveries: false,
        extra: None,
    };
    let rest = kind(
        REST,
        "A JSON API over REST. The identifier is the URL of an endpoint, with http or https; a name behind \"#\" tells sources at the \
         same URL apart.",
        REST_SCHEMA,
        &["GET", "POST", "PUT", "PATCH"],
        vec![
            example("https://api.example.org/v1/posts", "{}", "a list of records with the usual names"),
            example(
                "https://api.github.com/repos/rust-lang/rust/issues",
                GITHUB,
                "Link-header paging, newest change first",
            ),
            example(
                "https://api.example.org/search#rust",
                r#"{"method":"POST","body":{"q":"{{name}}","from":"{{offset}}"},"records":"/hits","paging":{"kind":"offset"}}"#,
                "a search by POST, its words in the identifier",
            ),
        ],
    );
    let graphql = kind(
        GRAPHQL,
        "A GraphQL API. The identifier is the URL of its endpoint, with http or https; a name behind \"#\" tells sources at the same \
         URL apart.",
        GRAPHQL_SCHEMA,
        &["POST"],
        vec![example("https://api.example.org/graphql#posts", QUERY, "a connection with cursors")],
    );
    Manifest {
        kinds: vec![rest, graphql],
        extra: Some("{\"license\":\"Apache-2.0\"}".to_owned()),
        ..Manifest::new(
            "http",
            env!("CARGO_PKG_VERSION"),
            "Reads any JSON API over REST or GraphQL, as its profile describes it.",
        )
    }
}
