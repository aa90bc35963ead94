//! A text searched for secrets, place by place.
//!
//! Owns: the search, and values that go because of the name before them: in URLs, forms, JSON and markup that stand in a text. Must
//! not know: what the names are (`names`), or what tokens look like (`shapes`). Works on bytes, so that a page in any encoding that
//! keeps ASCII stays as it is everywhere else.

use memchr::memmem;

use super::shapes::{self, run};
use super::{GONE, Scrub, names};

/// The longest name that is looked at.
const NAME: usize = 64;

/// A value that goes.
pub(super) struct Found {
    /// Bytes that stay before it.
    pub(super) keep: usize,
    /// Bytes that are passed in all.
    pub(super) skip: usize,
    /// What stands in its place.
    pub(super) stands: &'static [u8],
    /// What it was.
    pub(super) what: &'static str,
}

impl Found {
    pub(super) const fn gone(keep: usize, skip: usize, what: &'static str) -> Self {
        Self { keep, skip, stands: GONE.as_bytes(), what }
    }
}

impl Scrub<'_> {
    /// A text without what goes.
    pub(super) fn scan(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        let ends = memmem::rfind(text, b"</script").unwrap_or(0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let before = at.checked_sub(1).and_then(|place| text.get(place)).copied();
            if let Some(found) = found(rest, before) {
                out.extend_from_slice(rest.get(..found.keep).unwrap_or_default());
                out.extend_from_slice(found.stands);
                self.count(found.what);
                at += found.skip;
            } else if let Some(address) = shapes::address(rest, before) {
                let stand_in = self.stand_in(rest, &address);
                out.extend_from_slice(&stand_in);
                at += address.length;
            } else if let Some((begin, length)) = Some(rest).filter(|_| at < ends).and_then(script) {
                let inside = rest.get(begin..begin + length).unwrap_or_default();
                out.extend_from_slice(rest.get(..begin).unwrap_or_default());
                let json = core::str::from_utf8(inside).ok().and_then(|inside| self.json(inside, false));
                let inside = json.map_or_else(|| self.scan(inside), String::into_bytes);
                out.extend_from_slice(&inside);
                at += begin + length;
            } else {
                out.extend(rest.first());
                at += 1;
            }
        }
        out
    }
}

fn found(rest: &[u8], before: Option<u8>) -> Option<Found> {
    let named = match rest.first()? {
        b'?' | b'&' | b';' | b'#' => pair(rest, 1, names::is_parameter),
        b'\\' if rest.starts_with(b"\\\"") => member(rest, b"\\\""),
        b'\\' if introduces(rest, &["\\u0026", "\\u003f", "\\u0023"]) => pair(rest, 6, names::is_parameter),
        b'\\' if introduces(rest, &["\\x26", "\\x3f"]) => pair(rest, 4, names::is_parameter),
        b'%' if introduces(rest, &["%26", "%3f", "%23"]) => pair(rest, 3, names::is_parameter),
        b'"' => member(rest, b"\""),
        b'<' => element(rest),
        byte if byte.is_ascii_alphanumeric() && before.is_none_or(|byte| b" \t\r\n\"'({[,".contains(&byte)) => {
            pair(rest, 0, names::is_secret)
        }
        _ => None,
    };
    named.or_else(|| shapes::shape(rest, before))
}

fn introduces(rest: &[u8], signs: &[&str]) -> bool {
    signs.iter().any(|sign| rest.get(..sign.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(sign.as_bytes())))
}

fn name_of(name: &[u8]) -> Option<&str> {
    core::str::from_utf8(name).ok().filter(|name| !name.is_empty())
}

