//! Steps a host must not take: what is planned for an identifier of the form `word rest`.
//!
//! Owns: one step for each word. Must not know: what the host makes of it. In the rest, `\r`, `\n`, `\t` and `\0` stand for the
//! characters that an identifier cannot hold.

use crate::bindings::tidegate::plugin::types::{ActorRun, Body, BodyForm, Fetch, Header, HttpRequest, Job, Step};

/// Where a step leads that is about something else than its address.
const ELSEWHERE: &str = "https://example.org/feed";

/// The step of a word; `None` if there is no such word.
pub(crate) fn plan(job: &Job) -> Option<Step> {
    let (word, rest) = job.identifier.split_once(' ').unwrap_or((&job.identifier, ""));
    let rest = unescaped(rest);
    let count = || rest.parse::<usize>().unwrap_or(0);
    let request = request(&origin(job));
    let step = match word {
        "get" => http(HttpRequest { url: rest, ..request }),
        "method" => http(HttpRequest { method: rest, ..request }),
        "header" => {
            let (name, value) = rest.split_once('=').unwrap_or((&rest, ""));
            http(HttpRequest { headers: vec![header(name, value)], ..request })
        }
        "headers" => http(HttpRequest { headers: vec![header("x-tide", "high"); count()], ..request }),
        "header-bytes" => http(HttpRequest { headers: vec![header("x-tide", &"x".repeat(count()))], ..request }),
        "url-bytes" => {
            let filled = format!("{}?", request.url);
            http(HttpRequest { url: format!("{filled:x<0$}", count()), ..request })
        }
        "body" => http(HttpRequest { body: Some(Body::Bytes(vec![b'x'; count()])), ..request }),
        "pass" => {
            http(HttpRequest { pass_statuses: rest.split(',').filter_map(|s| s.parse().ok()).collect(), ..request })
        }
        "pass-many" => http(HttpRequest { pass_statuses: vec![503; count()], ..request }),
        "state" => Step { state: Some("x".repeat(count())), ..http(request) },
        "delay" => Step { extra: Some(format!(r#"{{"delay-s":{rest}}}"#)), ..http(request) },
        "step-extra" => Step { extra: Some(rest), ..http(request) },
        "actor" => actor(rest, 3, None),
        "actor-bytes" => actor(format!(r#"{{"x":"{}"}}"#, "x".repeat(count())), 3, None),
        "actor-elements" => actor("{}".to_owned(), u32::MAX, None),
        "actor-extra" => actor("{}".to_owned(), 3, Some(rest)),
        "nothing" => of(Fetch::Nothing),
        "other" => of(Fetch::Other(rest)),
        _ => return None,
    };
    Some(step)
}

/// A step that asks for a page of the job's origin.
pub(crate) fn page(job: &Job) -> Step {
    http(request(&origin(job)))
}

/// The same at another address.
pub(crate) fn page_at(url: &str) -> Step {
    http(request(url))
}

/// What `origin` of the overrides says, read as simply as it is written; a site that is not there otherwise.
fn origin(job: &Job) -> String {
    let value = job.overrides.split_once(r#""origin":""#).and_then(|(_, rest)| rest.split_once('"'));
    value.map_or_else(|| ELSEWHERE.to_owned(), |(origin, _)| format!("{origin}/feed"))
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        want: BodyForm::Bytes,
        pass_statuses: Vec::new(),
        extra: None,
    }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

fn http(request: HttpRequest) -> Step {
    of(Fetch::Http(request))
}

fn actor(input: String, max_elements: u32, extra: Option<String>) -> Step {
    of(Fetch::Actor(ActorRun { input, max_elements, extra }))
}

fn of(fetch: Fetch) -> Step {
    Step { fetch, state: None, extra: None }
}

/// A text with the characters that an identifier cannot hold.
pub(crate) fn unescaped(text: &str) -> String {
    text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0").replace("\\e", "\u{1b}")
}
