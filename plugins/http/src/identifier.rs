//! The identifier of a source: the URL of an endpoint, and perhaps a name behind `#`.
//!
//! Owns: its one normal form, and the words for what is wrong. Called by `validate` and [`crate::request`]. Two spellings of
//! one URL give the same text; URLs that a server may tell apart stay apart (a last slash, the order of a query). What stands behind
//! `#` is no part of any request: it tells sources apart that ask the same endpoint for different things (two GraphQL queries, two
//! bodies), and is what `{{name}}` stands for.

use std::net::{Ipv4Addr, Ipv6Addr};

use tidegate_plugin_kit::uri;

use crate::{limits, url};

const EXAMPLE: &str = "\"https://api.example.org/v1/posts\"";

/// Parameters that are named like credentials. An identifier is shown everywhere.
const SECRETS: [&str; 9] =
    ["access_token", "api_key", "apikey", "api-key", "auth_token", "client_secret", "password", "secret", "x-api-key"];

/// The normal form, or what is wrong and what would be right.
///
/// # Errors
///
/// A sentence for the person who typed it.
pub fn normalize(typed: &str) -> Result<String, String> {
    let text = typed.trim();
    if text.chars().any(char::is_control) {
        return Err("the URL holds control characters; copy it again".to_owned());
    }
    let parts = uri::split(text);
    let scheme = parts.scheme.unwrap_or_default().to_ascii_lowercase();
    let Some(authority) = parts.authority.filter(|_| matches!(scheme.as_str(), "http" | "https")) else {
        return Err(format!("give the whole URL of the endpoint, with http or https, like {EXAMPLE}"));
    };
    if authority.contains('@') {
        return Err(format!(
            "the URL holds a user or password; credentials belong into the profile ([net.credential]), give the URL without them, like {EXAMPLE}"
        ));
    }
    let host = host(authority, &scheme)?;
    let path = if parts.path.is_empty() { "/".to_owned() } else { url::normal(&without_dots(parts.path)) };
    let query = parts.query.map(|query| format!("?{}", url::normal(query))).unwrap_or_default();
    if let Some(name) =
        parts.query.into_iter().flat_map(|query| query.split('&')).map(url::name_of).find(|name| is_secret(name))
    {
        return Err(format!(
            "the URL holds \"{name}\", which is named like a credential, and an identifier is shown everywhere; name it in the \
             profile instead: [net.credential] with query = \"{name}\""
        ));
    }
    let name = name(parts.fragment)?;
    let whole = format!("{scheme}://{host}{path}{query}{name}");
    if whole.len() > limits::IDENTIFIER_BYTES {
        return Err(format!("the URL has {} bytes; at most {} are accepted", whole.len(), limits::IDENTIFIER_BYTES));
    }
    Ok(whole)
}

/// Whether a name looks like that of a credential.
pub fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The URL to ask, and the name.
pub fn split(identifier: &str) -> (&str, Option<&str>) {
    identifier.split_once('#').map_or((identifier, None), |(url, name)| (url, Some(name)))
}

fn name(fragment: Option<&str>) -> Result<String, String> {
    let Some(name) = fragment.filter(|name| !name.is_empty()) else { return Ok(String::new()) };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if name.len() <= limits::WORD_BYTES && name.bytes().all(word) {
        return Ok(format!("#{name}"));
    }
    Err("what stands behind \"#\" is the name of a source: letters, digits and \"-._~/\", at most 256; leave it out if there is one \
         source at this URL"
        .to_owned())
}

/// The path without `.` and `..` (RFC 3986 section 6.2.2.3).
fn without_dots(path: &str) -> String {
    // Two slashes at its beginning would be read as a host.
    uri::split(&uri::resolve("http://h/", &format!("/.{path}"))).path.to_owned()
}

/// The host in lower case, with its port unless it is the scheme's own.
fn host(authority: &str, scheme: &str) -> Result<String, String> {
    let host = uri::host_of(authority);
    let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let named = labels.clone().all(|label| (1..=63).contains(&label.len()) && label.chars().all(word));
    // A name whose last label is a number is an address, or nothing.
    let numeric = labels.next_back().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let right = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => named && (!numeric || host.parse::<Ipv4Addr>().is_ok()),
    };
    if !right {
        return Err(format!("\"{authority}\" is no host name; give a URL like {EXAMPLE}"));
    }
    let port = &authority[host.len()..];
    let default = if scheme == "http" { "80" } else { "443" };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => String::new(),
        Some("") => String::new(),
        Some(digits)
            if digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0) =>
        {
            let digits = digits.trim_start_matches('0');
            if digits == default { String::new() } else { format!(":{digits}") }
        }
        _ => return Err(format!("\"{port}\" is no port; a port is a number from 1 to 65535")),
    };
    Ok(host.to_lowercase() + &port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normal_forms() {
        for (typed, normal) in [
            (" HTTPS://API.Example.org:443/v1/../v2/posts?b=1&a=%7e ", "https://api.example.org/v2/posts?b=1&a=~"),
            ("http://example.org", "http://example.org/"),
            ("http://example.org:8080/a b?q=ä", "http://example.org:8080/a%20b?q=%C3%A4"),
            ("https://example.org/graphql#octocat/repos", "https://example.org/graphql#octocat/repos"),
            ("https://example.org/#", "https://example.org/"),
            ("https://[::1]:443/x/", "https://[::1]/x/"),
            ("https://example.org//a/./b//..", "https://example.org//a/b/"),
            ("https://example.org/a?x={1}&y=%zz", "https://example.org/a?x=%7B1%7D&y=%25zz"),
        ] {
            assert_eq!(normalize(typed).as_deref(), Ok(normal), "{typed}");
        }
        assert_eq!(split("https://e.example/g#a"), ("https://e.example/g", Some("a")));
    }

    #[test]
    fn refusals_say_what_is_right() {
        for (typed, word) in [
            ("api.example.org/posts", "whole URL"),
            ("ftp://example.org/", "http or https"),
            ("https:example.org", "whole URL"),
            ("https://", "no host name"),
            ("https://[zz]/", "no host name"),
            ("https://1.2.3.4.5/", "no host name"),
            ("https://a..b/", "no host name"),
            ("https://user:hunter2@example.org/", "[net.credential]"),
            ("https://example.org/?api_key=hunter2", "query = \"api_key\""),
            ("https://example.org/?a%70i_key=hunter2", "query = \"api_key\""),
            ("https://example.org:0/", "65535"),
            ("https://example.org/#a b", "name of a source"),
            ("https://exa\u{1}mple.org/", "control"),
        ] {
            let problem = normalize(typed).err().unwrap_or_default();
            assert!(problem.contains(word), "{typed}: {problem}");
            assert!(!problem.contains("hunter2"), "{typed}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(typed in "(https?|HTTP)://[a-zA-Z0-9.:@\\[\\]-]{1,20}(/[ -~é]{0,30})?(#[a-z./]{0,8})?") {
            if let Ok(normal) = normalize(&typed) {
                prop_assert_eq!(normalize(&normal), Ok(normal.clone()));
                prop_assert!(uri::is_http(&normal));
            }
        }
    }
}
