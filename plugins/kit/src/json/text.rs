//! Strings: finding their end, decoding their escapes, and writing them.
//!
//! Owns: all three. [`super::scan`] looks for the end.

use std::borrow::Cow;

use super::scan::{escaped_from, special_from};
use super::{Malformed, Reader};

impl<'a> Reader<'a> {
    /// Steps over a string; the reader stands at its opening quote. True if there are escapes in it.
    #[inline]
    fn over(&mut self) -> Result<bool, Malformed> {
        let mut escapes = false;
        let mut at = self.at + 1;
        while let Some((found, byte)) = special_from(self.text.as_bytes(), at) {
            if byte == b'"' {
                self.at = found + 1;
                return Ok(escapes);
            }
            escapes = true;
            at = found + 2;
        }
        Err(self.expected("a string that ends"))
    }

    #[inline]
    pub(super) fn over_text(&mut self) -> Result<(), Malformed> {
        self.over().map(drop)
    }

    /// A string, decoded; the reader stands at its opening quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let start = self.at;
        let escapes = self.over()?;
        let raw = self.text.get(start + 1..self.at - 1).unwrap_or_default();
        if escapes {
            decode(raw).map(Cow::Owned).ok_or(Malformed { at: start, expected: "a string with known escapes" })
        } else {
            Ok(Cow::Borrowed(raw))
        }
    }
}

/// The text that `raw` stands for (RFC 8259, section 7); none if it has an escape that does not exist.
fn decode(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at)?);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        text.push(match escape {
            b'n' => '\n',
            b'"' | b'\\' | b'/' => char::from(escape),
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let (letter, behind) = unicode(rest)?;
                rest = behind;
                letter
            }
            _ => return None,
        });
    }
    text.push_str(rest);
    Some(text)
}

/// What four hex digits (and perhaps the other half of a pair) stand for, and what follows.
fn unicode(rest: &str) -> Option<(char, &str)> {
    let hex = |text: &str| {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (first, behind) = (hex(rest)?, rest.get(4..)?);
    if !(0xd800..0xe000).contains(&first) {
        return char::from_u32(first).map(|letter| (letter, behind));
    }
    let second = behind.strip_prefix("\\u").and_then(hex).filter(|unit| (0xdc00..0xe000).contains(unit));
    match second {
        Some(second) if first < 0xdc00 => {
            let letter = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
            Some((letter, behind.get(6..)?))
        }
        _ => Some((char::REPLACEMENT_CHARACTER, behind)),
    }
}

/// Appends `text` as a JSON string.
pub fn quote(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    // Runs without an escape are most of a text, and are copied as they are.
    while let Some((at, _)) = escaped_from(rest.as_bytes(), 0) {
        let (run, behind) = rest.split_at(at);
        json.push_str(run);
        let mut letters = behind.chars();
        match letters.next().unwrap_or_default() {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            letter => {
                json.push_str("\\u00");
                for half in [u32::from(letter) >> 4, u32::from(letter) & 15] {
                    json.push(char::from_digit(half, 16).unwrap_or('0'));
                }
            }
        }
        rest = letters.as_str();
    }
    json.push_str(rest);
    json.push('"');
}
