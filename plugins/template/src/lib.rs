//! A plugin to start from: a list of articles from a JSON API.
//!
//! Owns: one imagined platform. `GET {identifier}?limit=N` answers `{"articles": [{"id", "title", "url", "body", "author",
//! "published"}], "next": TOKEN or null}`, newest first; `&after=TOKEN` gives the next page. Replace the shapes below by those
//! of your platform. The four functions are pure: no clock, no network, no memory between calls; what they must promise is
//! written in `wit/v0.1`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tidegate_plugin_kit::{
    self as kit, Author, Batch, BodyForm, Example, Failure, HttpRequest, HttpResponse, Item, Job, Kind, Manifest,
    Outcome, OutcomeStatus, Page, PageContent, Plugin, Problem, Reject, Step, Valid, Watermark, status, uri,
};

/// The overrides a source may set, as JSON Schema. Forms and error messages are made from it.
const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "page_size": {
      "title": "Page size",
      "description": "How many articles to ask for at once.",
      "type": "integer",
      "minimum": 1,
      "maximum": 100,
      "default": 20
    }
  }
}"#;

/// The same in Rust. The host fills in defaults and checks every value against the schema before a call.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Overrides {
    page_size: u32,
}

impl Default for Overrides {
    fn default() -> Self {
        Self { page_size: 20 }
    }
}

/// What the platform answers. Elements stay raw, so that a broken one does not spoil its page.
#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    articles: Vec<&'a RawValue>,
    #[serde(default)]
    next: Value,
}

/// The plugin.
#[derive(Debug, Clone, Copy)]
pub struct Articles;

impl Plugin for Articles {
    fn describe() -> Manifest {
        Manifest {
            kinds: vec![Kind {
                name: "articles".to_owned(),
                description: "Articles of a JSON API. The identifier is the URL of the list.".to_owned(),
                overrides_schema: SCHEMA.to_owned(),
                examples: vec![Example {
                    identifier: "https://api.example.com/articles".to_owned(),
                    overrides: "{\"page_size\":50}".to_owned(),
                    note: "fifty articles a page".to_owned(),
                }],
                // Name your platform's hosts here; "*" is for identifiers that name the host themselves.
                hosts: vec!["*".to_owned()],
                methods: vec!["GET".to_owned()],
                actors: Vec::new(),
                deltas: vec!["newest-id".to_owned()],
                deliveries: false,
                extra: None,
            }],
            ..Manifest::new("template", env!("CARGO_PKG_VERSION"), "Articles of a JSON API.")
        }
    }

    fn validate(_kind: &str, identifier: &str, _overrides: &str) -> Result<Valid, Vec<Problem>> {
        let wrong = "give the URL of the list, like \"https://api.example.com/articles\"";
        normal_url(identifier).map(Valid::new).ok_or_else(|| vec![Problem::new("", wrong)])
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        Ok(Step::http(request(job, None), None))
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        match &page.content {
            PageContent::Http(response) if (200..300).contains(&response.status) => read(job, page, response),
            // Gone for good: the source is over, where a 404 may pass.
            PageContent::Http(response) if response.status == 410 => {
                Ok(Batch::empty(Outcome::new(OutcomeStatus::NotFound, "the list is gone for good (status 410)")))
            }
            PageContent::Http(response) => Err(status::failure(response.status, "the list of articles")),
            _ => Err(Failure::unexpected_page("expected an answer over HTTP")),
        }
    }
}

kit::export!(Articles);

/// Two spellings of one list give one text: scheme and host in lower case, no slash at the end. No query and no fragment.
fn normal_url(typed: &str) -> Option<String> {
    let url = typed.trim();
    let parts = uri::split(url);
    let (scheme, host) = (parts.scheme?, parts.authority?);
    let plain = url.chars().all(|letter| letter.is_ascii_graphic()) && !host.contains('@');
    if !uri::is_http(url) || !plain || parts.query.is_some() || parts.fragment.is_some() {
        return None;
    }
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    Some(format!("{scheme}://{host}{}", parts.path.trim_end_matches('/')))
}

/// The first page, or the one behind `after`.
fn request(job: &Job, after: Option<&str>) -> HttpRequest {
    let settings: Overrides = serde_json::from_str(&job.overrides).unwrap_or_default();
    // Ask for no more than this run may store.
    let limit = settings.page_size.min(job.max_items);
    let mut url = format!("{}?limit={limit}", job.identifier);
    if let Some(token) = after {
        url.push_str("&after=");
        url.push_str(&percent_encoded(token));
    }
    HttpRequest { want: BodyForm::Text, ..HttpRequest::get(url) }.header("accept", "application/json")
}

/// As in a query: what RFC 3986 calls unreserved stays.
fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

fn read(job: &Job, page: &Page, response: &HttpResponse) -> Result<Batch, Failure> {
    let answer: Answer<'_> = serde_json::from_slice(response.body.as_bytes())
        .map_err(|_| Failure::bad_answer("expected JSON: an object with the list \"articles\""))?;
    let mut batch = Batch::empty(Outcome::ok());
    for (number, element) in (0..).zip(answer.articles) {
        match item(number, element) {
            Ok(item) => batch.items.push(item),
            Err(reason) => batch.rejects.push(Reject::new(number, reason)),
        }
    }
    // The newest article stands on the first page: its id goes along as `state`, and is where the next run may stop.
    let known = job.watermark.as_ref().and_then(|mark| mark.newest_id.as_deref());
    let first = batch.items.first().map(|item| item.external_id.as_str());
    let newest = page.state.as_deref().or(first).or(known).map(str::to_owned);
    batch.watermark = newest.clone().map(|id| Watermark { newest_id: Some(id), ..Watermark::none() });
    let reached = batch.items.iter().any(|item| known == Some(item.external_id.as_str()));
    let next = answer.next.as_str().filter(|token| !token.is_empty() && !batch.items.is_empty() && !reached);
    batch.next = next.map(|token| Step::http(request(job, Some(token)), newest));
    Ok(batch)
}

/// An element as an item, or why it cannot be one.
fn item(number: u32, element: &RawValue) -> Result<Item, String> {
    let article: Value = serde_json::from_str(element.get()).map_err(|error| format!("not JSON: {error}"))?;
    if !article.is_object() {
        return Err("an article is an object".to_owned());
    }
    let text = |name: &str| match article.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("\"{name}\" is not a text")),
    };
    let id = text("id")?.filter(|id| !id.is_empty()).ok_or("\"id\" is missing")?;
    Ok(Item {
        title: text("title")?,
        url: text("url")?,
        text: text("body")?,
        authors: text("author")?.map(Author::named).into_iter().collect(),
        published_at: text("published")?,
        ..Item::of_kind("article", number, id)
    })
}
