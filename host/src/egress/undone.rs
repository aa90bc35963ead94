//! Text with its escapes undone.
//!
//! Owns: what `\u002B`, `\/`, `%2B` and `&#43;` stand for, in each other and as often as they are repeated, and where each byte stood
//! before. Must not know: what is looked for. Called by the search for credentials (`scrub`).
//!
//! Each escape is undone as its last byte arrives, and what comes of it may complete another one: `%25` and `2B` is `%2B` is `+`. So one
//! pass over a body undoes whatever its writers have put around each other, in time that grows with its length alone.

/// The longest escape in bytes: `&#x0000002B;`.
const ESCAPE: usize = 12;

/// So far is looked for the next escape at a time. Looking to the end of a text again and again would take its length squared.
const RUN: usize = 256;

/// A piece of a text.
#[derive(Default)]
pub(super) struct Undone {
    /// What it says.
    bytes: Vec<u8>,
    /// Where each of them begins and ends in the text, if that is wanted.
    spans: Vec<(usize, usize)>,
    mapped: bool,
    /// How many bytes there were when the last beginning of an escape came.
    opened: usize,
}

impl Undone {
    /// Nothing yet. `mapped`: whether it is to be known where each byte stood.
    pub(super) fn new(mapped: bool) -> Self {
        Self { mapped, ..Self::default() }
    }

    /// Takes more of `text`, from `at` on, until it says `most` bytes; gives how far it came.
    pub(super) fn fill(&mut self, text: &[u8], mut at: usize, most: usize) -> usize {
        while self.bytes.len() < most
            && let Some(byte) = text.get(at)
        {
            // Most of a text is no escape, and goes as it is.
            if !self.mapped && !self.is_open() {
                let room = text.len().min(at.saturating_add(RUN.min(most - self.bytes.len())));
                let room = text.get(at..room).unwrap_or_default();
                let run = room.get(..plain(room)).unwrap_or_default();
                self.bytes.extend(run.iter().map(|byte| folded(*byte)));
                at += run.len();
                if !run.is_empty() {
                    continue;
                }
            }
            self.push(*byte, at);
            at += 1;
        }
        at
    }

    /// Whether an escape may have begun that is not complete.
    fn is_open(&self) -> bool {
        self.bytes.len() - self.opened.min(self.bytes.len()) < ESCAPE
    }

    /// Takes the next byte of the text, which stands at `at`.
    ///
    /// NUL goes: it is what UTF-16 and UTF-32 put between letters of ASCII, and no credential can hold it.
    fn push(&mut self, byte: u8, at: usize) {
        if byte == 0 {
            // More of them are near: no place to look for a run.
            self.opened = self.bytes.len();
            return;
        }
        self.add(byte, (at, at + 1));
        while self.is_open() {
            let Some((length, says)) = escape_at_end(&self.bytes) else { return };
            let first = self.bytes.len() - length;
            let span = (self.spans.get(first).map_or(at, |span| span.0), at + 1);
            self.bytes.truncate(first);
            self.spans.truncate(first);
            let mut utf8 = [0; 4];
            let says: &[u8] = match says {
                Says::Byte(byte) => &[byte],
                Says::Char(char) => char.encode_utf8(&mut utf8).as_bytes(),
            };
            says.iter().for_each(|byte| self.add(*byte, span));
        }
    }

    fn add(&mut self, byte: u8, span: (usize, usize)) {
        self.bytes.push(folded(byte));
        if self.mapped {
            self.spans.push(span);
        }
        if matches!(byte, b'\\' | b'%' | b'&') {
            self.opened = self.bytes.len();
        }
    }

    /// What it says.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the bytes from `from` to before `to` stood.
    pub(super) fn stood(&self, from: usize, to: usize) -> core::ops::Range<usize> {
        let first = self.spans.get(from).map_or(0, |span| span.0);
        let last = to.checked_sub(1).and_then(|last| self.spans.get(last));
        first..last.map_or(first, |span| span.1.max(first))
    }

    /// Forgets all but the last bytes: `most`, and those that an escape may still need.
    pub(super) fn keep(&mut self, most: usize) {
        let gone = self.bytes.len().saturating_sub(most + ESCAPE);
        self.bytes.drain(..gone);
        self.spans.drain(..gone.min(self.spans.len()));
        self.opened = self.opened.saturating_sub(gone);
    }
}

/// All of a text.
pub(super) fn undone(text: &[u8]) -> Undone {
    let mut all = Undone::new(true);
    all.fill(text, 0, usize::MAX);
    all
}

