//! A stranger's words in a message of ours.
//!
//! Owns: how text that a plugin or a site gave is shown: on one line, not longer than it may be, and in the order in which it
//! stands. Must not know: where it is shown. Called wherever such text becomes part of a message: failures, refusals, faults, rejects.

/// Characters of a stranger's word that are quoted.
const QUOTED: usize = 80;

/// `text` on one line of at most `most` bytes: spaces for control characters and line separators (a log is read line by line, and a
/// terminal obeys escapes), U+FFFD for NUL and what turns the order of a line (UAX #9: marks, embeddings, overrides, isolates), and `…` at
/// the end where something was cut off.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        let c = shown(c);
        if line.len() + c.len_utf8() > most {
            let end = line.floor_char_boundary(most.saturating_sub('…'.len_utf8()));
            line.truncate(end);
            if most >= '…'.len_utf8() {
                line.push('…');
            }
            break;
        }
        line.push(c);
    }
    line
}

/// [`one_line`] in place; what is right already is not copied.
pub fn make_one_line(text: &mut String, most: usize) {
    if text.len() > most || text.chars().any(|c| shown(c) != c) {
        *text = one_line(text, most);
    }
}

/// A stranger's word in quotes, cut after 80 characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{:?} (cut, it has {} bytes)", text.get(..end).unwrap_or_default(), text.len()),
        None => format!("{text:?}"),
    }
}

const fn shown(c: char) -> char {
    match c {
        '\u{1}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => ' ',
        '\0' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_its_length() {
        let table = [
            ("plain שלום", 99, "plain שלום"),
            ("a\nb\r\n\u{1b}[31mc\u{2028}d\u{9b}e", 99, "a b   [31mc d e"),
            ("gpj\u{202e}exe\u{2066}\0", 99, "gpj\u{fffd}exe\u{fffd}\u{fffd}"),
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abc…"),
            ("ääää", 7, "ää…"),
            ("abc", 2, ""),
            ("", 0, ""),
        ];
        for (text, most, line) in table {
            let mut own = text.to_owned();
            make_one_line(&mut own, most);
            assert_eq!((one_line(text, most).as_str(), own.as_str()), (line, line), "{text:?} in {most}");
        }
    }

    #[test]
    fn what_is_right_is_not_copied() {
        let mut text = "x".repeat(1_000);
        let place = text.as_ptr();
        make_one_line(&mut text, 1_000);
        assert_eq!(text.as_ptr(), place);
    }

    #[test]
    fn a_long_word_is_quoted_in_part() {
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert!(quoted(&"ä".repeat(100)).ends_with("ä\" (cut, it has 200 bytes)"));
    }
}
