//! From settings as written to settings as used, with the place of each problem.
//!
//! Owns: the order in which they are read, and what fits together. The parts one by one stand in `parts`. Called by
//! [`super::Settings::read`].

use serde_json::{Map, Value};
use tidegate_plugin_kit::Problem;

use super::parts::Reading;
use super::written::{Common, Errors, Graphql, OF_GRAPHQL, OF_REST, PagingKind, Rest};
use super::{Ask, Body, By, GRAPHQL, Settings};
use crate::fields::hash;
use crate::limits;
use crate::template::{JsonTemplate, Name};

pub(super) fn read(kind: &str, json: &str) -> Result<Settings, Vec<Problem>> {
    let whole = |error: serde_json::Error| vec![Problem::new("", format!("the settings cannot be read: {error}"))];
    let text = if json.trim().is_empty() { "{}" } else { json };
    let mut members: Map<String, Value> = serde_json::from_str(text).map_err(whole)?;
    let listing = listing(&members);
    let own = if kind == GRAPHQL { OF_GRAPHQL } else { OF_REST };
    let of_kind: Map<String, Value> =
        own.iter().filter_map(|name| Some(((*name).to_owned(), members.remove(*name)?))).collect();
    let common: Common = serde_json::from_value(Value::Object(members)).map_err(whole)?;
    let mut reading = Reading::default();
    let ask = if kind == GRAPHQL {
        graphql(serde_json::from_value(Value::Object(of_kind)).map_err(whole)?, &mut reading)
    } else {
        rest(serde_json::from_value(Value::Object(of_kind)).map_err(whole)?, &mut reading)
    };
    let settings = Settings {
        ask,
        headers: reading.headers(&common.headers),
        records: reading.pointer("/records", &common.records),
        records_optional: common.records_optional,
        error: reading.optional_pointer("/error", &common.error),
        fields: reading.fields(&common.fields, &common.id_from, &common.item_kind),
        metrics: reading.metrics(&common.metrics),
        data: reading.named_pointers("/data", &common.data),
        media: reading.media(&common.media),
        times: common.times,
        paging: reading.paging(&common.paging, kind == GRAPHQL),
        incremental: reading.incremental(&common.incremental, common.times),
        listing,
    };
    fit(&settings, common.paging.kind, &mut reading);
    if reading.problems.is_empty() { Ok(settings) } else { Err(reading.problems) }
}

/// Whatever of the settings decides what a page of the listing holds.
fn listing(members: &Map<String, Value>) -> u64 {
    let mut paging = members.get("paging").cloned().unwrap_or_default();
    if let Some(paging) = paging.as_object_mut() {
        for name in ["max_pages", "delay_s", "empty_pages", "hosts"] {
            paging.remove(name);
        }
    }
    let decides = ["method", "query", "body", "form", "variables", "operation", "headers", "records", "incremental"];
    let mut parts: Vec<String> =
        decides.iter().map(|name| members.get(*name).map(Value::to_string).unwrap_or_default()).collect();
    parts.push(paging.to_string());
    u64::try_from(hash(parts.iter().map(String::as_str)) >> 64).unwrap_or_default()
}

fn rest(written: Rest, reading: &mut Reading) -> Ask {
    if !["GET", "POST", "PUT", "PATCH"].contains(&written.method.as_str()) {
        reading.problem("/method", format!("\"{}\" is none of GET, POST, PUT, PATCH", written.method));
    }
    let form = reading.pairs("/form", &written.form);
    let body = match &written.body {
        Value::Null if form.is_empty() => Body::None,
        Value::Null => Body::Form(form),
        _ if !form.is_empty() => {
            reading.problem("/form", "a request has one body: either \"body\" or \"form\"".to_owned());
            Body::None
        }
        Value::String(text) => reading.template("/body", text).map_or(Body::None, Body::Text),
        value => reading.json("/body", value).map_or(Body::None, Body::Json),
    };
    if body != Body::None && written.method == "GET" {
        reading.problem(
            "/method",
            "a GET has no body: set \"method\" to \"POST\", or leave \"body\" and \"form\" out".to_owned(),
        );
    }
    Ask::Rest { method: written.method, query: reading.pairs("/query", &written.query), body }
}

fn graphql(written: Graphql, reading: &mut Reading) -> Ask {
    if written.query.trim().is_empty() {
        reading.problem(
            "/query",
            "a GraphQL query is needed, like \"query($after: String) { posts(after: $after) { nodes { id } } }\""
                .to_owned(),
        );
    } else if written.query.len() > limits::BODY_BYTES {
        reading.problem(
            "/query",
            format!("the query has {} bytes; at most {} are accepted", written.query.len(), limits::BODY_BYTES),
        );
    }
    let variables = reading.json("/variables", &Value::Object(written.variables));
    Ask::Graphql {
        query: written.query,
        operation: Some(written.operation).filter(|name| !name.is_empty()),
        variables: variables.unwrap_or(JsonTemplate::Object(Vec::new())),
        lenient: written.errors == Errors::Warn,
    }
}

/// What fits together.
fn fit(settings: &Settings, kind: PagingKind, reading: &mut Reading) {
    let asked = [
        (Name::Offset, PagingKind::Offset, "offset"),
        (Name::Page, PagingKind::Page, "page"),
        (Name::Cursor, PagingKind::Cursor, "cursor"),
    ];
    for (name, needs, word) in asked {
        if settings.uses(name) && kind != needs {
            reading.problem(
                "/paging/kind",
                format!("{{{{{word}}}}} stands in the request, but the paging is another: set \"kind\" to \"{word}\""),
            );
        }
    }
    if settings.uses(Name::Since) && settings.incremental.by == By::None && settings.incremental.start.is_none() {
        reading.problem(
            "/incremental/by",
            "{{since}} stands in the request, and nothing says what it is: set \"by\" to \"time\" or \"id\"".to_owned(),
        );
    }
    if settings.incremental.by == By::Time && settings.incremental.field.is_none() && !settings.fields.has_time() {
        reading
            .problem("/incremental/field", "no field is a time: say where it stands, like \"/updated_at\"".to_owned());
    }
}