/// A plus is a space, as forms write spaces: on both sides of the comparison.
const fn folded(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

/// How many bytes there are at the beginning of which no escape is made, and none is NUL.
fn plain(text: &[u8]) -> usize {
    let run = memchr::memchr3(b'\\', b'%', b'&', text).unwrap_or(text.len());
    text.get(..run).and_then(|run| memchr::memchr(0, run)).unwrap_or(run)
}

/// What an escape stands for.
enum Says {
    Byte(u8),
    Char(char),
}

/// The escape that ends where `text` ends: its length, and what it stands for.
fn escape_at_end(text: &[u8]) -> Option<(usize, Says)> {
    let from_end = |back: usize| text.len().checked_sub(back).and_then(|at| text.get(at)).copied();
    let last = from_end(1)?;
    if matches!(last, b'/' | b'"' | b'\'' | b'\\') {
        return (from_end(2)? == b'\\').then_some((2, Says::Byte(last)));
    }
    if last == b';' {
        return if from_end(2)?.is_ascii_alphanumeric() { entity_at_end(text) } else { None };
    }
    if !last.is_ascii_hexdigit() {
        return None;
    }
    let digits = |count: usize| number(text.get(text.len().checked_sub(count)?..)?, 16);
    if from_end(3)? == b'%' {
        return Some((3, Says::Byte(u8::try_from(digits(2)?).ok()?)));
    }
    let (opens, letter) = (from_end(6)?, from_end(5)?);
    // `%u002B` is what old JavaScript writes.
    if matches!(opens, b'\\' | b'%') && matches!(letter, b'u' | b'U') {
        return Some((6, Says::Char(char::from_u32(digits(4)?)?)));
    }
    None
}

/// `&#43;`, `&#x2B;` or `&plus;` where `text` ends with it.
fn entity_at_end(text: &[u8]) -> Option<(usize, Says)> {
    let near = text.get(text.len().saturating_sub(ESCAPE)..)?;
    let opens = near.iter().rposition(|byte| *byte == b'&')?;
    let name = near.get(opens + 1..near.len() - 1)?;
    let says = match name {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => NAMED.iter().find(|(known, _)| known.as_bytes() == name)?.1,
    };
    Some((near.len() - opens, Says::Char(says)))
}

/// The names of HTML for what keys are made of.
const NAMED: [(&str, char); 29] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("gt", '>'),
    ("GT", '>'),
    ("Hat", '^'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lt", '<'),
    ("LT", '<'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrack", ']'),
    ("semi", ';'),
    ("sol", '/'),
];

/// A number of one to eight digits.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_u32, |sum, digit| sum.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_in_each_other() {
        for (text, says) in [
            ("a\\u0041\\/\\\"", "aA/\""),
            ("\\\\u0041 \\\\\\/ \\\\\\\\u0041", "A / A"),
            ("%41%2541%25252541 %u0041", "AAA A"),
            ("&#65;&#x41;&#X0041;&lt;&amp;lt;&amp;#65;&sol;", "AAA<<A/"),
            ("\\u00254\\u0031 &#37;41 %26%2365%3B \\u0026#65;", "A A A A"),
            ("%", "%"),
            ("%4", "%4"),
            ("100% \\ & &; &#; &#x; &nothing; \\u12 %zz \\n", "100% \\ & &; &#; &#x; &nothing; \\u12 %zz \\n"),
            ("a+b%2Bc", "a b c"),
            ("\\uD83D\\u0130", "\\uD83Dİ"),
            ("c\0a\0n\0", "can"),
        ] {
            assert_eq!(String::from_utf8_lossy(undone(text.as_bytes()).bytes()), says, "{text}");
        }
    }

    proptest! {
        /// What is skipped where no places are wanted changes nothing.
        #[test]
        fn the_quick_way_says_the_same(text in "([a-c+/;#0-9]{0,16}|[%&\\\\u\\x00-]|%2|\\\\u00|&#|25|amp;|x){0,24}", most in 1..64_usize) {
            let all = undone(text.as_bytes());
            let (mut quick, mut at) = (Undone::new(false), 0);
            while at < text.len() {
                at = quick.fill(text.as_bytes(), at, quick.bytes().len() + most);
            }
            prop_assert_eq!(quick.bytes(), all.bytes());
            prop_assert_eq!(all.spans.len(), all.bytes().len());
        }
    }

    #[test]
    fn it_is_known_where_each_byte_stood() {
        let all = undone(b"ab%252Bc\\u0064");
        assert_eq!(all.bytes(), b"ab cd");
        assert_eq!(all.stood(2, 3), 2..7);
        assert_eq!(all.stood(1, 5), 1..14);
        assert_eq!(all.stood(3, 3), 7..7);
    }
}
