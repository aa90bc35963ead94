//! Whether a text that is nominally plain was meant as HTML.
//!
//! Owns: the guess. Called by the plugin for feeds, for RSS, whose titles and descriptions do not say what they are. It errs
//! on the side of plain text: a false positive loses words.

use memchr::{memchr, memchr_iter};

use super::entities;

/// Every element HTML has ever had; what is not on the list is text in angle brackets. Sorted.
const KNOWN: [&str; 100] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "big",
    "blockquote",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "command",
    "datagrid",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "event-source",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "keygen",
    "label",
    "legend",
    "li",
    "m",
    "map",
    "menu",
    "meter",
    "multicol",
    "nav",
    "nextid",
    "noscript",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "pre",
    "progress",
    "q",
    "s",
    "samp",
    "section",
    "select",
    "small",
    "sound",
    "source",
    "spacer",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
];

/// It must have an end tag or a reference, only known elements, and only known references.
pub fn looks_like_html(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr(b'&', bytes).is_none() && memchr(b'<', bytes).is_none() {
        return false;
    }
    let mut evidence = false;
    for at in memchr_iter(b'<', bytes) {
        let end_tag = bytes.get(at + 1) == Some(&b'/');
        let start = at + 1 + usize::from(end_tag);
        let name = word(&text[start..]);
        if name.is_empty() {
            continue;
        }
        if KNOWN.binary_search(&name.to_ascii_lowercase().as_str()).is_err() {
            return false;
        }
        evidence |= end_tag && bytes.get(start + name.len()) == Some(&b'>');
    }
    for at in memchr_iter(b'&', bytes) {
        let numeric = bytes.get(at + 1) == Some(&b'#');
        let start = at + 1 + usize::from(numeric);
        let name = word(&text[start..]);
        if name.is_empty() || bytes.get(start + name.len()) != Some(&b';') {
            continue;
        }
        if !numeric && entities::named(name).is_none() {
            return false;
        }
        evidence = true;
    }
    evidence
}

/// The letters, digits and underscores at the start.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses() {
        assert!(KNOWN.is_sorted());
        for (text, html) in [
            ("plain", false),
            ("AT&T", false),
            ("a < b", false),
            ("<b>bold</b>", true),
            ("<blink>no</blink>", false),
            ("Tom &amp; Jerry", true),
            ("Tom &jerry; <b>x</b>", false),
            ("&#233;t&#xe9;", true),
            ("<p>no end", false),
            ("<T> and </T>", false),
        ] {
            assert_eq!(looks_like_html(text), html, "{text}");
        }
    }
}
