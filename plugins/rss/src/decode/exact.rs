//! Decoding into a text that takes no more memory than it has letters.
//!
//! Owns: the two passes, one that measures and one that writes. Called by [`super`]. In one pass a decoder has to make room for the
//! longest text there could be, three times the page: too much for a call whose memory is bounded.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding};

/// Bytes of the text that are written at once.
const PIECE: usize = 64 * 1_024;

/// Decodes if every byte has a meaning in the encoding, or with a mark for each that has none.
pub(super) fn decode<'b>(encoding: &'static Encoding, bytes: &'b [u8], lossy: bool) -> Option<Cow<'b, str>> {
    if encoding.is_ascii_compatible()
        && bytes.is_ascii()
        && let Ok(same) = std::str::from_utf8(bytes)
    {
        return Some(Cow::Borrowed(same));
    }
    twice(|each| pieces(encoding, bytes, lossy, each)).map(Cow::Owned)
}

/// The text that `write` gives piece by piece, each time the same. None if it says that there is none.
pub(super) fn twice(write: impl Fn(&mut dyn FnMut(&str)) -> Option<()>) -> Option<String> {
    let mut length = 0;
    write(&mut |piece| length += piece.len())?;
    let mut text = String::with_capacity(length);
    write(&mut |piece| text.push_str(piece))?;
    Some(text)
}

fn pieces(encoding: &'static Encoding, bytes: &[u8], lossy: bool, each: &mut dyn FnMut(&str)) -> Option<()> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut piece = String::with_capacity(PIECE);
    let mut rest = bytes;
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut piece, true);
        rest = rest.get(read..).unwrap_or_default();
        each(&piece);
        piece.clear();
        match result {
            DecoderResult::InputEmpty => return Some(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) if lossy => each("\u{fffd}"),
            DecoderResult::Malformed(..) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The library's own way gives the same text, and more room for it.
    #[test]
    fn it_is_what_the_library_makes_of_it() {
        for encoding in [encoding_rs::WINDOWS_1251, encoding_rs::GBK, encoding_rs::UTF_16LE, encoding_rs::ISO_2022_JP] {
            for size in [0, 1, 7, 70_000] {
                for step in [1, 7, 131] {
                    let bytes: Vec<u8> = (0_u8..=255).cycle().step_by(step).take(size).collect();
                    let whole = decode(encoding, &bytes, false);
                    assert_eq!(whole, encoding.decode_without_bom_handling_and_without_replacement(&bytes));
                    let text = decode(encoding, &bytes, true);
                    assert_eq!(text.as_deref(), Some(encoding.decode_without_bom_handling(&bytes).0.as_ref()));
                    if let Some(Cow::Owned(text)) = text {
                        assert_eq!(text.capacity(), text.len());
                    }
                }
            }
        }
    }
}
