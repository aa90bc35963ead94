//! A plugin to start from: a list of articles from a JSON API.
//!
//! Owns: one imagined platform, "template". `GET {identifier}` answers `{"articles": [{"id", "title", "url", "body",
//! "author", "published"}], "next": URL}`. Replace the shapes below by those of your platform. The four functions are pure:
//! no clock, no network, no memory between calls; what they must promise is written in `wit/v0.1`.

use serde::Deserialize;
use tidegate_plugin_kit::{
    self as kit, Author, Batch, Example, Failure, HttpRequest, HttpResponse, Item, Job, Kind, Manifest, Outcome, Page,
    PageContent, Plugin, Problem, Reject, Step, Valid, status, uri,
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

/// The same in Rust. "" and missing members mean the defaults.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Overrides {
    page_size: u32,
}

impl Default for Overrides {
    fn default() -> Self {
        Self { page_size: 20 }
    }
}

fn overrides(json: &str) -> Result<Overrides, String> {
    if json.is_empty() {
        return Ok(Overrides::default());
    }
    serde_json::from_str(json).map_err(|error| format!("\"page_size\" (1 to 100) is all there is to set: {error}"))
}

/// What the platform answers. Elements stay raw, so that one broken article does not spoil the page.
#[derive(Debug, Deserialize)]
struct Answer {
    articles: Vec<serde_json::Value>,
    next: Option<String>,
}

/// One element.
#[derive(Debug, Deserialize)]
struct Article {
    id: String,
    title: Option<String>,
    url: Option<String>,
    body: Option<String>,
    author: Option<String>,
    published: Option<String>,
}

/// The plugin.
#[derive(Debug, Clone, Copy)]
pub struct Template;

impl Plugin for Template {
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
                deltas: Vec::new(),
                deliveries: false,
                extra: None,
            }],
            ..Manifest::new("template", env!("CARGO_PKG_VERSION"), "A plugin to start from.")
        }
    }

    fn validate(_kind: &str, identifier: &str, settings: &str) -> Result<Valid, Vec<Problem>> {
        let mut problems = Vec::new();
        let url = identifier.trim();
        if !uri::is_http(url) || uri::split(url).query.is_some() {
            problems.push(Problem::new("", "give the URL of the list, like \"https://api.example.com/articles\""));
        }
        if let Err(message) = overrides(settings) {
            problems.push(Problem::new("/page_size", message));
        }
        if problems.is_empty() { Ok(Valid::new(url.trim_end_matches('/'))) } else { Err(problems) }
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        let settings = overrides(&job.overrides).map_err(|message| Failure::config("/page_size", message))?;
        // Ask for no more than this run may store.
        let limit = settings.page_size.min(job.max_items);
        let request =
            HttpRequest::get(format!("{}?limit={limit}", job.identifier)).header("accept", "application/json");
        Ok(Step::http(request, None))
    }

    fn normalize(_job: &Job, page: &Page) -> Result<Batch, Failure> {
        match &page.content {
            PageContent::Http(response) if (200..300).contains(&response.status) => read(response),
            PageContent::Http(response) => Err(status::failure(response.status, "the list of articles")),
            _ => Err(Failure::unexpected_page("expected an answer over HTTP")),
        }
    }
}

kit::export!(Template);

fn read(response: &HttpResponse) -> Result<Batch, Failure> {
    let answer: Answer = serde_json::from_slice(response.body.as_bytes())
        .map_err(|error| Failure::bad_answer(format!("expected an object with \"articles\": {error}")))?;
    let mut batch = Batch::empty(Outcome::ok());
    for (number, element) in answer.articles.into_iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        match serde_json::from_value::<Article>(element) {
            Ok(article) => batch.items.push(item(number, article, &response.final_url)),
            Err(error) => batch.rejects.push(Reject::new(number, error.to_string())),
        }
    }
    batch.next = answer
        .next
        .filter(|_| !batch.items.is_empty())
        .map(|next| Step::http(HttpRequest::get(uri::resolve(&response.final_url, &next)), None));
    Ok(batch)
}

fn item(number: u32, article: Article, base: &str) -> Item {
    Item {
        kind: "article".to_owned(),
        title: article.title,
        url: article.url.map(|url| uri::resolve(base, &url)),
        text: article.body,
        authors: article.author.map(Author::named).into_iter().collect(),
        published_at: article.published,
        ..Item::new(number, article.id)
    }
}
