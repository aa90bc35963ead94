//! The words of a post.
//!
//! Owns: replacing references to characters once, and taking away the short links at the end that stand for the post's own
//! media and for the post it quotes. Must not know: where the texts came from. Called by [`crate::tweet`] and
//! [`crate::item`].

use std::borrow::Cow;

/// Replaces references to characters (`&amp;`), each once: what comes out is not looked at again.
pub fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('&') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('&') {
        let (before, behind) = rest.split_at(at);
        plain.push_str(before);
        match reference(behind) {
            Some((letter, length)) => {
                plain.push(letter);
                rest = behind.get(length..).unwrap_or_default();
            }
            None => {
                plain.push('&');
                rest = behind.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The letter a reference stands for, and its length in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    /// The longest is `&#x10FFFF;`.
    const LONGEST: usize = 10;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let letter = match text.get(1..end)? {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|letter| *letter != '\0')?
        }
    };
    Some((letter, end + 1))
}

/// Without those short links at its end for which `own` says that they are the post's own. What else stands there stays.
pub fn without_own_links(text: &str, own: impl Fn(&str) -> bool) -> &str {
    let mut kept = text;
    loop {
        let trimmed = kept.trim_end();
        let word = trimmed.rfind(char::is_whitespace).map_or(0, |at| at + width_at(trimmed, at));
        match trimmed.get(word..) {
            Some(last) if last.starts_with("https://t.co/") && own(last) => {
                kept = trimmed.get(..word).unwrap_or_default().trim_end();
            }
            _ => return kept,
        }
    }
}

fn width_at(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_are_replaced_once() {
        for (text, plain) in [
            ("a &amp; b", "a & b"),
            ("&amp;lt;", "&lt;"),
            ("&lt;b&gt; &quot;&#39;&#x41;&apos;", "<b> \"'A'"),
            ("AT&T &unknown; &", "AT&T &unknown; &"),
            ("&#0;&#xD800;&#99999999999;", "&#0;&#xD800;&#99999999999;"),
        ] {
            assert_eq!(unescape(Cow::Borrowed(text)), plain, "{text}");
        }
    }

    #[test]
    fn own_links_go_and_others_stay() {
        let own = |link: &str| link != "https://t.co/other";
        for (text, left) in [
            ("words https://t.co/a", "words"),
            ("words\n\nhttps://t.co/a https://t.co/b ", "words"),
            ("words https://t.co/other", "words https://t.co/other"),
            ("words https://t.co/other https://t.co/a", "words https://t.co/other"),
            ("https://t.co/a words", "https://t.co/a words"),
            ("https://t.co/a", ""),
            ("words ", "words "),
            ("", ""),
        ] {
            assert_eq!(without_own_links(text, own), left, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>()) {
            let plain = unescape(Cow::Borrowed(&text)).into_owned();
            prop_assert!(plain.len() <= text.len());
            prop_assert!(plain.starts_with(without_own_links(&plain, |_| true)));
        }
    }
}
