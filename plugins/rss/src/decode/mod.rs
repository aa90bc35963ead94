//! From bytes to text.
//!
//! Owns: which encoding a document is in, and its decoding. Must not know: XML beyond the declaration, HTTP beyond the
//! content type. Called by [`crate::answer`] once a page.
//!
//! The order of belief: a byte order mark; a UTF-16 or UTF-32 pattern; then as RFC 3023 (which real servers follow more
//! than RFC 7303) the `charset` of the content type, the XML declaration, and the default of the media type. An encoding
//! is only taken if the whole document is valid in it. What is left is UTF-8 where it is valid and windows-1252 elsewhere.

mod declared;
mod ebcdic;
mod exact;
mod wide;

use std::borrow::Cow;

pub use declared::Media;

/// A document as text.
#[derive(Debug)]
pub struct Decoded<'b> {
    /// Without byte order mark.
    pub text: Cow<'b, str>,
    /// Name of the encoding, in lower case, as it was declared or found.
    pub encoding: String,
    /// Whether some bytes had no meaning in it and were repaired or replaced.
    pub repaired: bool,
}

/// Decodes a document that came under `content_type` (the header's value).
pub fn decode<'b>(bytes: &'b [u8], content_type: Option<&str>) -> Decoded<'b> {
    let media = Media::of(content_type);
    let (mark, body) = wide::mark(bytes);
    let found = mark.or_else(|| wide::pattern(body));
    if let Some(name) = found
        && let Some(text) = by_name(name, body)
    {
        return Decoded { text, encoding: name.to_owned(), repaired: false };
    }
    let xml = declared::in_document(body);
    let default = media.default_encoding().to_owned();
    let assumed = media.charset.clone().or_else(|| if media.ignores_declaration { None } else { xml.clone() });
    let mut candidates = [assumed.or(Some(default)), xml, Some("utf-8".to_owned())];
    for candidate in &mut candidates {
        // A declaration that can be read byte by byte is not in a wide encoding, whatever it says.
        *candidate = candidate.take().filter(|name| !wide::is_wide(name));
    }
    for name in candidates.iter().flatten() {
        if let Some(text) = by_name(name, body) {
            return Decoded { text, encoding: superset(name), repaired: false };
        }
    }
    // Nothing fits as a whole. A declared multi-byte encoding is still the best guess, unless it is UTF-8.
    for name in candidates.iter().flatten() {
        if let Some(encoding) =
            label(name).filter(|encoding| !encoding.is_single_byte() && *encoding != encoding_rs::UTF_8)
        {
            let text = exact::decode(encoding, body, true).unwrap_or_default();
            return Decoded { text, encoding: superset(name), repaired: true };
        }
    }
    mixed(body)
}

/// GB 18030 holds all of GB 2312 and is what such documents really use.
fn superset(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name == "gb2312" { "gb18030".to_owned() } else { name }
}

fn label(name: &str) -> Option<&'static encoding_rs::Encoding> {
    let known = encoding_rs::Encoding::for_label(name.as_bytes()).or_else(|| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        let name = match name.as_str() {
            "latin-1" => "latin1",
            "u8" => "utf-8",
            other => other,
        };
        encoding_rs::Encoding::for_label(name.as_bytes())
    })?;
    (known != encoding_rs::REPLACEMENT).then_some(known)
}

/// Decodes if every byte has a meaning in the encoding of that name.
fn by_name<'b>(name: &str, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        // WHATWG reads this label as windows-1252, which takes any byte.
        "us-ascii" | "ascii" => bytes.is_ascii().then(|| std::str::from_utf8(bytes).ok().map(Cow::Borrowed))?,
        "utf-32le" => wide::utf32(bytes, u32::from_le_bytes).map(Cow::Owned),
        "utf-32be" => wide::utf32(bytes, u32::from_be_bytes).map(Cow::Owned),
        "cp037" | "ibm037" | "ebcdic-cp-us" => Some(Cow::Owned(ebcdic::decode(bytes))),
        other => exact::decode(label(other)?, bytes, false),
    }
}

/// UTF-8 where it is valid, windows-1252 elsewhere: text that several programs wrote into one document.
fn mixed(bytes: &[u8]) -> Decoded<'static> {
    // Each of the 256 once: there may be ten million bytes.
    let letters: Vec<String> = (0..=u8::MAX)
        .map(|byte| encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned())
        .collect();
    let text = exact::twice(|each| {
        for chunk in bytes.utf8_chunks() {
            each(chunk.valid());
            chunk.invalid().iter().filter_map(|byte| letters.get(usize::from(*byte))).for_each(|letter| each(letter));
        }
        Some(())
    });
    let text = text.unwrap_or_default();
    let multibyte = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    let encoding = if multibyte { "utf-8" } else { "windows-1252" };
    Decoded { text: Cow::Owned(text), encoding: encoding.to_owned(), repaired: multibyte }
}

#[cfg(test)]
mod tests;
