//! Character references of HTML.
//!
//! Owns: what a name or number stands for. Called by the reader of HTML, and by plugins for markup of theirs.

use super::named::{BARE, NAMED};

/// What `&name;` stands for.
pub fn named(name: &str) -> Option<&'static str> {
    // Nearly every reference of a real feed is one of these.
    match name {
        "amp" => return Some("&"),
        "lt" => return Some("<"),
        "gt" => return Some(">"),
        "quot" => return Some("\""),
        "nbsp" => return Some("\u{a0}"),
        _ => {}
    }
    NAMED.binary_search_by(|(known, _)| (*known).cmp(name)).ok().map(|at| NAMED[at].1)
}

/// The longest name at the start of `text` that HTML reads without a `;`, and what it stands for.
pub(super) fn bare(text: &str) -> Option<(usize, &'static str)> {
    // The longest such name is "Agrave"'s kin with six letters.
    let limit = text.bytes().take(6).take_while(u8::is_ascii_alphanumeric).count();
    (2..=limit).rev().find_map(|length| {
        let name = &text[..length];
        BARE.binary_search(&name).ok().and_then(|_| named(name)).map(|meaning| (length, meaning))
    })
}

/// The character of a number ("233", "xe9"), with the mercy of HTML: numbers of the C1 controls mean windows-1252.
pub fn numeric(number: &str) -> Option<char> {
    let digits = number.strip_prefix(['x', 'X']);
    let (digits, radix) = digits.map_or((number, 10), |hex| (hex, 16));
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, radix).ok()?;
    match value {
        0x80..=0x9f => windows_1252(value),
        0 | 0xd800..=0xdfff | 0x11_0000.. => Some('\u{fffd}'),
        _ => char::from_u32(value),
    }
}

/// Appends the value of an attribute with its references replaced. A name without `;` before a letter, digit or `=` is
/// no reference there, so that query strings keep their parameters (WHATWG HTML section 13.2.5.73).
pub(super) fn decode_value(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let bytes = &rest.as_bytes()[..rest.len().min(40)];
        let length = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'#')).unwrap_or(bytes.len());
        let closed = bytes.get(length) == Some(&b';');
        let name = &rest[..length];
        let mut taken = length + usize::from(closed);
        match name.strip_prefix('#') {
            Some(number) => match numeric(number) {
                Some(character) => out.push(character),
                None => taken = 0,
            },
            None => match named(name)
                .filter(|_| closed || (BARE.binary_search(&name).is_ok() && bytes.get(length) != Some(&b'=')))
            {
                Some(meaning) => out.push_str(meaning),
                None => taken = 0,
            },
        }
        if taken == 0 {
            out.push('&');
        }
        rest = &rest[taken..];
    }
    out.push_str(rest);
}

/// What windows-1252 has where Unicode has a C1 control.
pub fn windows_1252(control: u32) -> Option<char> {
    const TABLE: [u16; 32] = [
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d,
        0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
        0x17e, 0x178,
    ];
    let index = usize::try_from(control.checked_sub(0x80)?).ok()?;
    TABLE.get(index).and_then(|unit| char::from_u32(u32::from(*unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(NAMED.is_sorted_by(|a, b| a.0 < b.0) && BARE.is_sorted());
        assert!(BARE.iter().all(|name| named(name).is_some()));
    }

    #[test]
    fn references() {
        for (name, meaning) in [("nbsp", Some("\u{a0}")), ("AMP", Some("&")), ("hellip", Some("…")), ("nope", None)] {
            assert_eq!(named(name), meaning);
        }
        for (number, meaning) in [
            ("233", Some('é')),
            ("xE9", Some('é')),
            ("150", Some('–')),
            ("x110000", Some('\u{fffd}')),
            ("x", None),
            ("1a", None),
        ] {
            assert_eq!(numeric(number), meaning, "{number}");
        }
        assert_eq!(bare("copy 2"), Some((4, "©")));
        assert_eq!(bare("notit;"), Some((3, "¬")));
        assert_eq!(bare("hellip"), None);
    }
}
