//! URI references: RFC 3986 section 5, with the small mercies that real pages need.
//!
//! Owns: splitting, resolving and the two questions "is it absolute" and "is it the same origin". Must not know: HTTP,
//! HTML, feeds. It does no percent-encoding and no host mapping: what came in goes out, and the host checks each URL
//! again before it dials. Lighter than a full WHATWG parser, which would bring tables larger than a whole plugin.

/// The five parts of a reference, as slices of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Without the colon.
    pub scheme: Option<&'a str>,
    /// Without the slashes.
    pub authority: Option<&'a str>,
    /// May be empty.
    pub path: &'a str,
    /// Without the question mark.
    pub query: Option<&'a str>,
    /// Without the number sign.
    pub fragment: Option<&'a str>,
}

/// Splits a reference (RFC 3986 appendix B). Never fails: what is odd ends up in the path.
pub fn split(reference: &str) -> Parts<'_> {
    let (rest, fragment) = cut(reference, '#');
    let (rest, query) = cut(rest, '?');
    let (scheme, rest) = match scheme_length(rest) {
        Some(length) => (Some(&rest[..length]), &rest[length + 1..]),
        None => (None, rest),
    };
    match rest.strip_prefix("//") {
        Some(after) => {
            let end = after.find('/').unwrap_or(after.len());
            Parts { scheme, authority: Some(&after[..end]), path: &after[end..], query, fragment }
        }
        None => Parts { scheme, authority: None, path: rest, query, fragment },
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Length of the scheme, if the text starts with one and a colon.
fn scheme_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.first()?.is_ascii_alphabetic() {
        return None;
    }
    let end = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))?;
    (bytes[end] == b':').then_some(end)
}

/// The scheme of an absolute reference, as written.
pub fn scheme(reference: &str) -> Option<&str> {
    scheme_length(reference).map(|length| &reference[..length])
}

/// Whether this is an `http:` or `https:` URL with a host.
pub fn is_http(url: &str) -> bool {
    let parts = split(url);
    let http = parts.scheme.is_some_and(|s| s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https"));
    http && parts.authority.is_some_and(|authority| !host_of(authority).is_empty())
}

/// Whether two absolute URLs have the same scheme, host and port.
pub fn same_origin(one: &str, other: &str) -> bool {
    match (origin(one), origin(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

fn origin(url: &str) -> Option<(String, String)> {
    let parts = split(url);
    let scheme = parts.scheme?.to_ascii_lowercase();
    let authority = parts.authority?.rsplit('@').next()?.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let host = authority.strip_suffix(default).unwrap_or(&authority).to_owned();
    Some((scheme, host))
}

/// The host in an authority: without user and port.
pub fn host_of(authority: &str) -> &str {
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.split(':').next().unwrap_or(host)
}

/// Resolves `reference` against the absolute `base` (RFC 3986 section 5.2). White space around the reference and line
/// breaks in it are dropped first, as browsers do. A base that is not absolute leaves the reference as it is.
pub fn resolve(base: &str, reference: &str) -> String {
    let trimmed = reference.trim_matches(|c: char| c.is_whitespace() || c < ' ');
    if trimmed.contains(['\n', '\r', '\t']) {
        return resolve_clean(base, &trimmed.replace(['\n', '\r', '\t'], ""));
    }
    resolve_clean(base, trimmed)
}

fn resolve_clean(base: &str, reference: &str) -> String {
    if scheme_length(reference).is_some() {
        return reference.to_owned();
    }
    let (b, r) = (split(base), split(reference));
    let Some(scheme) = b.scheme else { return reference.to_owned() };
    if b.authority.is_none() && !b.path.starts_with('/') && !reference.starts_with('#') {
        return reference.to_owned();
    }
    let path;
    let (authority, query) = if r.authority.is_some() {
        path = remove_dots(r.path);
        (r.authority, r.query)
    } else if r.path.is_empty() {
        path = b.path.to_owned();
        (b.authority, r.query.or(b.query))
    } else {
        path = if r.path.starts_with('/') { remove_dots(r.path) } else { remove_dots(&merge(&b, r.path)) };
        (b.authority, r.query)
    };
    join(scheme, authority, &path, query, r.fragment)
}

/// RFC 3986 section 5.2.3.
fn merge(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    let directory = base.path.rfind('/').map_or("", |end| &base.path[..=end]);
    format!("{directory}{path}")
}

/// RFC 3986 section 5.2.4, in one pass over the segments.
fn remove_dots(path: &str) -> String {
    if !path.contains("/.") && !path.starts_with('.') {
        return path.to_owned();
    }
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    let joined = kept.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

fn join(scheme: &str, authority: Option<&str>, path: &str, query: Option<&str>, fragment: Option<&str>) -> String {
    let mut out = String::with_capacity(scheme.len() + path.len() + 64);
    out.push_str(scheme);
    out.push(':');
    for (mark, part) in [("//", authority), ("", Some(path)), ("?", query), ("#", fragment)] {
        if let Some(part) = part {
            out.push_str(mark);
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3986 section 5.4, both tables (with the strict answer where the RFC gives two).
    const RFC: &[(&str, &str)] = &[
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http:g", "http:g"),
    ];

    #[test]
    fn rfc_3986_section_5_4() {
        for (reference, expected) in RFC {
            assert_eq!(&resolve("http://a/b/c/d;p?q", reference), expected, "{reference:?}");
        }
    }

    #[test]
    fn mercies_and_edges() {
        for (base, reference, expected) in [
            ("https://e.example", "a", "https://e.example/a"),
            ("https://e.example?x=1", "a", "https://e.example/a"),
            ("https://e.example/a/", " \n b\tc ", "https://e.example/a/bc"),
            ("", "a/b", "a/b"),
            ("urn:x:y", "a", "a"),
            ("https://e.example/x", "mailto:a@b", "mailto:a@b"),
            ("https://e.example/x", "//other.example", "https://other.example"),
        ] {
            assert_eq!(resolve(base, reference), expected, "{reference:?} against {base:?}");
        }
    }

    #[test]
    fn origins() {
        assert!(same_origin("http://A.example/x", "HTTP://a.example:80/y"));
        assert!(same_origin("https://a.example:443/x", "https://a.example"));
        assert!(!same_origin("https://a.example/", "http://a.example/"));
        assert!(!same_origin("https://a.example/", "https://a.example:444/"));
        assert!(!same_origin("nothing", "nothing"));
        assert!(is_http("https://[::1]:80/") && !is_http("https:///x") && !is_http("ftp://a.example/"));
    }
}