/// `name=value` or `name="value"`, `begin` bytes from here; in a URL within a URL `=` and `&` are `%3D` and `%26`.
fn pair(rest: &[u8], begin: usize, is_one: fn(&str) -> bool) -> Option<Found> {
    let after = rest.get(begin..)?;
    let length = run(after.get(..NAME.min(after.len()))?, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'[' | b']')
    });
    let sign = after.get(length..)?;
    let equals = if sign.starts_with(b"=") {
        1
    } else if introduces(sign, &["%3d"]) {
        3
    } else {
        return None;
    };
    if !is_one(name_of(after.get(..length)?)?) {
        return None;
    }
    let value = sign.get(equals..)?;
    let quote = [&b"\\\""[..], b"\"", b"'"].into_iter().find(|quote| value.starts_with(quote)).unwrap_or_default();
    let value = value.get(quote.len()..)?;
    let length = if quote.is_empty() {
        let length = run(value, is_value);
        let next = memmem::find(value.get(..length)?, b"%26").filter(|_| equals == 3);
        next.unwrap_or(length)
    } else {
        memmem::find(value, quote)?
    };
    let keep = begin + after.len() - value.len();
    let goes = length > 0 && !value.starts_with(GONE.as_bytes());
    goes.then(|| Found::gone(keep, keep + length, "URL parameters"))
}

/// What may stand in the value of a URL parameter.
const fn is_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'%' | b'+' | b'/' | b'=' | b':' | b'|' | b'*' | b'!')
}

/// `"name": "value"` and `"name": 1`, in JSON that stands in a text; there its quotes may be escaped.
fn member(rest: &[u8], quote: &[u8]) -> Option<Found> {
    let after = rest.get(quote.len()..)?;
    let length = memmem::find(after.get(..(NAME + quote.len()).min(after.len()))?, quote)?;
    let colon = after.get(length + quote.len()..)?;
    let value = colon.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    if !names::is_member(name_of(after.get(..length)?)?) {
        return None;
    }
    let keep = rest.len() - value.len();
    if let Some(text) = value.strip_prefix(quote) {
        let length = closed(text, quote)?;
        let goes = length > 0 && text.get(..length) != Some(GONE.as_bytes());
        return goes.then(|| Found::gone(keep + quote.len(), keep + quote.len() + length, "JSON members"));
    }
    let length = run(value, |byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    let number = value.get(..length)?;
    let goes = number.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-') && number != b"0";
    goes.then(|| Found { keep, skip: keep + length, stands: b"0", what: "JSON members" })
}

/// Where a text ends that begins here.
fn closed(text: &[u8], quote: &[u8]) -> Option<usize> {
    let escaped = quote.len() > 1;
    let mut at = 0;
    loop {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        at += match rest {
            _ if rest.starts_with(quote) => return Some(at),
            // Escaped once more: what follows is escaped as well, if it has to be.
            [b'\\', b'\\', b'\\', ..] if escaped => 4,
            [b'\\', b'\\', ..] if escaped => 3,
            [b'\\', ..] => 2,
            _ => 1,
        };
    }
}

/// `<name>value<`, as answers in XML have it.
fn element(rest: &[u8]) -> Option<Found> {
    let after = rest.get(1..)?;
    let length = memchr::memchr(b'>', after.get(..NAME.min(after.len()))?)?;
    if !names::is_secret(name_of(after.get(..length)?).filter(|name| !name.starts_with(['/', '?', '!']))?) {
        return None;
    }
    let keep = length + 2;
    let value = rest.get(keep..)?;
    let length = memchr::memchr(b'<', value)?;
    let text = value.get(..length)?.trim_ascii();
    (!text.is_empty() && text != GONE.as_bytes()).then(|| Found::gone(keep, keep + length, "XML elements"))
}

/// What stands in the `<script>` at the beginning: where it begins, and its length. Pages have JSON there.
fn script(rest: &[u8]) -> Option<(usize, usize)> {
    if !introduces(rest, &["<script"]) {
        return None;
    }
    let begin = memchr::memchr(b'>', rest)? + 1;
    let length = memmem::find(rest.get(begin..)?, b"</script")?;
    (length > 0).then_some((begin, length))
}
