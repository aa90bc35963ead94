//! What goes wrong at an API, and what that means.
//!
//! Owns: from a status, a header field or an error told in a body to a failure of the contract. Must not know: records. Called by
//! [`crate::answer`].

use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::text::cut;
use tidegate_plugin_kit::{Failure, FailureCategory, HttpResponse, dates, headers, html, status};

use crate::envelope::Said;
use crate::limits;

/// The failure of a status that brings no records. Quotes what the server says of it.
pub fn of_status(response: &HttpResponse, now: &str) -> Failure {
    let plain = status::failure(response.status, "the API");
    let message = match quoted(response) {
        Some(words) => format!("{}; it says: {words}", plain.message),
        None => plain.message,
    };
    // An API refuses a request, not a scraper: whoever set it up has to look.
    let category = match response.status {
        403 if is_spent(response) => FailureCategory::RateLimited,
        403 => FailureCategory::Auth,
        _ => plain.category,
    };
    let retry_after_s = match category {
        FailureCategory::RateLimited => wait(response, now),
        // Fields that count requests say nothing of an outage.
        FailureCategory::Transient => asked(response, now),
        _ => None,
    };
    Failure { retry_after_s, ..Failure::new(category, cut(message, limits::MESSAGE_BYTES)) }
}

/// The failure that errors in a body stand for. None if there are none.
pub fn of_errors(errors: &[Said], response: &HttpResponse, now: &str) -> Option<Failure> {
    let first = errors.first()?;
    let category = errors.iter().map(category).find(|category| *category != FailureCategory::BadAnswer);
    let category = category.unwrap_or(FailureCategory::BadAnswer);
    let code = if first.code.is_empty() { String::new() } else { format!(" ({})", first.code) };
    let more = if errors.len() > 1 { format!(", and {} more", errors.len() - 1) } else { String::new() };
    let words = cut(html::fold(&first.message), limits::QUOTE_BYTES);
    let message = cut(format!("the API answers with an error{code}: {words}{more}"), limits::MESSAGE_BYTES);
    let pointer = (category == FailureCategory::Config).then(|| "/query".to_owned());
    Some(Failure {
        retry_after_s: if category == FailureCategory::RateLimited { wait(response, now) } else { None },
        pointer,
        ..Failure::new(category, message)
    })
}

/// What an error is about: by its code, else by its words.
fn category(said: &Said) -> FailureCategory {
    const MEANINGS: [(FailureCategory, &[&str]); 6] = [
        (
            FailureCategory::RateLimited,
            &["ratelimit", "throttl", "toomany", "maxcomplexity", "costexceeded", "slowdown", "quotaexceeded"],
        ),
        (
            FailureCategory::Auth,
            &[
                "unauth",
                "notauthed",
                "invalidauth",
                "forbidden",
                "accessdenied",
                "badcredentials",
                "tokenexpired",
                "tokenrevoked",
                "invalidtoken",
                "missingscope",
                "permission",
            ],
        ),
        (FailureCategory::NotFound, &["notfound", "doesnotexist", "couldnotresolve"]),
        (
            FailureCategory::Config,
            &[
                "validationfailed",
                "parsefailed",
                "undefinedfield",
                "baduserinput",
                "syntaxerror",
                "invalidquery",
                "graphqlvalidation",
                "argumentnotaccepted",
            ],
        ),
        (
            FailureCategory::Transient,
            &["internal", "timeout", "timedout", "unavailable", "temporar", "tryagain", "servererror", "badgateway"],
        ),
        (FailureCategory::Private, &["privateaccount", "isprivate"]),
    ];
    let letters = |text: &str| {
        text.chars().take(500).filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let of = |text: &str| {
        let text = letters(text);
        MEANINGS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word))).map(|(category, _)| *category)
    };
    match said.code.as_str() {
        "401" | "403" => FailureCategory::Auth,
        "404" => FailureCategory::NotFound,
        "429" => FailureCategory::RateLimited,
        code => of(code).or_else(|| of(&said.message)).unwrap_or(FailureCategory::BadAnswer),
    }
}

/// Whether the answer says that no request is left (the fields that GitHub, GitLab and many others send).
fn is_spent(response: &HttpResponse) -> bool {
    let zero = ["x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining"];
    let zero = zero.iter().any(|name| headers::first(&response.headers, name).is_some_and(|left| left.trim() == "0"));
    zero || headers::first(&response.headers, "retry-after").is_some()
}

