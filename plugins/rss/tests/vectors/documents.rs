//! Dates, discovery, `Link` fields.

use serde_json::{Value, json};
use tidegate_plugin_kit::{Header, links};
use tidegate_plugin_rss::{dates, discovery};

use crate::{list, load};

#[test]
fn dates_are_read() {
    let Some(vectors) = load("dates.json") else { return };
    let wrong: Vec<String> = list(&vectors, "dates")
        .iter()
        .filter_map(|vector| {
            let ours = dates::parse(vector["value"].as_str().unwrap());
            let same = match vector["utc"].as_str() {
                Some("any") => ours.is_some(),
                expected => ours.as_deref() == expected,
            };
            (!same).then(|| format!("{} should be {}, is {ours:?}", vector["value"], vector["utc"]))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_lead_to_their_feeds() {
    let Some(vectors) = load("discovery.json") else { return };
    for page in list(&vectors, "pages") {
        let found = discovery::feeds(page["html"].as_str().unwrap(), page["page_url"].as_str().unwrap());
        let urls: Vec<String> = found.iter().map(|feed| single_slashes(&feed.url)).collect();
        let expected: Vec<String> =
            list(page, "feeds").iter().map(|url| single_slashes(url.as_str().unwrap())).collect();
        assert_eq!(urls, expected, "{}", page["name"]);
    }
}

/// The scanner that made the vectors drops empty segments of a base's path when it resolves; RFC 3986 section 5.2.4 and
/// browsers keep them, as this plugin does. The two are compared without them.
fn single_slashes(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{}", rest.replace("://", ":/").replace("//", "/"))
}

#[test]
fn link_fields_are_read() {
    let Some(vectors) = load("link_headers.json") else { return };
    for vector in list(&vectors, "vectors") {
        let base = vector["base"].as_str().unwrap();
        let field = |value: &Value| Header { name: "link".to_owned(), value: value.as_str().unwrap().to_owned() };
        let fields: Vec<Header> = list(vector, "headers").iter().map(field).collect();
        let found = links::of(&fields, base);
        let shown: Vec<Value> = found.iter().map(show).collect();
        assert_eq!(json!(shown), vector["expected"], "{}", vector["id"]);
        for rel in ["next", "prev", "last"] {
            assert_eq!(json!(links::target(&found, rel, base)), vector[rel], "{} {rel}", vector["id"]);
        }
    }
}

/// A link in the shape of the vectors: repeated attributes as a list.
fn show(link: &links::Link) -> Value {
    let mut params = serde_json::Map::new();
    for (name, value) in &link.params {
        match params.get_mut(name) {
            None => {
                params.insert(name.clone(), json!(value));
            }
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    let mut shown = json!({"target": link.target, "target_resolved": link.url, "rel": link.rel, "params": params});
    if let Some(anchor) = &link.anchor {
        shown["anchor"] = json!(anchor);
    }
    shown
}
