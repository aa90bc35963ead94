//! URLs and forms, written right: percent-encoding, queries in which a setting goes before what the URL has.
//!
//! Owns: encoding (RFC 3986 sections 2.1 to 2.3, the form encoding of the URL standard) and taking queries apart. Must not know:
//! settings. Called by [`crate::identifier`], [`crate::request`] and [`crate::paging`].

use tidegate_plugin_kit::uri;

use crate::limits;

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3), so that a value means itself wherever in a query
/// it stands.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            escape(&mut out, byte);
        }
    }
    out
}

/// The same for a form: blanks are `+`.
pub fn encode_form(text: &str) -> String {
    text.split(' ').map(encode).collect::<Vec<_>>().join("+")
}

/// Makes a path or query fit for a request: what may not stand in a URL is encoded, what is encoded stays so, in capitals, unless it is
/// unreserved (RFC 3986 section 6.2.2).
pub fn normal(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes, at + 1)) {
            (b'%', Some(meant)) => {
                if meant.is_ascii_alphanumeric() || matches!(meant, b'-' | b'.' | b'_' | b'~') {
                    out.push(char::from(meant));
                } else {
                    escape(&mut out, meant);
                }
                at += 3;
                continue;
            }
            (b'%', None) => out.push_str("%25"),
            (byte, _) if *byte <= b' ' || *byte >= 0x7f || b"\"<>\\^`{|}#".contains(byte) => escape(&mut out, *byte),
            (byte, _) => out.push(char::from(*byte)),
        }
        at += 1;
    }
    out
}

fn escape(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    for half in [byte >> 4, byte & 15] {
        out.push(char::from(DIGITS[usize::from(half)]));
    }
}

fn hex(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(at)? << 4 | digit(at + 1)?).ok()
}

/// The name of a parameter of a query, decoded.
pub fn name_of(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    let bytes = name.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes, at + 1)) {
            (b'%', Some(meant)) => {
                out.push(meant);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `url` with these parameters, decoded, behind those of its own query that are none of them.
pub fn with_query(url: &str, parameters: &[(String, String)]) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let own = query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty());
    let own = own.filter(|pair| parameters.iter().all(|(name, _)| *name != name_of(pair))).map(str::to_owned);
    let given = parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let pairs: Vec<String> = own.chain(given).collect();
    // A bare "?" was written on purpose.
    match (pairs.is_empty(), query) {
        (true, None) => place.to_owned(),
        _ => format!("{place}?{}", pairs.join("&")),
    }
}

/// A URL that an answer names, made fit for a request: absolute, over HTTP, without fragment and user, not too long.
pub fn for_request(url: &str) -> Option<String> {
    let parts = uri::split(url);
    if !uri::is_http(url) || parts.authority.is_some_and(|authority| authority.contains('@')) {
        return None;
    }
    let (scheme, authority) = (parts.scheme?.to_ascii_lowercase(), parts.authority?.to_lowercase());
    let path = if parts.path.is_empty() { "/".to_owned() } else { normal(parts.path) };
    let query = parts.query.map(|query| format!("?{}", normal(query))).unwrap_or_default();
    let url = format!("{scheme}://{authority}{path}{query}");
    (url.len() <= limits::URL_BYTES).then_some(url)
}

/// A URL of an item: absolute, of a scheme that leads somewhere, blanks encoded.
pub fn for_item(base: &str, reference: &str) -> Option<String> {
    let url = uri::resolve(base, reference).replace(' ', "%20");
    let known = uri::scheme(&url).is_some_and(|scheme| {
        ["http", "https", "ftp", "magnet", "mailto"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    });
    (known && url.len() <= limits::URL_BYTES && !url.chars().any(char::is_control)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding() {
        assert_eq!(encode("a b&c=d/é~"), "a%20b%26c%3Dd%2F%C3%A9~");
        assert_eq!(encode_form("a b+c"), "a+b%2Bc");
        assert_eq!(normal("/%7ea/%2f b%zz?x=é"), "/~a/%2F%20b%25zz?x=%C3%A9");
    }

    #[test]
    fn a_setting_goes_before_what_the_url_has() {
        let given =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        for (url, parameters, whole) in [
            ("https://e.example/a", &[("page", "2")][..], "https://e.example/a?page=2"),
            ("https://e.example/a?page=1&q=x", &[("page", "2")], "https://e.example/a?q=x&page=2"),
            ("https://e.example/a?filter%5Bp%5D=1", &[("filter[p]", "a b")], "https://e.example/a?filter%5Bp%5D=a%20b"),
            ("https://e.example/a?b", &[], "https://e.example/a?b"),
            ("https://e.example/a?", &[], "https://e.example/a?"),
            ("https://e.example/a?q=1", &[("q", "2"), ("q", "3")], "https://e.example/a?q=2&q=3"),
        ] {
            assert_eq!(with_query(url, &given(parameters)), whole);
        }
    }

    #[test]
    fn what_an_answer_names() {
        for (url, fit) in [
            ("HTTPS://E.example/a b#x", Some("https://e.example/a%20b")),
            ("https://u:p@e.example/", None),
            ("file:///etc/passwd", None),
            ("//e.example/", None),
            ("https://e.example?x", Some("https://e.example/?x")),
        ] {
            assert_eq!(for_request(url).as_deref(), fit, "{url}");
        }
        assert_eq!(for_item("https://e.example/a/", "b c").as_deref(), Some("https://e.example/a/b%20c"));
        assert_eq!(for_item("https://e.example/", "javascript:alert(1)"), None);
    }
}
