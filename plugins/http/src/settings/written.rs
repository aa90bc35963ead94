//! Settings as a person writes them.
//!
//! Owns: the shapes serde reads, and their defaults, which are those of the schemas. Must not know: what is right beyond shapes
//! (`check` does).

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::times::{Format, Numbers};

/// What both kinds have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Common {
    pub(super) headers: Map<String, Value>,
    pub(super) records: String,
    pub(super) records_optional: bool,
    pub(super) error: String,
    pub(super) fields: Map<String, Value>,
    pub(super) id_from: Vec<String>,
    pub(super) metrics: Map<String, Value>,
    pub(super) data: Map<String, Value>,
    pub(super) media: Vec<Media>,
    pub(super) item_kind: String,
    pub(super) times: Numbers,
    pub(super) paging: Paging,
    pub(super) incremental: Incremental,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            headers: Map::new(),
            records: String::new(),
            records_optional: false,
            error: String::new(),
            fields: usual_fields(),
            id_from: Vec::new(),
            metrics: Map::new(),
            data: Map::new(),
            media: Vec::new(),
            item_kind: "record".to_owned(),
            times: Numbers::Auto,
            paging: Paging::default(),
            incremental: Incremental::default(),
        }
    }
}

/// The names that most APIs use.
fn usual_fields() -> Map<String, Value> {
    let usual = serde_json::json!({
        "id": "/id",
        "url": ["/html_url", "/permalink", "/link", "/url"],
        "title": ["/title", "/name", "/subject"],
        "text": ["/text", "/body", "/content", "/description"],
        "published_at": ["/published_at", "/created_at", "/createdAt", "/date"],
        "updated_at": ["/updated_at", "/updatedAt"]
    });
    match usual {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What only `rest` has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rest {
    pub(super) method: String,
    pub(super) query: Map<String, Value>,
    pub(super) body: Value,
    pub(super) form: Map<String, Value>,
}

impl Default for Rest {
    fn default() -> Self {
        Self { method: "GET".to_owned(), query: Map::new(), body: Value::Null, form: Map::new() }
    }
}

/// The names of [`Rest`]'s members.
pub(super) const OF_REST: [&str; 4] = ["method", "query", "body", "form"];

/// What only `graphql` has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Graphql {
    pub(super) query: String,
    pub(super) operation: String,
    pub(super) variables: Map<String, Value>,
    pub(super) errors: Errors,
}

/// The names of [`Graphql`]'s members.
pub(super) const OF_GRAPHQL: [&str; 4] = ["query", "operation", "variables", "errors"];

/// What errors beside data are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Errors {
    #[default]
    Fail,
    Warn,
}

/// A rule for media.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Media {
    pub(super) each: String,
    pub(super) url: String,
    pub(super) kind: String,
    pub(super) role: String,
    pub(super) mime: String,
    pub(super) alt: String,
    pub(super) thumbnail: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) duration_s: String,
    pub(super) size: String,
}

/// Kinds of paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PagingKind {
    #[default]
    None,
    Offset,
    Page,
    Cursor,
    LinkHeader,
    LinkBody,
}

/// How further pages are asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Paging {
    pub(super) kind: PagingKind,
    pub(super) parameter: String,
    pub(super) size: u32,
    pub(super) size_parameter: String,
    pub(super) start: Option<u32>,
    pub(super) next: String,
    pub(super) header: String,
    pub(super) rel: String,
    pub(super) more: String,
    pub(super) hosts: Vec<String>,
    pub(super) max_pages: u32,
    pub(super) delay_s: f64,
    pub(super) empty_pages: u32,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            kind: PagingKind::None,
            parameter: String::new(),
            size: 0,
            size_parameter: String::new(),
            start: None,
            next: String::new(),
            header: String::new(),
            rel: "next".to_owned(),
            more: String::new(),
            hosts: Vec::new(),
            max_pages: 10,
            delay_s: 0.0,
            empty_pages: 3,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum By {
    #[default]
    None,
    Time,
    Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    #[default]
    Any,
    NewestFirst,
    OldestFirst,
}

/// How what is known is not asked for again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Incremental {
    pub(super) by: By,
    pub(super) field: String,
    pub(super) order: Order,
    pub(super) format: Format,
    pub(super) overlap_s: u32,
    pub(super) start: String,
}

impl Default for Incremental {
    fn default() -> Self {
        Self {
            by: By::None,
            field: String::new(),
            order: Order::Any,
            format: Format::Rfc3339,
            overlap_s: 60,
            start: String::new(),
        }
    }
}
