//! What an API is like: the overrides of a source, read and checked.
//!
//! Owns: the settings as the other rooms use them. `written` is what a person writes, `check` the way from one to the other, with
//! the place of what is wrong. Must not know: pages. Called by [`crate`]'s functions.

mod check;
mod parts;
mod written;

use crate::fields::Fields;
use crate::media::MediaRule;
use crate::paging::Paging;
use crate::pointer::Pointer;
use crate::template::{JsonTemplate, Name, Template};
use crate::times::{Format, Numbers};

/// JSON Schema of the overrides of kind `rest`, draft 2020-12.
pub const REST_SCHEMA: &str = include_str!("../../schema/rest.json");
/// JSON Schema of the overrides of kind `graphql`, draft 2020-12.
pub const GRAPHQL_SCHEMA: &str = include_str!("../../schema/graphql.json");

/// Name of the kind for REST.
pub const REST: &str = "rest";
/// Name of the kind for GraphQL.
pub const GRAPHQL: &str = "graphql";

/// What an API is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How it is asked.
    pub ask: Ask,
    /// Further header fields; one whose value is unknown is left out.
    pub headers: Vec<(String, Template)>,
    /// Where the records stand.
    pub records: Pointer,
    /// Whether there may be nothing at that place.
    pub records_optional: bool,
    /// Where an answer with status 200 says that it is an error.
    pub error: Option<Pointer>,
    /// What becomes which field of an item.
    pub fields: Fields,
    /// Counts by name.
    pub metrics: Vec<(String, Pointer)>,
    /// What is kept in `data`, by name.
    pub data: Vec<(String, Pointer)>,
    /// Where media stand.
    pub media: Vec<MediaRule>,
    /// What numbers mean that are times.
    pub times: Numbers,
    /// How further pages are asked for.
    pub paging: Paging,
    /// How what is known already is not asked for again.
    pub incremental: Incremental,
    /// Hash of all of it that gives a meaning to a place in a listing.
    pub listing: u64,
}

/// How an API is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Kind `rest`.
    Rest {
        /// In capitals.
        method: String,
        /// Parameters; one whose value is unknown is left out.
        query: Vec<(String, Template)>,
        /// What is sent.
        body: Body,
    },
    /// Kind `graphql`: a POST of JSON.
    Graphql {
        /// The document.
        query: String,
        /// Which operation of it.
        operation: Option<String>,
        /// An object.
        variables: JsonTemplate,
        /// Whether errors beside data are only warned of.
        lenient: bool,
    },
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    None,
    /// JSON.
    Json(JsonTemplate),
    /// Text.
    Text(Template),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
}

/// By what a record's place in the listing is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By nothing: every run reads the whole listing.
    None,
    /// By a time.
    Time,
    /// By its id.
    Id,
}

/// How records are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Not known: every listing is read to its end.
    Any,
    /// A listing that has come to what is known is not read on.
    NewestFirst,
    /// What is new comes last.
    OldestFirst,
}

/// How what is known already is not asked for again.
#[derive(Debug, Clone, PartialEq)]
pub struct Incremental {
    /// By what.
    pub by: By,
    /// Where it stands in a record. None: `fields.updated_at`, else `fields.published_at`, or `fields.id`.
    pub field: Option<Pointer>,
    /// How the listing is ordered.
    pub order: Order,
    /// How a time is written for `{{since}}`.
    pub format: Format,
    /// Milliseconds that are asked for once more.
    pub overlap_ms: i64,
    /// `{{since}}` of a first run.
    pub start: Option<String>,
}

impl Settings {
    /// Reads the overrides of a source of `kind` ("" counts as "{}").
    ///
    /// # Errors
    ///
    /// The problems, each with its JSON Pointer and what would be right.
    pub fn read(kind: &str, json: &str) -> Result<Self, Vec<tidegate_plugin_kit::Problem>> {
        check::read(kind, json)
    }

    /// Whether a request has that placeholder anywhere.
    pub fn uses(&self, name: Name) -> bool {
        let any = |pairs: &[(String, Template)]| pairs.iter().any(|(_, template)| template.uses(name));
        any(&self.headers)
            || match &self.ask {
                Ask::Graphql { variables, .. } => variables.uses(name),
                Ask::Rest { query, body, .. } => {
                    any(query)
                        || match body {
                            Body::None => false,
                            Body::Json(body) => body.uses(name),
                            Body::Text(body) => body.uses(name),
                            Body::Form(pairs) => any(pairs),
                        }
                }
            }
    }
}
