//! The overrides of a source.
//!
//! Owns: their schema and their reading. The host checks them against the schema first; what is odd all the same is told
//! by its pointer. Called by [`crate`]'s four functions.

use serde::Deserialize;

use crate::limits;

/// JSON Schema of the overrides, draft 2020-12.
pub const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "discover": {
      "title": "Find the feed of a page",
      "description": "If the URL turns out to be a web page, read the first feed the page names, and remember its URL.",
      "type": "boolean",
      "default": true
    },
    "max_pages": {
      "title": "Pages",
      "description": "How many pages of a feed that spreads over several (Atom rel=next, JSON Feed next_url) to read in one run.",
      "type": "integer",
      "minimum": 1,
      "maximum": 10,
      "default": 1
    }
  }
}"#;

/// What a source may set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overrides {
    /// Whether a page leads to its feed.
    pub discover: bool,
    /// Pages of one run.
    pub max_pages: u32,
}

impl Default for Overrides {
    fn default() -> Self {
        Self { discover: true, max_pages: 1 }
    }
}

/// Reads overrides ("" counts as "{}").
///
/// # Errors
///
/// The JSON Pointer of what is wrong, and a sentence with what would be right.
pub fn read(json: &str) -> Result<Overrides, (&'static str, String)> {
    if json.trim().is_empty() {
        return Ok(Overrides::default());
    }
    let known = "\"discover\" (true or false) and \"max_pages\" (1 to 10)";
    let overrides: Overrides =
        serde_json::from_str(json).map_err(|error| ("", format!("overrides of a feed are {known}: {error}")))?;
    if (1..=limits::PAGES).contains(&overrides.max_pages) {
        Ok(overrides)
    } else {
        Err((
            "/max_pages",
            format!("{} pages were asked for; 1 to {} can be read in one run", overrides.max_pages, limits::PAGES),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading() {
        assert_eq!(read(""), Ok(Overrides::default()));
        assert_eq!(read("{\"max_pages\":3}"), Ok(Overrides { discover: true, max_pages: 3 }));
        assert_eq!(read("{\"max_pages\":11}").map_err(|(pointer, _)| pointer), Err("/max_pages"));
        assert!(read("{\"pages\":1}").is_err_and(|(_, message)| message.contains("max_pages")));
    }

    #[test]
    fn the_schema_knows_the_same_members() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap_or_default();
        let names: Vec<&String> = schema["properties"].as_object().map(|p| p.keys().collect()).unwrap_or_default();
        assert_eq!(names, ["discover", "max_pages"]);
        assert_eq!(schema["properties"]["max_pages"]["maximum"], limits::PAGES);
    }
}
