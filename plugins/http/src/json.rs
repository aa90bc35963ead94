//! One record as a tree of values.
//!
//! Owns: the tree, built by the kit's reader so that numbers keep all their digits and broken escapes harm nothing, and
//! writing it again. Must not know: what a member means. Called by [`crate::envelope`] for one record at a time, so that a page of any
//! size needs the memory of one record.

use std::borrow::Cow;

use tidegate_plugin_kit::json::{Malformed, Reader, Scalar, Shape, quote};

use crate::limits;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As written.
    Number(&'a str),
    /// Decoded.
    Text(Cow<'a, str>),
    /// In order.
    Array(Vec<Self>),
    /// In order, names as written.
    Object(Vec<(String, Self)>),
}

/// Why a record is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is no JSON.
    Malformed(Malformed),
    /// It has more values than [`limits::RECORD_VALUES`].
    TooLarge,
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::TooLarge => write!(f, "the record has more than {} values", limits::RECORD_VALUES),
        }
    }
}

impl<'a> Value<'a> {
    /// The tree of a text.
    ///
    /// # Errors
    ///
    /// Why it is not read.
    pub fn parse(text: &'a str) -> Result<Self, Unread> {
        let mut left = limits::RECORD_VALUES;
        // Stepping over it first bounds the depth, so that building it cannot exhaust the stack.
        Reader::whole(text, Reader::skip).map_err(Unread::Malformed)?;
        let value = Reader::whole(text, |reader| build(reader, &mut left)).map_err(Unread::Malformed)?;
        value.ok_or(Unread::TooLarge)
    }

    /// The member of that name; the last one if it stands there several times.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value),
            Self::Array(values) => values.get(index(name)?),
            _ => None,
        }
    }

    /// The elements of an array or the values of an object.
    pub fn each(&self) -> Vec<&Self> {
        match self {
            Self::Array(values) => values.iter().collect(),
            Self::Object(members) => members.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    /// A text that is not blank, or the digits of a number.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_ref()).filter(|text| !text.trim().is_empty()),
            Self::Number(digits) => Some(digits),
            _ => None,
        }
    }

    /// A number, or a text that is one; finite.
    pub fn number(&self) -> Option<f64> {
        self.text()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Appends it as JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => quote(out, text),
            Self::Array(values) => {
                out.push('[');
                for (number, value) in values.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (number, (name, value)) in members.iter().enumerate() {
                    out.push_str(if number > 0 { "," } else { "" });
                    quote(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// An index of an array as RFC 6901 section 4 has it: no sign, no leading zero.
pub fn index(step: &str) -> Option<usize> {
    let plain = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let zero = step.len() > 1 && step.starts_with('0');
    if plain && !zero { step.parse().ok() } else { None }
}

/// None once there are too many values; the rest is stepped over.
fn build<'a>(reader: &mut Reader<'a>, left: &mut usize) -> Result<Option<Value<'a>>, Malformed> {
    if *left == 0 {
        return reader.skip().map(|()| None);
    }
    *left -= 1;
    match reader.shape()? {
        Shape::Object => {
            let mut members = Vec::new();
            reader.members(|reader, name| {
                members.extend(build(reader, left)?.map(|value| (name.to_owned(), value)));
                Ok(())
            })?;
            Ok((*left > 0).then_some(Value::Object(members)))
        }
        Shape::Array => {
            let mut values = Vec::new();
            reader.values(|reader, _| {
                values.extend(build(reader, left)?);
                Ok(())
            })?;
            Ok((*left > 0).then_some(Value::Array(values)))
        }
        Shape::Null => reader.skip().map(|()| Some(Value::Null)),
        _ => Ok(Some(match reader.scalar()? {
            Scalar::Absent => Value::Null,
            Scalar::Text(text) => Value::Text(text),
            Scalar::Number(digits) => Value::Number(digits),
            Scalar::Bool(truth) => Value::Bool(truth),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn again(text: &str) -> Option<String> {
        let value = Value::parse(text).ok()?;
        let mut out = String::new();
        value.write(&mut out);
        Some(out)
    }

    #[test]
    fn numbers_keep_their_digits_and_broken_escapes_harm_nothing() {
        for (text, written) in [
            (r#"{"id": 123456789012345678901234567890}"#, Some(r#"{"id":123456789012345678901234567890}"#)),
            (r#"["\ud800", 1.50, null, true, {}]"#, Some("[\"\u{fffd}\",1.50,null,true,{}]")),
            ("{\"a\":", None),
            ("[1,]", None),
        ] {
            assert_eq!(again(text).as_deref(), written, "{text}");
        }
    }

    #[test]
    fn members_and_elements() {
        let value = Value::parse(r#"{"a":[10,20],"b":1,"b":2," ":"  "}"#).unwrap_or(Value::Null);
        let at = |name: &str| value.member(name);
        assert_eq!(at("b"), Some(&Value::Number("2")));
        assert_eq!(at("a").and_then(|a| a.member("1")), Some(&Value::Number("20")));
        assert_eq!(at("a").and_then(|a| a.member("01")), None);
        assert_eq!(at(" ").and_then(Value::text), None);
    }

    #[test]
    fn a_record_of_too_many_values_is_not_read() {
        let text = format!("[{}0]", "0,".repeat(limits::RECORD_VALUES));
        assert_eq!(Value::parse(&text), Err(Unread::TooLarge));
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(matches!(Value::parse(&deep), Err(Unread::Malformed(_))));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same(text in r#"[\[\]{}:,"a1\\u0 ]{0,40}"#) {
            if let Some(once) = again(&text) {
                let twice = again(&once);
                prop_assert_eq!(twice, Some(once));
            }
        }
    }
}
