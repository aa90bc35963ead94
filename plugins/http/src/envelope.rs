//! An answer as a whole: its records one by one, and what stands around them.
//!
//! Owns: the walk through a page by JSON Pointers without building a tree of it, so that a page costs the memory of its largest record.
//! Must not know: what a record means. Called by [`crate::answer`].

use tidegate_plugin_kit::json::{Malformed, Reader, Scalar, Shape};

use crate::json::{Value, index};
use crate::paging::{Kind, Paging};
use crate::pointer::{Pointer, Step};

/// What stands around the records.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Around {
    /// Cursor or URL of the next page, as text.
    pub next: Option<String>,
    /// Whether there is something else in its place: an object, a list, `true`.
    pub odd: bool,
    /// Whether more follows.
    pub more: Option<bool>,
    /// Whether that is not said, where a schema promises it: a GraphQL answer without the field that was asked for.
    pub mute: bool,
    /// What the answer says is wrong.
    pub errors: Vec<Said>,
}

/// One error as an API tells it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its code, if it has one.
    pub code: String,
    /// Its words.
    pub message: String,
}

/// What stands where the records should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing: there is no such member.
    Nothing,
    /// Null, wherever a pointer led.
    Null,
    /// A list, empty or not, or several, or records that stand alone in one.
    Records,
    /// One object, without a list around it: a single record, if it is one.
    One,
    /// A text, number or truth value where a list is wanted, which it is in words. It was not handed over.
    Scalar(&'static str),
    /// More records than were wanted; what stands behind them was not looked at.
    TooMany,
}

/// Hands the records of a page to `each`, as written, as long as it wants more. The walk ends behind the first `most` of them, as a
/// page may be nothing but brackets and commas, and each would cost as much as a record.
///
/// # Errors
///
/// If the page is no JSON. Records before that place were handed over.
pub fn records<'a>(
    text: &'a str,
    pointer: &Pointer,
    most: usize,
    each: &mut dyn FnMut(&'a str) -> bool,
) -> Result<Found, Malformed> {
    let mut found = Found::Nothing;
    let (mut count, mut wanted) = (0, true);
    // Behind a `*` each place may hold a record of its own; without one there is one place, and it is to hold them all.
    let alone = !pointer.0.contains(&Step::All);
    let walked = Reader::whole(text, |reader| {
        walk(reader, &pointer.0, &mut |reader| {
            let shape = reader.shape()?;
            found = match (shape, found) {
                (Shape::Null, Found::Nothing) => Found::Null,
                (Shape::Null, found) => found,
                (Shape::Object, _) if alone => Found::One,
                (Shape::Text, _) if alone => Found::Scalar("a text"),
                (Shape::Number, _) if alone => Found::Scalar("a number"),
                (Shape::Bool, _) if alone => Found::Scalar("a truth value"),
                _ => Found::Records,
            };
            let mut take = |reader: &mut Reader<'a>| {
                count += 1;
                wanted &= count <= most;
                if !wanted {
                    // Ends the walk; what the page is from here on is nobody's business.
                    return Err(Malformed { at: 0, expected: "fewer records" });
                }
                wanted = each(reader.raw()?);
                Ok(())
            };
            match shape {
                Shape::Array => reader.values(|reader, _| take(reader)).map(drop),
                Shape::Null => reader.skip(),
                Shape::Text | Shape::Number | Shape::Bool if alone => reader.skip(),
                _ => take(reader),
            }
        })
    });
    if !wanted {
        return Ok(Found::TooMany);
    }
    walked?;
    if found == Found::Nothing { held(text, pointer) } else { Ok(found) }
}

/// What a pointer that led nowhere tells by what its `*` stands for: lists that are all empty are no mistake.
fn held(text: &str, pointer: &Pointer) -> Result<Found, Malformed> {
    for (at, _) in pointer.0.iter().enumerate().filter(|(_, step)| **step == Step::All) {
        let lists = find(text, &Pointer(pointer.0.iter().take(at).cloned().collect()))?;
        let is_empty = |raw: &&str| {
            raw.strip_prefix(['[', '{'])
                .and_then(|raw| raw.strip_suffix([']', '}']))
                .is_some_and(|raw| raw.trim().is_empty())
        };
        if !lists.is_empty() && lists.iter().all(|raw| *raw == "null" || is_empty(raw)) {
            return Ok(if lists.iter().any(is_empty) { Found::Records } else { Found::Null });
        }
    }
    Ok(Found::Nothing)
}

