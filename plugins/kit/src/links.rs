//! `Link` header fields (RFC 8288, parsed by its appendix B).
//!
//! Owns: the parser and the choice of a relation's target. Must not know: what a relation is used for. A target may
//! point anywhere (`file:`, loopback): the host checks it like any other URL. Linear in the length of the fields.

use crate::{Header, headers, uri};

/// The most links read from one answer. More is no longer navigation but an attack or a mistake.
pub const MAX_LINKS: usize = 256;

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As written between `<` and `>`.
    pub target: String,
    /// The target resolved against the URL of the answer.
    pub url: String,
    /// Relation types in lower case, in order. Those that are URIs are lower-cased too (RFC 8288 section 2.1.2).
    pub rel: Vec<String>,
    /// The context, if it is another than the answer itself: as written.
    pub anchor: Option<String>,
    /// Every other attribute in order: name in lower case (a value in RFC 8187 encoding has lost its `*`), value.
    pub params: Vec<(String, String)>,
}

impl Link {
    /// Whether the link speaks of the document at `base`: it has no anchor, or one that leads there.
    pub fn is_about(&self, base: &str) -> bool {
        self.anchor.as_ref().is_none_or(|anchor| uri::resolve(base, anchor) == base)
    }
}

/// The links of all `link` fields of an answer that came from `base`.
pub fn of(fields: &[Header], base: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for field in headers::all(fields, "link") {
        parse(field, base, &mut links);
    }
    links
}

/// The URL of the first link of relation `rel` (lower case) that speaks of the document at `base` itself. "previous" is
/// an older name of the relation "prev" and found under it.
pub fn target<'l>(links: &'l [Link], rel: &str, base: &str) -> Option<&'l str> {
    let named = |r: &String| r == rel || (rel == "prev" && r == "previous");
    links.iter().find(|link| link.is_about(base) && link.rel.iter().any(named)).map(|link| link.url.as_str())
}

/// Appends the links of one field. Parsing ends at the first thing that is not a link (RFC 8288 appendix B.2).
pub fn parse(field: &str, base: &str, links: &mut Vec<Link>) {
    let mut rest = field;
    while links.len() < MAX_LINKS {
        rest = rest.trim_start_matches(is_separator);
        let Some(after) = rest.strip_prefix('<') else { return };
        let Some(end) = after.find('>') else { return };
        let target = &after[..end];
        let (params, tail) = parameters(&after[end + 1..]);
        links.push(link(target, params, base));
        rest = tail;
    }
}

fn is_separator(c: char) -> bool {
    c == ',' || is_space(c)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Parameters up to the comma that ends the link (RFC 8288 appendix B.3), and what follows it.
fn parameters(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_space);
        let Some(after) = rest.strip_prefix(';') else {
            // Junk between the parameters and the comma is passed over.
            return (found, rest.find(',').map_or("", |comma| &rest[comma..]));
        };
        rest = after.trim_start_matches(is_space);
        let end = rest.find(|c: char| is_space(c) || matches!(c, '=' | ';' | ',')).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start_matches(is_space);
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = parameter_value(after.trim_start_matches(is_space));
        }
        if !name.is_empty() {
            found.push((name, value));
        }
    }
}

fn parameter_value(rest: &str) -> (String, &str) {
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find([';', ',']).unwrap_or(rest.len());
        return (rest[..end].trim_end_matches(is_space).to_owned(), &rest[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

fn link(target: &str, params: Vec<(String, String)>, base: &str) -> Link {
    let mut link = Link {
        target: target.to_owned(),
        url: uri::resolve(base, target),
        rel: Vec::new(),
        anchor: None,
        params: Vec::new(),
    };
    let mut rel_seen = false;
    for (name, value) in params {
        match name.as_str() {
            // Only the first `rel` and the first `anchor` count (RFC 8288 sections 3.2 and 3.3).
            "rel" if rel_seen => {}
            "rel" => {
                rel_seen = true;
                link.rel = value.split(is_space).filter(|r| !r.is_empty()).map(str::to_ascii_lowercase).collect();
            }
            "anchor" => {
                link.anchor.get_or_insert(value);
            }
            _ => keep(&mut link.params, name, value),
        }
    }
    link
}

/// Attributes that count once (RFC 8288 section 3.4.1): a later one is dropped. `hreflang` and extensions may repeat.
fn keep(params: &mut Vec<(String, String)>, name: String, value: String) {
    let (name, value) = match (name.strip_suffix('*'), extended(&value)) {
        // A relation cannot be told in the extended form; it stays what it is, an unknown attribute.
        (Some("rel" | "anchor"), Some(decoded)) => (name, decoded),
        (Some(plain), Some(decoded)) => {
            params.retain(|(other, _)| other != plain);
            (plain.to_owned(), decoded)
        }
        _ => (name, value),
    };
    let once = matches!(name.as_str(), "media" | "title" | "type");
    if !(once && params.iter().any(|(other, _)| *other == name)) {
        params.push((name, value));
    }
}

/// A value in the encoding of RFC 8187: `charset'language'percent-encoded`. UTF-8 and ISO 8859-1 only.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                rest = tail;
            }
            (b'%', _) => return None,
            (plain, tail) => {
                bytes.push(*plain);
                rest = tail;
            }
        }
    }
    if charset.eq_ignore_ascii_case("utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        Some(bytes.into_iter().map(char::from).collect())
    } else {
        None
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "https://api.example/v1/items?page=1";

    fn targets(field: &str, rel: &str) -> Option<String> {
        let mut links = Vec::new();
        parse(field, BASE, &mut links);
        target(&links, rel, BASE).map(str::to_owned)
    }

    #[test]
    fn relations() {
        for (field, next) in [
            ("<?page=2>; rel=next", Some("https://api.example/v1/items?page=2")),
            ("</a,b;c>;rel=\"prev NEXT\"", Some("https://api.example/a,b;c")),
            ("<x>; title=\"<y>; rel=next, \\\" \"; rel=last", None),
            ("<x>; rel=next; anchor=\"#other\"", None),
            ("<x>; rel=prev; rel=next", None),
            ("<x>; rel*=UTF-8''next", None),
            ("x; rel=next", None),
            ("<x", None),
            ("<x>; rel=\"next", Some("https://api.example/v1/x")),
        ] {
            assert_eq!(targets(field, "next").as_deref(), next, "{field}");
        }
    }

    #[test]
    fn the_extended_form_of_an_attribute_wins() {
        let mut links = Vec::new();
        parse("<x>; title=plain; title*=utf-8'en'%e2%82%ac; hreflang=a; hreflang=b", BASE, &mut links);
        let wanted = [("title", "€"), ("hreflang", "a"), ("hreflang", "b")];
        assert!(links[0].params.iter().map(|(n, v)| (n.as_str(), v.as_str())).eq(wanted));
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(field in "[<>;,=\"' \\\\a-z*%é]{0,80}") {
            let mut links = Vec::new();
            parse(&field, BASE, &mut links);
            prop_assert!(links.len() <= MAX_LINKS);
        }
    }
}
