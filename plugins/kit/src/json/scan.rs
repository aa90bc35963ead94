//! Looking for bytes that mean something in a string, sixteen at a time.
//!
//! Owns: the search for the end of a string and for what has to be escaped in one. Most of a page is strings that are stepped over, so
//! this is the innermost loop of reading. In a component it uses its 128-bit vectors, elsewhere pairs of 64-bit words;
//! both look at the same bytes and give the same answer.

/// Where the next `"` or `\` stands in `bytes`, from `from` on.
#[inline]
pub(super) fn special_from(bytes: &[u8], from: usize) -> Option<(usize, u8)> {
    find_from::<false>(bytes, from)
}

/// Where the next byte stands that a string holds only as an escape: `"`, `\`, or a control character.
#[inline]
pub(super) fn escaped_from(bytes: &[u8], from: usize) -> Option<(usize, u8)> {
    find_from::<true>(bytes, from)
}

#[inline]
fn find_from<const CONTROLS: bool>(bytes: &[u8], from: usize) -> Option<(usize, u8)> {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        if let Some(more) = first::<CONTROLS>(chunk) {
            at += more;
            return bytes.get(at).map(|byte| (at, *byte));
        }
        at += chunk.len();
    }
    let wanted = |byte: &u8| matches!(byte, b'"' | b'\\') || CONTROLS && *byte < b' ';
    let more = bytes.get(at..).unwrap_or_default().iter().position(wanted)?;
    bytes.get(at + more).map(|byte| (at + more, *byte))
}

/// The chunk as two little-endian words.
#[inline]
fn words(chunk: &[u8; 16]) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *chunk;
    (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(rest))
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn first<const CONTROLS: bool>(chunk: &[u8; 16]) -> Option<usize> {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};

    // The compiler makes one load of it.
    let (low, high) = words(chunk);
    let bytes = u64x2(low, high);
    let mut found = v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\')));
    if CONTROLS {
        found = v128_or(found, u8x16_lt(bytes, u8x16_splat(b' ')));
    }
    let mask = u8x16_bitmask(found);
    (mask != 0).then(|| mask.trailing_zeros() as usize)
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline]
fn first<const CONTROLS: bool>(chunk: &[u8; 16]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    /// A bit for the first byte of `word` that is below `limit` (at most 128), and perhaps for later ones.
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word & HIGHS
    }
    let special = |word: u64| {
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        quote | backslash | if CONTROLS { below(word, b' ') } else { 0 }
    };
    let (low, high) = words(chunk);
    match (special(low), special(high)) {
        (0, 0) => None,
        (0, high) => Some(8 + (high.trailing_zeros() / 8) as usize),
        (low, _) => Some((low.trailing_zeros() / 8) as usize),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_is_found(bytes in prop::collection::vec(prop_oneof![1 => any::<u8>(), 8 => b'!'..=b'a', 8 => 128..=255_u8], 0..70), from in 0..80_usize) {
            let found = bytes.iter().enumerate().skip(from).find(|(_, byte)| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(special_from(&bytes, from), found.map(|(at, byte)| (at, *byte)));
            let found = bytes.iter().enumerate().skip(from).find(|(_, byte)| matches!(byte, b'"' | b'\\' | 0..32));
            prop_assert_eq!(escaped_from(&bytes, from), found.map(|(at, byte)| (at, *byte)));
        }
    }
}