/// What stands at a pointer, as written.
///
/// # Errors
///
/// If the text is no JSON.
pub fn find<'a>(text: &'a str, pointer: &Pointer) -> Result<Vec<&'a str>, Malformed> {
    let mut found = Vec::new();
    Reader::whole(text, |reader| {
        walk(reader, &pointer.0, &mut |reader| {
            found.push(reader.raw()?);
            Ok(())
        })
    })?;
    Ok(found)
}

/// Goes to every place a pointer leads to; `take` consumes the value there.
fn walk<'a>(
    reader: &mut Reader<'a>,
    steps: &[Step],
    take: &mut dyn FnMut(&mut Reader<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let Some((step, rest)) = steps.split_first() else { return take(reader) };
    match (reader.shape()?, step) {
        (Shape::Object, Step::All) => reader.members(|reader, _| walk(reader, rest, take)).map(drop),
        (Shape::Array, Step::All) => reader.values(|reader, _| walk(reader, rest, take)).map(drop),
        (Shape::Object, Step::Name(name)) => reader
            .members(|reader, member| if member == name { walk(reader, rest, take) } else { reader.skip() })
            .map(drop),
        (Shape::Array, Step::Name(name)) => {
            let wanted = index(name);
            reader
                .values(|reader, number| if wanted == Some(number) { walk(reader, rest, take) } else { reader.skip() })
                .map(drop)
        }
        _ => reader.skip(),
    }
}

/// What stands around the records of a page that is JSON. `error`: where the answer says that it is an error; GraphQL has a place
/// of its own for that.
///
/// # Errors
///
/// If it is no JSON.
pub fn around(text: &str, paging: &Paging, error: Option<&Pointer>, graphql: bool) -> Result<Around, Malformed> {
    let mut around = Around::default();
    if let Kind::Cursor { next } | Kind::LinkBody { next } = &paging.kind {
        let found = find(text, next)?;
        around.next = found.iter().copied().find_map(as_text);
        around.odd = around.next.is_none() && found.iter().any(|raw| truth(raw) == Some(true));
    }
    if let Some(more) = &paging.more {
        let found = find(text, more)?;
        around.more = found.first().and_then(|raw| truth(raw));
        around.mute = graphql && found.is_empty();
    }
    if let Some(error) = error {
        around.errors.extend(find(text, error)?.into_iter().filter(|raw| truth(raw) != Some(false)).map(said));
    }
    if graphql {
        for name in ["errors", "error"] {
            let place = |rest: Option<Step>| Pointer([Step::Name(name.to_owned())].into_iter().chain(rest).collect());
            let found = find(text, &place(None))?;
            // What the specification has is a list. A text or an object in its place, as gateways have it, says as much.
            let listed = found.iter().any(|raw| raw.starts_with('['));
            let found = if listed { find(text, &place(Some(Step::All)))? } else { found };
            around.errors.extend(found.into_iter().filter(|raw| listed || truth(raw) != Some(false)).map(said));
        }
    }
    Ok(around)
}

/// A text, or the digits of a number.
fn as_text(raw: &str) -> Option<String> {
    let scalar = Reader::whole(raw, Reader::scalar).ok()?;
    scalar.filled().map(str::to_owned)
}

/// Whether a value says yes: false, null, 0, "", "false", [] and {} say no. None if it is nothing of the sort.
fn truth(raw: &str) -> Option<bool> {
    match raw.trim() {
        "null" | "[]" | "{}" | "\"\"" => return Some(false),
        other if other.starts_with(['[', '{']) => return Some(true),
        _ => {}
    }
    match Reader::whole(raw, Reader::scalar).ok()? {
        Scalar::Bool(truth) => Some(truth),
        Scalar::Number(digits) => digits.parse().ok().map(|number: f64| number != 0.0),
        Scalar::Text(text) => Some(!matches!(text.to_ascii_lowercase().as_str(), "false" | "no" | "0")),
        Scalar::Absent => Some(false),
    }
}

