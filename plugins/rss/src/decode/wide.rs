//! Byte order marks, and the encodings that are no superset of ASCII.
//!
//! Owns: recognising them by their first bytes (XML 1.0 appendix F) and decoding UTF-32, which WHATWG's list leaves out.
//! Called by [`super`].

/// The encoding a byte order mark names, and the bytes after it.
pub(super) fn mark(bytes: &[u8]) -> (Option<&'static str>, &[u8]) {
    // UTF-32 first: its little-endian mark starts with that of UTF-16.
    const MARKS: [(&[u8], &str); 5] = [
        (b"\x00\x00\xfe\xff", "utf-32be"),
        (b"\xff\xfe\x00\x00", "utf-32le"),
        (b"\xfe\xff", "utf-16be"),
        (b"\xff\xfe", "utf-16le"),
        (b"\xef\xbb\xbf", "utf-8"),
    ];
    for (mark, name) in MARKS {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return (Some(name), rest);
        }
    }
    (None, bytes)
}

/// The encoding that shows in how the first `<` is written.
pub(super) fn pattern(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0, 0, 0, b'<', ..] => Some("utf-32be"),
        [b'<', 0, 0, 0, ..] => Some("utf-32le"),
        [0, b'<', 0, next, ..] if *next != 0 => Some("utf-16be"),
        [b'<', 0, next, 0, ..] if *next != 0 => Some("utf-16le"),
        [0x4c, 0x6f, 0xa7, 0x94, ..] => Some("cp037"),
        _ => None,
    }
}

/// Whether an encoding of this name uses two or four bytes for an ASCII character.
pub(super) fn is_wide(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["utf-16", "utf16", "utf_16", "utf-32", "utf32", "utf_32", "ucs-", "csucs", "csunicode", "iso-10646-ucs", "unicode"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Decodes UTF-32, if every unit is a character. Bytes after the last whole unit are dropped: a cut document.
pub(super) fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<String> {
    bytes.as_chunks::<4>().0.iter().map(|four| char::from_u32(unit(*four))).collect()
}
