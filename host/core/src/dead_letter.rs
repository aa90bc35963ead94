//! What is kept of a run that nobody tries again: the request it ended with, without secrets.
//!
//! Owns: the form of that request, and what is masked in it. Must not know: rows, or when a run is given up
//! ([`crate::failure`] decides that). Called by the machine when a run fails.
//!
//! A planned request holds no credential by contract (the host attaches those later). But what an operator put into a URL, a
//! header or an actor's input goes through the plugin, so whatever is named like a secret is masked, and so are the user and
//! password of a URL.

use serde_json::{Map, Value, json};

use crate::limits;
use crate::plan::Wanted;
use crate::profile::Profile;
use crate::source::printable_identifier;

/// What stands for a secret.
const MASK: &str = "***";

/// Parts of names (of header fields, query parameters, keys of an input) whose values are masked.
const SECRET: [&str; 13] = [
    "auth",
    "cookie",
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "api-key",
    "api_key",
    "access_key",
    "signature",
    "session",
    "credential",
];

/// Names that are so short that they count as a whole only.
const SECRET_WHOLE: [&str; 4] = ["key", "sig", "pwd", "pass"];

/// The last request of a run as one JSON object: `{"http": {method, url, headers, body, body_bytes}}` or `{"actor": {name, build,
/// memory_mb, timeout_s, charge_cap, max_elements, input}}`. Texts are cut to [`limits::DEAD_REQUEST_BYTES`].
#[must_use]
pub fn request(wanted: &Wanted, profile: &Profile) -> String {
    let request = match wanted {
        Wanted::Http(request) => {
            let headers: Vec<Value> = request
                .headers
                .iter()
                .map(|header| {
                    let secret = is_secret(&header.name);
                    json!([header.name, if secret { MASK } else { header.value.as_str() }])
                })
                .collect();
            let body = request.body.as_ref().map(|body| masked_body(&String::from_utf8_lossy(body.as_bytes())));
            json!({ "http": {
                "method": request.method,
                "url": cut(&masked_url(&request.url)),
                "headers": headers,
                "body": body,
                "body_bytes": request.body.as_ref().map_or(0, |body| body.as_bytes().len()),
            }})
        }
        Wanted::Actor(wish) => {
            let actor = profile.actor.as_ref();
            json!({ "actor": {
                "name": actor.map(|actor| actor.name.to_string()),
                "build": actor.map(|actor| actor.build.as_str()),
                "memory_mb": actor.and_then(|actor| actor.memory_mb),
                "timeout_s": actor.map(|actor| actor.timeout.as_secs()),
                "charge_cap": wish.charge_cap.micros(),
                "max_elements": wish.max_elements,
                "input": masked_body(&wish.input),
            }})
        }
    };
    request.to_string()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WHOLE.contains(&name.as_str()) || SECRET.iter().any(|part| name.contains(part))
}

/// A URL without user, password, and values of parameters that are named like secrets.
fn masked_url(url: &str) -> String {
    let url = printable_identifier(url);
    let Some((place, rest)) = url.split_once('?') else { return url };
    let (query, fragment) = rest.split_once('#').map_or((rest, None), |(query, fragment)| (query, Some(fragment)));
    let masked = masked_form(query);
    fragment.map_or_else(|| format!("{place}?{masked}"), |fragment| format!("{place}?{masked}#{fragment}"))
}

/// `a=1&token=2` with masked values.
fn masked_form(form: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    };
    form.split('&').map(pair).collect::<Vec<_>>().join("&")
}

/// A body: JSON with masked values where it is JSON, else as a form.
fn masked_body(body: &str) -> String {
    let masked = match serde_json::from_str::<Value>(body) {
        Ok(value) => masked_value(value).to_string(),
        Err(_) => masked_form(body),
    };
    cut(&masked)
}

fn masked_value(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let masked = object.into_iter().map(|(name, value)| {
                let value = if is_secret(&name) && !value.is_null() { json!(MASK) } else { masked_value(value) };
                (name, value)
            });
            Value::Object(masked.collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(masked_value).collect()),
        Value::String(text) if text.contains("://") => Value::String(masked_url(&text)),
        other => other,
    }
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(limits::DEAD_REQUEST_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::contract::{Body, BodyForm, Header, HttpRequest};
    use crate::fixtures::actors::actor_profile;
    use crate::fixtures::profile;
    use crate::money::MicroUsd;
    use crate::plan::ActorWish;

    fn http(url: &str, headers: &[(&str, &str)], body: Option<&str>) -> Value {
        let wanted = Wanted::Http(HttpRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: headers.iter().map(|(n, v)| Header { name: (*n).to_owned(), value: (*v).to_owned() }).collect(),
            body: body.map(|body| Body::Text(body.to_owned())),
            want: BodyForm::Bytes,
            pass_statuses: vec![],
            extra: None,
        });
        serde_json::from_str(&request(&wanted, &profile())).unwrap()
    }

    #[test]
    fn what_is_named_like_a_secret_is_masked_wherever_it_stands() {
        let table = [
            ("https://u:hunter2@a.example/feed", "https://***@a.example/feed"),
            ("https://a.example/f?page=2&token=hunter2&x=1#top", "https://a.example/f?page=2&token=***&x=1#top"),
            ("https://a.example/f?api_key=hunter2", "https://a.example/f?api_key=***"),
            ("https://a.example/f?X-Amz-Signature=hunter2", "https://a.example/f?X-Amz-Signature=***"),
            ("https://a.example/f?key=hunter2&keyword=tides", "https://a.example/f?key=***&keyword=tides"),
            ("https://a.example/f?q=a", "https://a.example/f?q=a"),
        ];
        for (url, masked) in table {
            assert_eq!(http(url, &[], None)["http"]["url"], masked, "{url}");
        }
        let headers = [("Authorization", "Bearer hunter2"), ("x-api-key", "hunter2"), ("Accept", "text/html")];
        let body = r#"{"query":"tides","variables":{"session_id":"hunter2","list":[{"Cookie":"hunter2"}],"n":1}}"#;
        let both = http("https://a.example/", &headers, Some(body));
        assert!(!both.to_string().contains("hunter2"), "{both}");
        assert!(both.to_string().contains("tides") && both.to_string().contains("text/html"), "{both}");
        assert_eq!(both["http"]["body_bytes"], body.len());
        let form = http("https://a.example/", &[], Some("user=me&password=hunter2"));
        assert_eq!(form["http"]["body"], "user=me&password=***");
    }

    #[test]
    fn an_actor_run_is_told_with_its_input() {
        let input =
            r#"{"handles":["nasa"],"proxy":{"proxyUrls":["http://u:hunter2@p.example"]},"sessionCookies":["hunter2"]}"#;
        let wish = ActorWish { input: input.to_owned(), max_elements: 10, charge_cap: MicroUsd::new(5_000) };
        let told = request(&Wanted::Actor(wish), &actor_profile());
        assert!(!told.contains("hunter2") && told.contains("nasa"), "{told}");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["actor"]["charge_cap"], &told["actor"]["max_elements"]), (&json!(5_000), &json!(10)));
    }

    #[test]
    fn what_is_long_is_cut() {
        let long = "ä".repeat(limits::DEAD_REQUEST_BYTES);
        let told = http("https://a.example/", &[], Some(&long));
        let body = told["http"]["body"].as_str().unwrap();
        assert!(body.len() <= limits::DEAD_REQUEST_BYTES && body.len() + 2 > limits::DEAD_REQUEST_BYTES);
        assert_eq!(told["http"]["body_bytes"], long.len());
    }
}
