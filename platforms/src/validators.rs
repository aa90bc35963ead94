//! Conditional requests: is what the client has still current? RFC 9110 sections 8.8 and 13.
//!
//! Owns: the comparison. Must not know: feeds. Called by the site before a body is built.

use http::{HeaderMap, header};
use jiff::Timestamp;

/// What identifies one state of a feed.
pub(crate) struct Validators<'a> {
    /// With its quotes, and `W/` where weak.
    pub(crate) etag: &'a str,
    /// Whole seconds.
    pub(crate) modified: Timestamp,
}

/// Whether the request is conditional at all.
pub(crate) fn conditional(request: &HeaderMap) -> bool {
    request.contains_key(header::IF_NONE_MATCH) || request.contains_key(header::IF_MODIFIED_SINCE)
}

/// Whether a 304 is the answer. `If-None-Match` is compared weakly (13.1.2); where it stands, `If-Modified-Since` is not
/// looked at, and one that is no date is ignored (13.1.3).
pub(crate) fn current(request: &HeaderMap, now: &Validators<'_>) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let lines = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        // None of our tags holds a comma, so a list may be cut at commas.
        return lines.flat_map(|line| line.split(',')).any(|tag| matches(tag.trim(), now.etag));
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok()).and_then(read_date);
    since.is_some_and(|since| now.modified <= since)
}

fn matches(offered: &str, current: &str) -> bool {
    offered == "*" || opaque(offered) == opaque(current)
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// `Sun, 01 Nov 2026 06:00:00 GMT`.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn read_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Validators, current, http_date};
    use http::{HeaderMap, HeaderName, HeaderValue};
    use jiff::Timestamp;

    #[test]
    fn a_304_by_tag_or_else_by_date() {
        let modified = Timestamp::from_second(1_793_512_800).unwrap();
        assert_eq!(http_date(modified), "Sun, 01 Nov 2026 06:00:00 GMT");
        let same = "Sun, 01 Nov 2026 06:00:00 GMT";
        let cases: [(&[(&str, &str)], bool); 11] = [
            (&[], false),
            (&[("if-none-match", "\"v7\"")], true),
            (&[("if-none-match", "W/\"v7\"")], true),
            (&[("if-none-match", "\"v6\", \"v7\"")], true),
            (&[("if-none-match", "*")], true),
            (&[("if-none-match", "v7")], false),
            (&[("if-modified-since", same)], true),
            (&[("if-modified-since", "Sun, 01 Nov 2026 06:00:01 GMT")], true),
            (&[("if-modified-since", "Sun, 01 Nov 2026 05:59:59 GMT")], false),
            (&[("if-modified-since", "yesterday")], false),
            (&[("if-none-match", "\"v6\""), ("if-modified-since", same)], false),
        ];
        for (fields, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            for etag in ["\"v7\"", "W/\"v7\""] {
                assert_eq!(current(&headers, &Validators { etag, modified }), expected, "{fields:?} against {etag}");
            }
        }
    }
}