/// Seconds to wait, as the answer says: `Retry-After` (seconds or a date), else the time of a reset (seconds since 1970, or from now).
pub fn wait(response: &HttpResponse, now: &str) -> Option<f64> {
    let field = |name: &str| headers::first(&response.headers, name).map(str::trim);
    let moment_now = Moment::parse(now)?;
    let until = |moment: Moment| seconds_until(moment, moment_now);
    let reset = || {
        let names = ["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"];
        let seconds: i64 = names.iter().find_map(|name| field(name))?.split('.').next()?.parse().ok()?;
        Some(if seconds > 1_000_000_000 {
            until(Moment::of_seconds(seconds))
        } else {
            f64::from(u32::try_from(seconds).ok()?)
        })
    };
    asked(response, now).or_else(reset).map(|seconds| seconds.min(limits::SLOW_DOWN_S))
}

/// Seconds to wait, as `Retry-After` says, in seconds or as a date.
fn asked(response: &HttpResponse, now: &str) -> Option<f64> {
    let now = Moment::parse(now)?;
    let text = headers::first(&response.headers, "retry-after")?.trim();
    let seconds = match text.parse::<u32>() {
        Ok(seconds) => f64::from(seconds),
        Err(_) => seconds_until(dates::moment(text)?, now),
    };
    Some(seconds.min(limits::SLOW_DOWN_S))
}

fn seconds_until(moment: Moment, now: Moment) -> f64 {
    f64::from(u32::try_from(moment.seconds() - now.seconds()).unwrap_or(0))
}

/// The beginning of what the server says, on one line.
fn quoted(response: &HttpResponse) -> Option<String> {
    let text =
        String::from_utf8_lossy(response.body.as_bytes().get(..4_096).unwrap_or(response.body.as_bytes())).into_owned();
    let words = if html::looks_like_html(&text) { html::plain(&text) } else { text };
    let words = cut(html::fold(&words), limits::QUOTE_BYTES);
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_plugin_kit::Header;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn response(status: u16, fields: &[(&str, &str)], body: &str) -> HttpResponse {
        let mut response = HttpResponse::new(status, "https://e.example/", body);
        response.headers = fields
            .iter()
            .map(|(name, value)| Header { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect();
        response
    }

    #[test]
    fn statuses() {
        for (status, fields, category, wait) in [
            (401, &[][..], FailureCategory::Auth, None),
            (403, &[], FailureCategory::Auth, None),
            (
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795348830")],
                FailureCategory::RateLimited,
                Some(30.0),
            ),
            (429, &[("retry-after", "7")], FailureCategory::RateLimited, Some(7.0)),
            (429, &[("retry-after", "Sun, 22 Nov 2026 12:01:00 GMT")], FailureCategory::RateLimited, Some(60.0)),
            (429, &[("ratelimit-reset", "12")], FailureCategory::RateLimited, Some(12.0)),
            (429, &[("x-ratelimit-reset", "1")], FailureCategory::RateLimited, Some(1.0)),
            (429, &[("x-ratelimit-reset", "1795340000")], FailureCategory::RateLimited, Some(0.0)),
            (404, &[], FailureCategory::NotFound, None),
            (422, &[], FailureCategory::BadAnswer, None),
        ] {
            let failure = of_status(&response(status, fields, "{\"message\":\"why not\"}"), NOW);
            assert_eq!((failure.category, failure.retry_after_s), (category, wait), "{status} {fields:?}");
            assert!(failure.message.contains("why not") && failure.message.contains(&status.to_string()));
        }
    }

    #[test]
    fn errors_in_bodies() {
        let said = |code: &str, message: &str| Said { code: code.to_owned(), message: message.to_owned() };
        for (errors, category) in [
            (vec![said("RATE_LIMITED", "")], FailureCategory::RateLimited),
            (vec![said("THROTTLED", "Throttled")], FailureCategory::RateLimited),
            (vec![said("", "ratelimited")], FailureCategory::RateLimited),
            (vec![said("UNAUTHENTICATED", "")], FailureCategory::Auth),
            (vec![said("", "invalid_auth")], FailureCategory::Auth),
            (vec![said("", "Could not resolve to a User with the login of 'x'.")], FailureCategory::NotFound),
            (vec![said("GRAPHQL_VALIDATION_FAILED", "Cannot query field")], FailureCategory::Config),
            (vec![said("", "Something odd"), said("INTERNAL_SERVER_ERROR", "")], FailureCategory::Transient),
            (vec![said("", "Something odd")], FailureCategory::BadAnswer),
            (vec![said("429", "")], FailureCategory::RateLimited),
        ] {
            let failure = of_errors(&errors, &response(200, &[], ""), NOW);
            assert_eq!(failure.map(|failure| failure.category), Some(category), "{errors:?}");
        }
        assert_eq!(of_errors(&[], &response(200, &[], ""), NOW), None);
    }
}
