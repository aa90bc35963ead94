//! Repairs of texts that were damaged before they were written.
//!
//! Owns: text that was encoded twice, controls that mean windows-1252, base64. Called by [`super`].

use crate::html::entities;

/// Trims a text and repairs its characters. Plain ASCII, the usual case, is only trimmed.
pub(super) fn settle(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.is_ascii() {
        return if trimmed.len() == text.len() { text } else { trimmed.to_owned() };
    }
    let repaired = twice_encoded(trimmed).unwrap_or_else(|| trimmed.to_owned());
    if repaired.chars().any(is_c1) { repaired.chars().map(from_c1).collect() } else { repaired }
}

fn is_c1(c: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&c)
}

fn from_c1(c: char) -> char {
    if is_c1(c) { entities::windows_1252(u32::from(c)).unwrap_or(c) } else { c }
}

/// UTF-8 that somebody took for ISO 8859-1 and encoded again: "FranÃ§oise". Only if the whole text can be read so.
fn twice_encoded(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// Decodes base64 of UTF-8. Characters outside the alphabet are passed over, as line breaks must be.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    // Six left-over bits are half a byte of something that was no base64.
    if count >= 6 {
        return None;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs() {
        for (text, expected) in [
            (" plain ", "plain"),
            ("FranÃ§oise", "Françoise"),
            ("Françoise", "Françoise"),
            ("Ã§ €", "Ã§ €"),
            ("it\u{92}s", "it’s"),
        ] {
            assert_eq!(settle(text.to_owned()), expected);
        }
        assert_eq!(base64("RXhhbXBsZSA8\nYj5BdG9tPC9iPg==").as_deref(), Some("Example <b>Atom</b>"));
        assert_eq!(base64("plain"), None);
    }
}
