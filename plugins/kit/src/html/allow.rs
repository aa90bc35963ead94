//! What may stay.
//!
//! Owns: the list of elements with their attributes and places in a page, and the list of URL schemes. Called by
//! [`super`] and its writer. To be on the list an element must have no active content and must not change how a parser
//! reads what follows it.

/// One element of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// In lower case.
    pub(super) name: &'static str,
    pub(super) place: Place,
    /// Beyond [`GLOBAL`].
    pub(super) attributes: &'static [&'static str],
}

/// What an element does to the layout, as far as text and implied end tags care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Within a line.
    Inline,
    /// On lines of its own; ends a paragraph.
    Block,
    /// The paragraph itself.
    Paragraph,
    /// Of a list; ends the item before it.
    ListItem,
    /// Of a definition list.
    Definition,
    /// Row of a table.
    Row,
    /// Cell of a table.
    Cell,
    /// Group of rows.
    Rows,
    /// Without content, within a line.
    Void,
    /// Without content, ends a line.
    VoidLine,
}

/// What becomes of an element.
pub(super) enum Verdict {
    /// It stays; the number is its place in [`ELEMENTS`].
    Keep(usize),
    /// Its tags go, what is in it stays.
    Unwrap,
    /// It goes with what is in it.
    Remove,
}

/// Attributes of every element.
pub(super) const GLOBAL: &[&str] = &["dir", "lang", "title"];

