//! Published vectors for what stands around a feed: dates, discovery, `Link` fields, HTTP caching.
//!
//! They lie in a folder `shared` beside the checkout. Where it is missing the tests pass and say so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    clippy::print_stderr,
    reason = "tests"
)]

mod caching;
mod documents;

use std::path::Path;

use serde_json::Value;

/// The vectors of a file; none, and a line that says so, where the folder is missing.
fn load(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/vectors").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            eprintln!("SKIPPED: {} is not there", path.display());
            None
        }
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}
