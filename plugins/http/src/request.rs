//! Requests: what is asked for each page of a listing.
//!
//! Owns: what is asked for a page: URL, header, body. Must not know: how far a listing is read. Called by [`crate::state`].

use serde_json::{Map, Value, json};
use tidegate_plugin_kit::{Body as Sent, BodyForm, Failure, HttpRequest, Job};

use crate::identifier;
use crate::limits;
use crate::paging::{Paging, Position};
use crate::settings::{Ask, Body, Settings};
use crate::template::{Filled, Name, Template, Values};
use crate::url;

/// The request for the page at `at`.
///
/// # Errors
///
/// If it is longer than a request may be.
pub fn build(job: &Job, settings: &Settings, at: &Position, since: Option<&str>) -> Result<HttpRequest, Failure> {
    let (endpoint, name) = identifier::split(&job.identifier);
    let values = |placeholder: Name| {
        let text = |text: &str| Some(Filled::Text(text.to_owned()));
        match (placeholder, at) {
            (Name::Since, _) => since.map(str::to_owned).map(Filled::Text),
            (Name::Cursor, Position::Cursor(cursor)) => text(cursor),
            (Name::Offset, Position::Offset(offset)) => Some(Filled::Number(*offset)),
            (Name::Page, Position::Page(page)) => Some(Filled::Number(*page)),
            (Name::Limit, _) => settings.paging.size.map(Filled::Number),
            (Name::Identifier, _) => text(endpoint),
            (Name::Name, _) => name.and_then(text),
            (Name::Now, _) => text(&job.now),
            _ => None,
        }
    };
    let mut request = match &settings.ask {
        Ask::Rest { method, query, body } => rest(endpoint, method, query, body, settings, at, &values)?,
        Ask::Graphql { query, operation, variables, .. } => {
            let mut filled = match variables.fill(&values) {
                Some(Value::Object(filled)) => filled,
                _ => Map::new(),
            };
            for (parameter, value) in paged(settings, at) {
                filled.insert(parameter, value);
            }
            let mut body = json!({ "query": query, "variables": filled });
            if let Some(operation) = operation {
                body["operationName"] = json!(operation);
            }
            let mut request = HttpRequest { method: "POST".to_owned(), ..HttpRequest::get(endpoint) };
            request.body = Some(Sent::Text(body.to_string()));
            request.header("content-type", "application/json")
        }
    };
    for (name, template) in &settings.headers {
        let value = template.fill(&values).filter(|value| !value.chars().any(char::is_control));
        if let Some(value) = value {
            request.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
            request = request.header(name, value);
        }
    }
    if !request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("accept")) {
        request = request.header("accept", "application/json, */*;q=0.5");
    }
    request.want = BodyForm::Text;
    fits(request, at)
}

fn rest(
    endpoint: &str,
    method: &str,
    query: &[(String, Template)],
    body: &Body,
    settings: &Settings,
    at: &Position,
    values: &Values<'_>,
) -> Result<HttpRequest, Failure> {
    let url = match at {
        // The server's own link is the whole request.
        Position::Url(link) => link.clone(),
        _ => {
            let mut parameters = filled(query, values);
            let paged = paged(settings, at).into_iter().map(|(name, value)| (name, text(&value)));
            for (name, value) in paged {
                parameters.retain(|(known, _)| *known != name);
                parameters.push((name, value));
            }
            url::with_query(endpoint, &parameters)
        }
    };
    let mut request = HttpRequest { method: method.to_owned(), ..HttpRequest::get(url) };
    let (content_type, sent) = match body {
        Body::None => return Ok(request),
        Body::Json(body) => ("application/json", body.fill(values).unwrap_or_default().to_string()),
        Body::Text(body) => ("text/plain;charset=utf-8", body.fill(values).unwrap_or_default()),
        Body::Form(form) => {
            let pairs = filled(form, values);
            let pairs =
                pairs.iter().map(|(name, value)| format!("{}={}", url::encode_form(name), url::encode_form(value)));
            ("application/x-www-form-urlencoded", pairs.collect::<Vec<_>>().join("&"))
        }
    };
    request.body = Some(Sent::Text(sent));
    Ok(request.header("content-type", content_type))
}

/// Parameters whose value is known.
fn filled(pairs: &[(String, Template)], values: &Values<'_>) -> Vec<(String, String)> {
    pairs.iter().filter_map(|(name, template)| Some((name.clone(), template.fill(values)?))).collect()
}

/// The parameters (GraphQL: variables) of the paging, where no placeholder stands for them.
fn paged(settings: &Settings, at: &Position) -> Vec<(String, Value)> {
    let Paging { parameter, size, size_parameter, .. } = &settings.paging;
    let place = match at {
        Position::Offset(offset) => Some((Name::Offset, json!(offset))),
        Position::Page(page) => Some((Name::Page, json!(page))),
        Position::Cursor(cursor) => Some((Name::Cursor, json!(cursor))),
        Position::Start | Position::Url(_) => None,
    };
    let place = place.filter(|(name, _)| !settings.uses(*name)).map(|(_, value)| (parameter.clone(), value));
    let size = size.filter(|_| !settings.uses(Name::Limit)).map(|size| (size_parameter.clone(), json!(size)));
    size.into_iter().chain(place).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether the host would send it. What is too long on a first page is the settings' fault, later that of what the answer said.
fn fits(request: HttpRequest, at: &Position) -> Result<HttpRequest, Failure> {
    let body = request.body.as_ref().map_or(0, |body| body.as_bytes().len());
    let fields: usize = request.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    let most = [
        ("/query", "URL", request.url.len(), limits::URL_BYTES),
        ("/body", "body", body, 4 * limits::BODY_BYTES),
        ("/headers", "header", fields, limits::HEADER_BYTES),
    ];
    match most.into_iter().find(|(_, _, bytes, most)| bytes > most) {
        None => Ok(request),
        Some((pointer, what, bytes, most)) => {
            let message = format!("the request's {what} has {bytes} bytes; at most {most} are sent");
            Err(match at {
                Position::Cursor(_) | Position::Url(_) => {
                    Failure::bad_answer(format!("{message}: the API named too long a next page"))
                }
                _ => Failure::config(pointer, message),
            })
        }
    }
}