const fn element(name: &'static str, place: Place, attributes: &'static [&'static str]) -> Element {
    Element { name, place, attributes }
}

use Place::{Block, Cell, Definition, Inline, ListItem, Paragraph, Row, Rows, Void, VoidLine};

/// Sorted by name: [`STARTS`] says where each letter begins.
pub(super) static ELEMENTS: &[Element] = &[
    element("a", Inline, &["href", "hreflang"]),
    element("abbr", Inline, &[]),
    element("acronym", Inline, &[]),
    element("address", Block, &[]),
    element("article", Block, &[]),
    element("aside", Block, &[]),
    element("audio", Inline, &["controls", "src"]),
    element("b", Inline, &[]),
    element("bdi", Inline, &[]),
    element("bdo", Inline, &[]),
    element("big", Inline, &[]),
    element("blockquote", Block, &["cite"]),
    element("br", VoidLine, &[]),
    element("caption", Block, &[]),
    element("center", Block, &[]),
    element("cite", Inline, &[]),
    element("code", Inline, &[]),
    element("col", Void, &["span"]),
    element("colgroup", Rows, &["span"]),
    element("dd", Definition, &[]),
    element("del", Inline, &["cite", "datetime"]),
    element("details", Block, &[]),
    element("dfn", Inline, &[]),
    element("div", Block, &[]),
    element("dl", Block, &[]),
    element("dt", Definition, &[]),
    element("em", Inline, &[]),
    element("figcaption", Block, &[]),
    element("figure", Block, &[]),
    element("footer", Block, &[]),
    element("h1", Block, &[]),
    element("h2", Block, &[]),
    element("h3", Block, &[]),
    element("h4", Block, &[]),
    element("h5", Block, &[]),
    element("h6", Block, &[]),
    element("header", Block, &[]),
    element("hr", VoidLine, &[]),
    element("i", Inline, &[]),
    element("img", Void, &["alt", "height", "src", "width"]),
    element("ins", Inline, &["cite", "datetime"]),
    element("kbd", Inline, &[]),
    element("li", ListItem, &["value"]),
    element("main", Block, &[]),
    element("mark", Inline, &[]),
    element("nav", Block, &[]),
    element("ol", Block, &["reversed", "start", "type"]),
    element("p", Paragraph, &[]),
    element("pre", Block, &[]),
    element("q", Inline, &["cite"]),
    element("rp", Inline, &[]),
    element("rt", Inline, &[]),
    element("ruby", Inline, &[]),
    element("s", Inline, &[]),
    element("samp", Inline, &[]),
    element("section", Block, &[]),
    element("small", Inline, &[]),
    element("source", Void, &["src", "type"]),
    element("span", Inline, &[]),
    element("strike", Inline, &[]),
    element("strong", Inline, &[]),
    element("sub", Inline, &[]),
    element("summary", Block, &[]),
    element("sup", Inline, &[]),
    element("table", Block, &[]),
    element("tbody", Rows, &[]),
    element("td", Cell, &["colspan", "rowspan"]),
    element("tfoot", Rows, &[]),
    element("th", Cell, &["colspan", "rowspan", "scope"]),
    element("thead", Rows, &[]),
    element("time", Inline, &["datetime"]),
    element("tr", Row, &[]),
    element("tt", Inline, &[]),
    element("u", Inline, &[]),
    element("ul", Block, &[]),
    element("var", Inline, &[]),
    element("video", Inline, &["controls", "height", "poster", "src", "width"]),
    element("wbr", Void, &[]),
];

/// The verdict on an element, its name in any case.
pub(super) fn verdict(name: &str) -> Verdict {
    let mut lower = [0_u8; 16];
    let Some(buffer) = lower.get_mut(..name.len()) else { return Verdict::Unwrap };
    buffer.copy_from_slice(name.as_bytes());
    buffer.make_ascii_lowercase();
    let letter = usize::from(buffer.first().copied().unwrap_or_default().wrapping_sub(b'a'));
    let bucket = STARTS.get(letter).zip(STARTS.get(letter + 1)).map_or(0..0, |(from, to)| *from..*to);
    for at in bucket {
        if ELEMENTS[at].name.as_bytes() == buffer {
            return Verdict::Keep(at);
        }
    }
    match &*buffer {
        b"script" | b"style" | b"applet" => Verdict::Remove,
        _ => Verdict::Unwrap,
    }
}

/// Where the elements of each letter start in [`ELEMENTS`], from `a`; the last number is its length. Most of the time spent
/// on clean HTML goes into looking up its tags, and a handful of comparisons is quicker than a search.
static STARTS: [usize; 27] = starts();

const fn starts() -> [usize; 27] {
    let mut starts = [0; 27];
    let mut at = 0;
    while at < ELEMENTS.len() {
        // A letter is at least as far as its own number, so every later bucket starts behind this element.
        let mut later = (ELEMENTS[at].name.as_bytes()[0] - b'a') as usize + 1;
        while later < 27 {
            starts[later] = at + 1;
            later += 1;
        }
        at += 1;
    }
    starts
}

/// Whether an attribute's value is a URL.
pub(super) fn is_url(attribute: &str) -> bool {
    matches!(attribute, "cite" | "href" | "poster" | "src")
}

/// Whether a URL of this scheme may be followed from an attribute. What is loaded by itself (`src`, `poster`) must come
/// over HTTP; a link may also lead to a mail program and the like. Nothing on the list runs code.
pub(super) fn scheme_is_safe(attribute: &str, scheme: &str) -> bool {
    const FOLLOWED: [&str; 15] = [
        "ftp", "geo", "gopher", "irc", "ircs", "magnet", "mailto", "matrix", "news", "nntp", "sip", "sips", "sms",
        "tel", "xmpp",
    ];
    let is = |known: &str| scheme.eq_ignore_ascii_case(known);
    is("https") || is("http") || (matches!(attribute, "href" | "cite") && FOLLOWED.iter().any(|known| is(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_found() {
        for (at, element) in ELEMENTS.iter().enumerate() {
            assert!(
                matches!(verdict(&element.name.to_uppercase()), Verdict::Keep(found) if found == at),
                "{}",
                element.name
            );
        }
        for name in ["", "{", "zz", "0", "blink", "averyverylongname"] {
            assert!(matches!(verdict(name), Verdict::Unwrap), "{name}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_holds_nothing_that_switches_a_parser() {
        assert!(ELEMENTS.is_sorted_by(|a, b| a.name < b.name));
        let switching = [
            "script",
            "style",
            "textarea",
            "title",
            "xmp",
            "iframe",
            "noembed",
            "noframes",
            "noscript",
            "plaintext",
            "template",
            "svg",
            "math",
            "select",
            "option",
            "object",
            "embed",
            "form",
            "input",
            "button",
            "frameset",
            "listing",
            "base",
            "link",
            "meta",
            "html",
            "head",
            "body",
            "applet",
            "marquee",
        ];
        assert!(ELEMENTS.iter().all(|element| !switching.contains(&element.name)));
        for element in ELEMENTS {
            assert!(element.attributes.is_sorted() && element.attributes.iter().all(|a| !a.starts_with("on")));
            assert!(!element.attributes.contains(&"style") && !element.attributes.contains(&"srcset"));
        }
    }
}
