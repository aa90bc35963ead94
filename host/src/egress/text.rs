//! Header values as text and back; bodies as text.
//!
//! Owns: how a body becomes text where a plugin wants that, how bytes above 0x7F are read (UTF-8, else ISO 8859-1; `wit/v0.1/types.wit`, `header`) and that a value given
//! back unchanged is sent as it was received. Must not know: what a value means. Called for each request and response.
//!
//! The text "é" can have been received as the one byte of ISO 8859-1 or the two of UTF-8. It is sent as UTF-8, except
//! where this host has sent that text in the other form: that is remembered here, bounded and until the daemon ends.
//! What is forgotten costs one conditional request that does not match.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use encoding_rs::Encoding;
use http::HeaderValue;
use tidegate_core::contract::{Body, BodyForm};

/// The body in the form that is wanted (`wit/v0.1/types.wit`, `body-form`): as text by its byte order mark, else the
/// `charset` of its content type, else as UTF-8; what does not decode becomes U+FFFD.
pub(super) fn body_as(want: BodyForm, content_type: Option<&HeaderValue>, body: Vec<u8>) -> Body {
    if want == BodyForm::Bytes {
        return Body::Bytes(body);
    }
    let (text, used, _) = encoding_of(content_type).decode(&body);
    let borrowed = matches!(text, Cow::Borrowed(whole) if whole.len() == body.len());
    // Most bodies are UTF-8 without a mark already: their memory becomes the text's.
    if borrowed && used == encoding_rs::UTF_8 {
        return Body::Text(
            String::from_utf8(body).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
        );
    }
    Body::Text(text.into_owned())
}

/// A body, or the beginning of one, as text: for messages.
pub(super) fn decoded(content_type: Option<&HeaderValue>, body: &[u8]) -> String {
    encoding_of(content_type).decode(body).0.into_owned()
}

fn encoding_of(content_type: Option<&HeaderValue>) -> &'static Encoding {
    let named = content_type.and_then(|value| charset(value.to_str().ok()?));
    named.unwrap_or(encoding_rs::UTF_8)
}

/// The `charset` parameter of a content type.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let named = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut named = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    Encoding::for_label(named.next()?.1.trim().trim_matches(['"', '\'']).as_bytes())
}

/// Values that were received as ISO 8859-1.
#[derive(Default)]
pub(super) struct OddValues {
    known: Mutex<HashMap<(String, String), HeaderValue>>,
    most: usize,
}

impl OddValues {
    pub(super) fn new(most: usize) -> Self {
        Self { known: Mutex::default(), most }
    }

    /// The text of a received value. `host`: who sent it.
    pub(super) fn read(&self, host: &str, value: &HeaderValue) -> String {
        match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                let text: String = value.as_bytes().iter().copied().map(char::from).collect();
                self.remember(host, &text, value);
                text
            }
        }
    }

    /// The value to be sent for a text; `None` if it holds a line break or another control character.
    pub(super) fn write(&self, host: &str, text: &str) -> Option<HeaderValue> {
        if !text.is_ascii() {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = known.get(&(host.to_owned(), text.to_owned())) {
                return Some(value.clone());
            }
        }
        HeaderValue::from_bytes(text.as_bytes()).ok()
    }

    fn remember(&self, host: &str, text: &str, value: &HeaderValue) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Rare enough that starting over is as good as any order of leaving.
        if known.len() >= self.most {
            known.clear();
        }
        known.insert((host.to_owned(), text.to_owned()), value.clone());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn read_as_utf8_else_latin1() {
        let odd = OddValues::new(8);
        for (bytes, text) in [
            (&b"\"abc\""[..], "\"abc\""),
            ("\"é\"".as_bytes(), "\"é\""),
            (b"\"\xE9\"", "\"é\""),
            (b"\x80\xFF", "\u{80}ÿ"),
        ] {
            assert_eq!(odd.read("a", &HeaderValue::from_bytes(bytes).unwrap()), text);
        }
        assert!(odd.write("a", "x\r\ny").is_none() && odd.write("a", "x\0y").is_none());
        assert_eq!(odd.write("b", "\"é\"").unwrap().as_bytes(), "\"é\"".as_bytes(), "another host");
    }

    #[test]
    fn bodies_as_text() {
        for (content_type, body, text) in [
            ("application/json", &b"\xC3\xA9"[..], "é"),
            ("text/plain; charset=ISO-8859-1", b"\xE9", "é"),
            ("text/plain; Charset=\"windows-1251\"", b"\xE9", "й"),
            ("text/plain; charset=iso-8859-1", b"\xEF\xBB\xBF\xC3\xA9", "é"),
            ("text/plain", b"\xFF\xFEa\0", "a"),
            ("text/plain; charset=nonsense", b"a\xE9", "a\u{FFFD}"),
            ("", b"", ""),
        ] {
            let content_type = HeaderValue::from_static(content_type);
            let got = body_as(BodyForm::Text, Some(&content_type), body.to_vec());
            assert_eq!(got, Body::Text(text.to_owned()), "{content_type:?}");
            assert_eq!(body_as(BodyForm::Bytes, Some(&content_type), body.to_vec()), Body::Bytes(body.to_vec()));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let odd = OddValues::new(8);
        for n in 0..100_u8 {
            odd.read("a", &HeaderValue::from_bytes(&[0xE9, b'0' + n % 10, b'0' + n / 10]).unwrap());
            assert!(odd.known.lock().unwrap().len() <= 8);
        }
    }

    proptest! {
        #[test]
        fn given_back_unchanged_it_is_sent_as_received(bytes in proptest::collection::vec(32..=255_u8, 0..20)) {
            prop_assume!(!bytes.contains(&127));
            let odd = OddValues::new(8);
            let value = HeaderValue::from_bytes(&bytes).unwrap();
            let text = odd.read("a", &value);
            prop_assert_eq!(odd.write("a", &text).unwrap(), value);
        }
    }
}
