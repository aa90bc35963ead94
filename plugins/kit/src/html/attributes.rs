//! The attributes of a start tag.
//!
//! Owns: reading them up to the end of the tag. Called by [`super`], and by readers of XML. A quote that is never closed ends with its tag, so
//! that one missing quote does not swallow the document.

use memchr::memchr;

/// Attributes of one element. Further ones are passed over.
pub const ATTRIBUTES: usize = 256;

/// One attribute, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'t> {
    /// With prefix.
    pub name: &'t str,
    /// With references in it; empty if there was none.
    pub value: &'t str,
}

/// How a start tag ended.
#[derive(Debug)]
pub struct Read {
    /// Bytes of the whole tag.
    pub end: usize,
    /// Whether it ended in `/>`.
    pub empty: bool,
    /// What is odd about it, for a person.
    pub damage: Option<&'static str>,
}

/// Reads attributes from byte `at` of `tag` (which starts with `<`) into `found`, which is emptied first.
pub fn read<'t>(tag: &'t str, mut at: usize, found: &mut Vec<Attribute<'t>>) -> Read {
    let bytes = tag.as_bytes();
    let mut damage = None;
    found.clear();
    loop {
        at += bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        match bytes.get(at) {
            None => return Read { end: at, empty: false, damage: Some("a tag without its end") },
            Some(b'>') => return Read { end: at + 1, empty: false, damage },
            Some(b'/') if bytes.get(at + 1) == Some(&b'>') => return Read { end: at + 2, empty: true, damage },
            // The next tag starts before this one ended.
            Some(b'<') => return Read { end: at, empty: false, damage: Some("a tag inside a tag") },
            Some(b'/' | b'=' | b'"' | b'\'') => {
                damage = Some("stray characters in a tag");
                at += 1;
            }
            Some(_) => {
                let (attribute, end, odd) = one(tag, at);
                damage = damage.or(odd);
                at = end;
                if found.len() < ATTRIBUTES {
                    found.push(attribute);
                }
            }
        }
    }
}

/// One attribute at byte `at`, the byte after it, and what is odd about it.
fn one(tag: &str, at: usize) -> (Attribute<'_>, usize, Option<&'static str>) {
    let bytes = tag.as_bytes();
    let ends_name = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'=' | b'>' | b'/' | b'<' | b'"' | b'\'');
    let name_end = at + bytes[at..].iter().position(ends_name).unwrap_or(bytes.len() - at);
    let name = &tag[at..name_end];
    let blanks = bytes[name_end..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut next = name_end + blanks;
    if bytes.get(next) != Some(&b'=') {
        return (Attribute { name, value: "" }, name_end, Some("an attribute without a value"));
    }
    next += 1;
    next += bytes[next..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    match bytes.get(next) {
        Some(quote @ (b'"' | b'\'')) => {
            let (end, odd) = quoted(bytes, next + 1, *quote);
            let after = if bytes.get(end) == Some(quote) { end + 1 } else { end };
            (Attribute { name, value: &tag[next + 1..end] }, after, odd)
        }
        _ => {
            let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'<');
            let mut end = next + bytes[next..].iter().position(ends).unwrap_or(bytes.len() - next);
            // `<a b=c/>` closes itself, `<a b=http://e.example/>` too: no value ends in a slash before `>` by intent.
            if end > next && bytes[end - 1] == b'/' && bytes.get(end) == Some(&b'>') {
                end -= 1;
            }
            (Attribute { name, value: &tag[next..end] }, end, Some("an attribute without quotes"))
        }
    }
}

/// Where a quoted value ends. A quote belongs to the value if what follows it cannot follow a value and another quote
/// that can is found before the tag ends.
fn quoted(bytes: &[u8], start: usize, quote: u8) -> (usize, Option<&'static str>) {
    let Some(first) = memchr(quote, &bytes[start..]).map(|found| start + found) else {
        let end = memchr(b'>', &bytes[start..]).map_or(bytes.len(), |found| start + found);
        return (end, Some("a quote that is never closed"));
    };
    let odd = memchr(b'<', &bytes[start..first]).map(|_| "a `<` in an attribute");
    match bytes.get(first + 1) {
        None | Some(b'>' | b'/' | b'?') => (first, odd),
        Some(b) if b.is_ascii_whitespace() || starts_name(*b) => (first, odd),
        Some(_) => (first, Some("stray characters in a tag")),
    }
}

/// Whether a name may start with this byte.
pub fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || byte >= 0x80
}

/// Length of the name at the start of `bytes`. It ends on a character boundary, as only ASCII bytes end it.
pub fn name_length(bytes: &[u8]) -> usize {
    let in_name = |b: &u8| starts_name(*b) || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    bytes.iter().position(|b| !in_name(b)).unwrap_or(bytes.len())
}
