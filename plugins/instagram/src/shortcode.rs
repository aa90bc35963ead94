//! Short codes: ids of posts as they stand in URLs.
//!
//! Owns: both directions. A short code is the id in base 64, most significant letter first, with the letters of base64url
//! and without padding (checked on 185 pairs). Must not know: elements.

use crate::limits;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The short code of an id.
pub fn of_id(id: u64) -> String {
    let mut letters = Vec::with_capacity(limits::SHORTCODE_CHARS);
    let mut rest = id;
    while rest > 0 {
        letters.push(LETTERS.get((rest & 63) as usize).map_or('A', |letter| char::from(*letter)));
        rest >>= 6;
    }
    letters.iter().rev().collect()
}

/// The id of a short code; none if it is none, or stands for more than 64 bits.
pub fn to_id(code: &str) -> Option<u64> {
    if code.is_empty() || code.len() > limits::SHORTCODE_CHARS {
        return None;
    }
    code.bytes().try_fold(0_u64, |id, letter| {
        let digit = (0_u64..).zip(LETTERS).find(|(_, known)| **known == letter)?.0;
        id.checked_mul(64)?.checked_add(digit)
    })
}

/// An id as text: decimal digits, not zero. "123_456" is the id of a post and of its owner: the first counts.
pub fn id(text: &str) -> Option<u64> {
    let digits = text.split_once('_').map_or(text, |(id, _)| id);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    plain.then(|| digits.parse().ok()).flatten()
}

/// The short code in the URL of a post: what follows `/p/`, `/reel/`, `/reels/` or `/tv/`.
pub fn of_url(url: &str) -> Option<&str> {
    let behind = ["/p/", "/reel/", "/reels/", "/tv/"].iter().find_map(|part| url.split_once(part))?.1;
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    behind.get(..end).filter(|code| to_id(code).is_some_and(|id| id > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_pairs() {
        for (id, code) in
            [(3_962_862_498_097_316_445, "Db-6nIkzsJd"), (3_956_094_642_433_492_398, "Dbm3x30EwWu"), (1, "B")]
        {
            assert_eq!(of_id(id), code);
            assert_eq!(to_id(code), Some(id));
        }
        for wrong in ["", "Db-6nIkzsJd=", "a b", "zzzzzzzzzzz", "Db-6nIkzsJdA", "caf\u{e9}"] {
            assert_eq!(to_id(wrong), None, "{wrong}");
        }
        for (url, code) in [
            ("https://www.instagram.com/p/Dbm3x30EwWu/", Some("Dbm3x30EwWu")),
            ("https://www.instagram.com/gauge/reel/Dbm3x30EwWu?igsh=1", Some("Dbm3x30EwWu")),
            ("instagram.com/tv/Dbm3x30EwWu", Some("Dbm3x30EwWu")),
            ("https://www.instagram.com/gauge/", None),
            ("https://www.instagram.com/p/", None),
        ] {
            assert_eq!(of_url(url), code, "{url}");
        }
        for (text, number) in
            [("12", Some(12)), ("12_34", Some(12)), ("0", None), ("-1", None), ("1e3", None), ("_1", None)]
        {
            assert_eq!(id(text), number, "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_ways(id in 1_u64..) {
            prop_assert_eq!(to_id(&of_id(id)), Some(id));
        }
    }
}