/// An error in whatever form: a text, or an object with a message and a code somewhere.
fn said(raw: &str) -> Said {
    let Ok(value) = Value::parse(raw) else { return Said::default() };
    let at = |names: &[&[&str]]| {
        names.iter().find_map(|path| {
            let found = path.iter().try_fold(&value, |value, name| value.member(name));
            found.and_then(Value::text).map(str::to_owned)
        })
    };
    let message = at(&[&["message"], &["description"], &["detail"], &["title"], &["error"]]);
    Said {
        code: at(&[&["extensions", "code"], &["extensions", "type"], &["type"], &["code"], &["status"]])
            .unwrap_or_default(),
        message: value.text().map(str::to_owned).or(message).unwrap_or_else(|| raw.chars().take(200).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, pointer: &str) -> (Option<Found>, Vec<String>) {
        let mut found = Vec::new();
        let pointer = Pointer::parse(pointer).unwrap_or_default();
        let there = records(text, &pointer, 4, &mut |raw| {
            found.push(raw.to_owned());
            raw != "\"last\""
        })
        .ok();
        (there, found)
    }

    #[test]
    fn records_wherever_they_stand() {
        for (text, pointer, there, found) in [
            (r#"[{"a":1},2]"#, "", Some(Found::Records), &[r#"{"a":1}"#, "2"][..]),
            (r#"{"data":{"items":[1,[2]]}}"#, "/data/items", Some(Found::Records), &["1", "[2]"]),
            (
                r#"{"edges":[{"node":{"id":1}},{"x":1},{"node":{"id":2}}]}"#,
                "/edges/*/node",
                Some(Found::Records),
                &[r#"{"id":1}"#, r#"{"id":2}"#],
            ),
            (
                r#"{"byId":{"a":{"id":1},"b":{"id":2}}}"#,
                "/byId/*",
                Some(Found::Records),
                &[r#"{"id":1}"#, r#"{"id":2}"#],
            ),
            (
                r#"{"groups":[{"items":[1]},{"items":[]},{"items":[2]}]}"#,
                "/groups/*/items",
                Some(Found::Records),
                &["1", "2"],
            ),
            (r#"{"items":null}"#, "/items", Some(Found::Null), &[]),
            (r#"{"items":[]}"#, "/items", Some(Found::Records), &[]),
            (r#"{"other":[]}"#, "/items", Some(Found::Nothing), &[]),
            (r#"{"item":{"id":1}}"#, "/item", Some(Found::One), &[r#"{"id":1}"#]),
            (r#"{"items":"none"}"#, "/items", Some(Found::Scalar("a text")), &[]),
            (r#"{"items":false}"#, "/items", Some(Found::Scalar("a truth value")), &[]),
            (r#"{"items":[]}"#, "/items/*", Some(Found::Records), &[]),
            (r#"{"edges":[ ]}"#, "/edges/*/node", Some(Found::Records), &[]),
            (r#"{"edges":null}"#, "/edges/*/node", Some(Found::Null), &[]),
            (r#"{"edges":[{"x":1}]}"#, "/edges/*/node", Some(Found::Nothing), &[]),
            (r#"{"edges":[7]}"#, "/edges/*", Some(Found::Records), &["7"]),
            ("[1,2,", "", None, &["1", "2"]),
            ("[1,2,3,4]", "", Some(Found::Records), &["1", "2", "3", "4"]),
            ("[1,2,3,4,5,", "", Some(Found::TooMany), &["1", "2", "3", "4"]),
            ("[1,\"last\",3]", "", Some(Found::TooMany), &["1", "\"last\""]),
            ("[[1,2],[3],[4,5]]", "/*", Some(Found::TooMany), &["1", "2", "3", "4"]),
        ] {
            let found: Vec<String> = found.iter().map(|raw| (*raw).to_owned()).collect();
            assert_eq!(texts(text, pointer), (there, found), "{text}");
        }
    }

    #[test]
    fn what_says_yes_and_what_says_no() {
        for (raw, says) in [
            ("true", Some(true)),
            ("false", Some(false)),
            ("null", Some(false)),
            ("0", Some(false)),
            ("1", Some(true)),
            ("\"\"", Some(false)),
            ("\"false\"", Some(false)),
            ("\"abc\"", Some(true)),
            ("[]", Some(false)),
            ("[0]", Some(true)),
        ] {
            assert_eq!(truth(raw), says, "{raw}");
        }
    }

    #[test]
    fn errors_in_their_many_forms() {
        for (raw, code, message) in [
            (r#""ratelimited""#, "", "ratelimited"),
            (r#"{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}"#, "UNAUTHENTICATED", "no"),
            (r#"{"type":"RATE_LIMITED","message":"slow"}"#, "RATE_LIMITED", "slow"),
            (r#"{"code":88,"detail":"over"}"#, "88", "over"),
            (r#"{"odd":1}"#, "", r#"{"odd":1}"#),
        ] {
            assert_eq!(said(raw), Said { code: code.to_owned(), message: message.to_owned() }, "{raw}");
        }
    }
}
