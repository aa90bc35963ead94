//! JSON documents, scrubbed as JSON.
//!
//! Owns: which texts and numbers of a document go because of the member they stand in. Must not know: what secrets look like in a
//! text (`text` does). All that stays is copied byte by byte: the order of members, their spelling, numbers of any length.

use serde::de::IgnoredAny;

use super::{GONE, Scrub, names};

/// An array or object that is open.
#[derive(Clone, Copy)]
struct Open {
    object: bool,
    /// It stands in a member whose values go.
    secret: bool,
    /// It stands in a member that turns pages: its `token` does as well.
    pages: bool,
    /// One of its members names a secret, as `{"name": "Authorization", "value": "..."}` does: its `value` goes.
    names_secret: bool,
}

/// What a member of an object says about its neighbour.
#[derive(Default, Clone, Copy, PartialEq)]
enum Pair {
    #[default]
    None,
    /// It is the name of something.
    Name,
    /// It is the value of what is named beside it.
    Value,
}

/// Where in a document we are.
#[derive(Default)]
struct Place {
    open: Vec<Open>,
    /// The next text is a member's name.
    name: bool,
    /// The member that was named last is one whose values go.
    secret: bool,
    /// It turns pages.
    pages: bool,
    /// What it says about its neighbour.
    pair: Pair,
}

impl Place {
    fn is_secret(&self) -> bool {
        self.secret || self.open.last().is_some_and(|open| open.secret)
    }

    fn begin(&mut self, object: bool) {
        let (secret, pages) = (self.is_secret(), self.pages);
        self.open.push(Open { object, secret, pages, names_secret: false });
        self.next(object);
    }

    /// `name`: a member's name comes.
    fn next(&mut self, name: bool) {
        (self.name, self.secret, self.pages, self.pair) = (name, false, false, Pair::None);
    }

    fn named(&mut self, name: &str) {
        let within = self.open.last().is_some_and(|open| open.pages) && name.eq_ignore_ascii_case("token");
        (self.name, self.pages) = (false, names::is_of_pages(name));
        self.pair = match name.to_ascii_lowercase().as_str() {
            "name" | "key" | "field" | "header" => Pair::Name,
            "value" => Pair::Value,
            _ => Pair::None,
        };
        let named = self.pair == Pair::Value && self.open.last().is_some_and(|open| open.names_secret);
        self.secret = named || (names::is_member(name) && !within);
    }

    /// A text comes; `rest` is what follows it.
    fn text(&mut self, text: &str, rest: &str) {
        let is_name = |name: &str| names::is_member(name) || names::is_header(name);
        match self.pair {
            Pair::Name if is_name(text) => self.open.last_mut().into_iter().for_each(|open| open.names_secret = true),
            Pair::Value => self.secret |= named_after(rest).is_some_and(|name| is_name(&name)),
            _ => {}
        }
    }

    fn end(&mut self) {
        self.open.pop();
        self.next(false);
    }

    fn comma(&mut self) {
        let object = self.open.last().is_some_and(|open| open.object);
        self.next(object);
    }
}

/// What the next member of the object names, if that is what it does: `"value": "...", "name": "Authorization"`.
fn named_after(rest: &str) -> Option<String> {
    let member = rest.trim_start().strip_prefix(',')?.trim_start();
    let (name, after) = member.split_at_checked(string(member))?;
    if !["\"name\"", "\"key\"", "\"field\"", "\"header\""].contains(&name) {
        return None;
    }
    let text = after.trim_start().strip_prefix(':')?.trim_start();
    text.starts_with('"').then(|| text.get(..string(text)).and_then(|text| serde_json::from_str(text).ok())).flatten()
}

impl Scrub<'_> {
    /// The document without its secrets; `None` if it is no JSON. `within`: it stands in a text of another document, so that its own
    /// texts are not opened any more.
    pub(super) fn json(&mut self, text: &str, within: bool) -> Option<String> {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        let mut out = String::with_capacity(text.len());
        let (mut place, mut rest) = (Place::default(), text);
        while let Some(first) = rest.as_bytes().first() {
            let length = match first {
                b'"' => string(rest),
                b'-' | b'0'..=b'9' => rest.find(|c: char| !number(c)).unwrap_or(rest.len()),
                _ => 1,
            };
            let (token, after) = rest.split_at_checked(length)?;
            match first {
                b'{' | b'[' => place.begin(*first == b'{'),
                b'}' | b']' => place.end(),
                b',' => place.comma(),
                _ => {}
            }
            match first {
                b'"' if place.name => {
                    let name: String = serde_json::from_str(token).unwrap_or_default();
                    place.named(&name);
                    out.push_str(&self.member(token, &name));
                }
                b'"' => {
                    if place.pair != Pair::None {
                        place.text(&serde_json::from_str::<String>(token).unwrap_or_default(), after);
                    }
                    out.push_str(&self.string(token, place.is_secret(), within));
                }
                b'-' | b'0'..=b'9' => out.push_str(self.number(token, place.is_secret())),
                _ => out.push_str(token),
            }
            rest = after;
        }
        Some(out)
    }

    /// A member's name: some have addresses for names.
    fn member(&mut self, token: &str, name: &str) -> String {
        let scrubbed = self.line(name);
        if scrubbed == name { token.to_owned() } else { written(&scrubbed) }
    }

    fn number<'t>(&mut self, token: &'t str, secret: bool) -> &'t str {
        if secret && token != "0" {
            self.count("JSON members");
            return "0";
        }
        // No credential is as short as most numbers are.
        if token.len() < 8 || self.without_secrets(token) == token { token } else { "0" }
    }

    fn string(&mut self, token: &str, secret: bool, within: bool) -> String {
        // Half of a surrogate pair: JSON, but no text.
        let Ok(text) = serde_json::from_str::<String>(token) else { return self.line(token) };
        if secret && !text.is_empty() && text != GONE && !is_placeholder(&text) {
            self.count("JSON members");
            return written(GONE);
        }
        let opens = !within && text.trim_start().starts_with(['{', '[']);
        let scrubbed = if opens { self.json(&text, true) } else { None };
        let scrubbed = scrubbed.unwrap_or_else(|| self.line(&text));
        if scrubbed == text { token.to_owned() } else { written(&scrubbed) }
    }
}

/// `{{cursor}}`: overrides say where a value goes, not which it is.
fn is_placeholder(text: &str) -> bool {
    let name = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    name.is_some_and(|name| name.len() < 16 && name.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn written(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

const fn number(c: char) -> bool {
    matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')
}

/// How long the text is with which `rest` begins, with its quotes.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    let ends = |byte: &u8| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    };
    rest.as_bytes().iter().skip(1).position(ends).map_or(rest.len(), |place| place + 2)
}
