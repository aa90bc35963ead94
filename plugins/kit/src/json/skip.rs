//! Stepping over values.
//!
//! Owns: the whole grammar without taking anything, and without recursion: which brackets are open are the bits of a number.
//! Most of a dataset's element is stepped over, so this is what the reading of pages costs.

use super::{Malformed, Reader};

/// How deep a value may nest. Elements of actors reach 15 levels; most readers of JSON, among them those that show what is
/// stored, end between 100 and 128.
pub const DEPTH: u32 = 64;

/// Which brackets are open: a bit for each, 1 for an object, the innermost last.
#[derive(Debug, Default)]
struct Open {
    depth: u32,
    objects: u64,
}

impl Open {
    /// False if it is too deep.
    fn push(&mut self, object: bool) -> bool {
        self.objects = self.objects << 1 | u64::from(object);
        self.depth += 1;
        self.depth <= DEPTH
    }

    /// Whether the innermost is an object; none if all are closed.
    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.objects & 1 == 1)
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }
}

impl<'a> Reader<'a> {
    /// Steps over one value of any shape, down to [`DEPTH`] levels.
    ///
    /// # Errors
    ///
    /// If it is no JSON, or too deep.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        let mut open = Open::default();
        loop {
            match self.peek() {
                b'"' => self.over_text()?,
                b'{' => {
                    self.at += 1;
                    if self.peek() == b'}' {
                        self.at += 1;
                    } else {
                        self.open(&mut open, true)?;
                        self.over_name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    if self.peek() == b']' {
                        self.at += 1;
                    } else {
                        self.open(&mut open, false)?;
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => drop(self.number()?),
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return Err(self.expected("a value")),
            }
            if self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    fn open(&self, open: &mut Open, object: bool) -> Result<(), Malformed> {
        if open.push(object) { Ok(()) } else { Err(self.expected("at most 64 levels of nesting")) }
    }

    /// After a value: closes what ends here. True if nothing is open any more, false if another value follows.
    #[inline]
    fn close(&mut self, open: &mut Open) -> Result<bool, Malformed> {
        while let Some(object) = open.innermost() {
            match (self.peek(), object) {
                (b',', true) => {
                    self.at += 1;
                    self.over_name()?;
                    return Ok(false);
                }
                (b',', false) => {
                    self.at += 1;
                    return Ok(false);
                }
                (b'}', true) | (b']', false) => {
                    self.at += 1;
                    open.pop();
                }
                (_, true) => return Err(self.expected("\",\" or \"}\"")),
                (_, false) => return Err(self.expected("\",\" or \"]\"")),
            }
        }
        Ok(true)
    }

    #[inline]
    fn over_name(&mut self) -> Result<(), Malformed> {
        if self.peek() != b'"' {
            return Err(self.expected("the name of a member"));
        }
        self.over_text()?;
        self.take(b':', "\":\"")
    }

    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Malformed> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.expected(word))
        }
    }

    /// A number as written. Leading zeros are let through.
    pub(super) fn number(&mut self) -> Result<&'a str, Malformed> {
        let bytes = self.text.as_bytes();
        let digits =
            |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let start = self.at;
        let mut end = start + usize::from(bytes.get(start) == Some(&b'-'));
        let mut found = digits(end);
        end += found;
        if found > 0 && bytes.get(end) == Some(&b'.') {
            found = digits(end + 1);
            end += 1 + found;
        }
        if found > 0 && matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            found = digits(end + 1 + sign);
            end += 1 + sign + found;
        }
        self.at = end;
        match self.text.get(start..end) {
            Some(number) if found > 0 => Ok(number),
            _ => Err(self.expected("a digit")),
        }
    }
}
