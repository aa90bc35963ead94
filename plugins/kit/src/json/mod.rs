//! A reader of JSON texts that takes what it is asked for and steps over the rest.
//!
//! Owns: the grammar of RFC 8259, read in one pass without building a tree, and with mercy where a plugin needs it: a value
//! of another type than wanted is stepped over and counts as absent, unknown members and members that come twice are no
//! trouble, numbers keep all their digits, escaped halves of surrogate pairs
//! become U+FFFD, raw control characters and a byte order mark are let through. What is no JSON, or nests deeper than [`DEPTH`], is [`Malformed`]. Texts
//! are borrowed where they hold no escape. Must not know: any platform. Called by [`fields`](mod@crate::fields) and by plugins that
//! read the elements of datasets.
//!
//! Every method that reads a value consumes exactly one, also when it answers "absent".

mod scan;
mod skip;
mod text;

use std::borrow::Cow;
use std::fmt;

pub use skip::DEPTH;
pub use text::quote;

/// A text that is no JSON: where, and what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// In bytes from the start of the text.
    pub at: usize,
    /// What would have been right.
    pub expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON: expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for Malformed {}

/// What sort of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    Text,
    /// A digit or `-`.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`
    Null,
}

/// A value that is no object and no array.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scalar<'a> {
    /// `null`, an object, an array, or nothing at all.
    #[default]
    Absent,
    /// A string, escapes decoded.
    Text(Cow<'a, str>),
    /// A number as written, so that long ids keep their digits.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
}

impl<'a> Scalar<'a> {
    /// The words of a string or the digits of a number.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number),
            Self::Absent | Self::Bool(_) => None,
        }
    }

    /// The same, unless it is empty.
    pub fn filled(&self) -> Option<&str> {
        self.text().filter(|text| !text.is_empty())
    }

    /// A number, or a string that is one.
    pub fn number(&self) -> Option<f64> {
        let text = self.text()?;
        // Most numbers are short and whole. Up to 15 digits are exact, and need no reader of fractions.
        if (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(text.bytes().fold(0.0, |number, digit| number * 10.0 + f64::from(digit - b'0')));
        }
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// A number that counts something: not negative.
    pub fn count(&self) -> Option<f64> {
        self.number().filter(|number| *number >= 0.0)
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }
}

/// Stands somewhere in a text.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads a whole text: one value, taken by `take`, with nothing behind it.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn whole<T>(text: &'a str, take: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<T, Malformed> {
        let mut reader = Self { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
        let taken = take(&mut reader)?;
        reader.blanks();
        if reader.at == text.len() { Ok(taken) } else { Err(reader.expected("the end of the text")) }
    }

    /// What comes next.
    ///
    /// # Errors
    ///
    /// If it is no value.
    pub fn shape(&mut self) -> Result<Shape, Malformed> {
        match self.peek() {
            b'{' => Ok(Shape::Object),
            b'[' => Ok(Shape::Array),
            b'"' => Ok(Shape::Text),
            b'-' | b'0'..=b'9' => Ok(Shape::Number),
            b't' | b'f' => Ok(Shape::Bool),
            b'n' => Ok(Shape::Null),
            _ => Err(self.expected("a value")),
        }
    }

    /// Reads an object: `each` gets the name of each member and has to consume its value. False if it is something else.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), Malformed>,
    ) -> Result<bool, Malformed> {
        if self.peek() != b'{' {
            return self.skip().map(|()| false);
        }
        self.at += 1;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(true);
        }
        loop {
            if self.peek() != b'"' {
                return Err(self.expected("the name of a member"));
            }
            let name = self.string()?;
            self.take(b':', "\":\"")?;
            each(self, &name)?;
            match self.peek() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(self.expected("\",\" or \"}\"")),
            }
        }
        self.at += 1;
        Ok(true)
    }

    /// Reads an array: `each` gets the number of each value, from 0, and has to consume it. False if it is something else.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn values(
        &mut self,
        mut each: impl FnMut(&mut Self, usize) -> Result<(), Malformed>,
    ) -> Result<bool, Malformed> {
        if self.peek() != b'[' {
            return self.skip().map(|()| false);
        }
        self.at += 1;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(true);
        }
        let mut number = 0;
        loop {
            each(self, number)?;
            number += 1;
            match self.peek() {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err(self.expected("\",\" or \"]\"")),
            }
        }
        self.at += 1;
        Ok(true)
    }

    /// A string, number or truth value; an object or array is stepped over and counts as absent.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn scalar(&mut self) -> Result<Scalar<'a>, Malformed> {
        match self.peek() {
            b'"' => self.string().map(Scalar::Text),
            b'-' | b'0'..=b'9' => self.number().map(Scalar::Number),
            b't' => self.word("true").map(|()| Scalar::Bool(true)),
            b'f' => self.word("false").map(|()| Scalar::Bool(false)),
            _ => self.skip().map(|()| Scalar::Absent),
        }
    }

    /// One value of any shape, as it is written.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn raw(&mut self) -> Result<&'a str, Malformed> {
        self.blanks();
        let start = self.at;
        self.skip()?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// The next byte that is no blank, not consumed; 0 at the end.
    #[inline]
    fn peek(&mut self) -> u8 {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if *byte > b' ' => *byte,
            Some(_) => {
                self.blanks();
                self.text.as_bytes().get(self.at).copied().unwrap_or_default()
            }
            None => 0,
        }
    }

    fn blanks(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    #[inline]
    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        if self.peek() == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    fn expected(&self, expected: &'static str) -> Malformed {
        Malformed { at: self.at, expected }
    }
}

#[cfg(test)]
mod tests;
