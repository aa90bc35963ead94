//! The identifier of a source: the URL of a feed, or of a page that names one.
//!
//! Owns: its one normal form, and the words for what is wrong. Called by `validate`. Two spellings of one URL give the same
//! text; two URLs that a server may tell apart stay apart (a last slash, the order of a query, percent-encoding).

use tidegate_plugin_kit::uri;

use crate::limits;

/// The normal form, or what is wrong and what would be right.
///
/// # Errors
///
/// A sentence for the person who typed it.
pub fn normalize(typed: &str) -> Result<String, String> {
    let text = typed.trim();
    if text.chars().any(|c| c.is_control()) {
        return Err("the URL holds control characters; copy it again from the address bar".to_owned());
    }
    let text = strip_feed_scheme(text);
    let text = with_scheme(&text)?;
    let parts = uri::split(&text);
    let scheme = parts.scheme.unwrap_or_default().to_ascii_lowercase();
    let authority = parts.authority.unwrap_or_default();
    if authority.contains('@') {
        return Err(
            "the URL holds a user name or password; credentials belong into the profile, give the URL without them, \
                    like \"https://example.org/feed\""
                .to_owned(),
        );
    }
    let host = host(authority, &scheme)?;
    let path = if parts.path.is_empty() { "/" } else { parts.path };
    let query = parts.query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{scheme}://{host}{}", encode(&format!("{path}{query}")));
    if url.len() > limits::IDENTIFIER_BYTES {
        return Err(format!("the URL has {} bytes; at most {} are accepted", url.len(), limits::IDENTIFIER_BYTES));
    }
    Ok(url)
}

/// Browsers of old handed feeds to readers as `feed:https://...` or `feed://...`.
fn strip_feed_scheme(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("feed://") {
        return format!("http://{}", &text[7..]);
    }
    if lower.starts_with("feed:") { text[5..].to_owned() } else { text.to_owned() }
}

fn with_scheme(text: &str) -> Result<String, String> {
    if let Some(rest) = text.strip_prefix("//") {
        return Ok(format!("https://{rest}"));
    }
    match uri::scheme(text) {
        Some(scheme) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            let rest = &text[scheme.len() + 1..];
            if rest.starts_with("//") {
                Ok(text.to_owned())
            } else {
                Err(format!("\"{scheme}:\" must be followed by two slashes, like \"https://example.org/feed\""))
            }
        }
        // "example.org:8080/feed" looks like a scheme; a port tells them apart.
        Some(scheme) if scheme.contains('.') || is_port(&text[scheme.len() + 1..]) => Ok(format!("https://{text}")),
        Some(scheme) => Err(format!(
            "feeds are read over http and https, not \"{scheme}:\"; give a URL like \"https://example.org/feed\""
        )),
        None => bare(text),
    }
}

/// A URL without its scheme: what stands before the path must look like a host, or anything a person types would be one.
fn bare(text: &str) -> Result<String, String> {
    let host = text.split(['/', '?', '#', '@']).next().unwrap_or_default();
    if host.contains('.') || host.eq_ignore_ascii_case("localhost") || !host.is_ascii() || text.contains('@') {
        return Ok(format!("https://{text}"));
    }
    Err(format!("\"{text}\" is no URL; give one like \"https://example.org/feed\""))
}

fn is_port(rest: &str) -> bool {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && matches!(rest.as_bytes().get(digits), None | Some(b'/' | b'?' | b'#'))
}

/// The host in lower case, with its port unless it is the scheme's own.
fn host(authority: &str, scheme: &str) -> Result<String, String> {
    let host = uri::host_of(authority);
    let wrong = || format!("\"{authority}\" is no host name; give a URL like \"https://example.org/feed\"");
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let named = !host.is_empty()
        && !host.starts_with('.')
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if !(bracketed || named) {
        return Err(wrong());
    }
    let port = &authority[host.len()..];
    let default = if scheme == "http" { "80" } else { "443" };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => String::new(),
        Some("") => String::new(),
        Some(digits) if digits.parse::<u16>().is_ok_and(|number| number > 0) => {
            let digits = digits.trim_start_matches('0');
            if digits == default { String::new() } else { format!(":{digits}") }
        }
        _ => return Err(format!("\"{port}\" is no port; a port is a number from 1 to 65535")),
    };
    Ok(host.to_lowercase() + &port)
}

/// Percent-encodes what may not stand in a URL as it is: blanks, quotes, brackets, anything beyond ASCII. What is encoded
/// already stays as it is.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte <= b' ' || byte >= 0x7f || matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            out.push_str(&format!("%{byte:02X}"));
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

/// A URL of a document made fit for a request: absolute, over HTTP, without fragment, percent-encoded.
pub fn for_request(url: &str) -> Option<String> {
    if !uri::is_http(url) || uri::split(url).authority.is_some_and(|authority| authority.contains('@')) {
        return None;
    }
    let url = encode(url.split('#').next().unwrap_or(url));
    (url.len() <= limits::URL_BYTES).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normal_forms() {
        for (typed, normal) in [
            ("example.org/feed", "https://example.org/feed"),
            ("  HTTP://Example.ORG:80/Feed?b=1&a=2#top ", "http://example.org/Feed?b=1&a=2"),
            ("https://example.org", "https://example.org/"),
            ("https://example.org:443/", "https://example.org/"),
            ("https://example.org:8443/", "https://example.org:8443/"),
            ("example.org:8080/feed", "https://example.org:8080/feed"),
            ("feed://example.org/rss", "http://example.org/rss"),
            ("feed:https://example.org/rss", "https://example.org/rss"),
            ("//example.org/rss", "https://example.org/rss"),
            ("https://[::1]:80/x", "https://[::1]:80/x"),
            ("https://example.org/a b?q=ä", "https://example.org/a%20b?q=%C3%A4"),
            ("https://example.org/%7Ex", "https://example.org/%7Ex"),
            ("https://example.org?x", "https://example.org/?x"),
        ] {
            assert_eq!(normalize(typed).as_deref(), Ok(normal), "{typed}");
        }
    }

    #[test]
    fn refusals_say_what_is_right() {
        for (typed, word) in [
            ("ftp://example.org/feed", "https"),
            ("javascript:alert(1)", "https"),
            ("mailto:a@example.org", "https"),
            ("https://user:secret@example.org/", "without them"),
            ("https://", "https://example.org/feed"),
            ("@nasa", "without them"),
            ("nonsense", "https://example.org/feed"),
            ("https:example.org", "two slashes"),
            ("https://example.org:99999/", "65535"),
            ("https://exa\u{1}mple.org/", "control"),
        ] {
            let problem = normalize(typed).err().unwrap_or_default();
            assert!(problem.contains(word), "{typed}: {problem}");
            assert!(!problem.contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(typed in "(https?://|feed:|)[a-zA-Z0-9.:@\\[\\]-]{1,20}(/[ -~é]{0,20})?") {
            if let Ok(normal) = normalize(&typed) {
                prop_assert_eq!(normalize(&normal), Ok(normal.clone()));
                prop_assert!(uri::is_http(&normal));
            }
        }
    }
}
