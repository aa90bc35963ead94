//! The parts of the settings, one by one.
//!
//! Owns: what each may say, and the words for what is wrong. A problem does not end the reading: all are told at once. Called by
//! `check`.

use serde_json::{Map, Value};
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{Problem, dates};

use super::written::{self, PagingKind};
use super::{By, Incremental, Order};
use crate::fields::Fields;
use crate::identifier::is_secret;
use crate::limits;
use crate::media::MediaRule;
use crate::paging::{Kind, Paging};
use crate::pointer::Pointer;
use crate::template::{JsonTemplate, Template};
use crate::times::{Numbers, write};

/// Fields that the host sets, or a credential's.
const REFUSED: [&str; 16] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "private-token",
];

/// What is read so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) problems: Vec<Problem>,
}

impl Reading {
    pub(super) fn problem(&mut self, at: &str, message: String) {
        if self.problems.len() < limits::NAMES {
            self.problems.push(Problem::new(at, message));
        }
    }

    pub(super) fn pointer(&mut self, at: &str, text: &str) -> Pointer {
        Pointer::parse(text).unwrap_or_else(|message| {
            self.problem(at, message);
            Pointer::default()
        })
    }

    /// "" is none.
    pub(super) fn optional_pointer(&mut self, at: &str, text: &str) -> Option<Pointer> {
        (!text.is_empty()).then(|| self.pointer(at, text))
    }

    pub(super) fn template(&mut self, at: &str, text: &str) -> Option<Template> {
        Template::parse(text).map_err(|message| self.problem(at, message)).ok()
    }

    pub(super) fn json(&mut self, at: &str, value: &Value) -> Option<JsonTemplate> {
        if value.to_string().len() > limits::BODY_BYTES {
            self.problem(at, format!("at most {} bytes of JSON are accepted", limits::BODY_BYTES));
            return None;
        }
        JsonTemplate::parse(value, at).map_err(|(at, message)| self.problem(&at, message)).ok()
    }

    /// Parameters: texts, numbers, truth values, and lists of them for a parameter that comes several times.
    pub(super) fn pairs(&mut self, at: &str, written: &Map<String, Value>) -> Vec<(String, Template)> {
        self.bounded(at, written.len());
        let mut pairs = Vec::new();
        for (name, value) in written {
            let at = below(at, name);
            if is_secret(name) {
                self.problem(&at, format!("\"{name}\" is named like a credential, and settings are shown everywhere; name it in the profile: [net.credential]"));
            }
            let values = match value {
                Value::Array(list) => list.iter().collect(),
                one => vec![one],
            };
            for value in values {
                match plain(value) {
                    Some(text) => pairs.extend(self.template(&at, &text).map(|template| (name.clone(), template))),
                    None => self
                        .problem(&at, "a parameter is a text, a number, true or false, or a list of them".to_owned()),
                }
            }
        }
        pairs
    }

    pub(super) fn headers(&mut self, written: &Map<String, Value>) -> Vec<(String, Template)> {
        let pairs = self.pairs("/headers", written);
        for (name, value) in written {
            let at = below("/headers", name);
            let lower = name.to_ascii_lowercase();
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) {
                self.problem(&at, format!("\"{name}\" is no name of a header field"));
            } else if REFUSED.contains(&lower.as_str())
                || lower.starts_with("proxy-")
                || lower.starts_with("x-forwarded-")
                || lower.starts_with("sec-")
            {
                self.problem(&at, format!("\"{name}\" is set by the host; a credential is named in the profile: [net.credential] with header = \"{name}\""));
            }
            if plain(value).is_some_and(|text| text.chars().any(char::is_control)) {
                self.problem(
                    &at,
                    "a value of a header field holds no line breaks or other control characters".to_owned(),
                );
            }
        }
        pairs
    }

    fn bounded(&mut self, at: &str, count: usize) {
        if count > limits::NAMES {
            self.problem(at, format!("{count} names were given; at most {} are accepted", limits::NAMES));
        }
    }

    pub(super) fn fields(&mut self, written: &Map<String, Value>, id_from: &[String], kind: &str) -> Fields {
        let mut fields = Fields::read(written, kind, &mut |at, message| self.problem(at, message));
        let at = |number: usize| format!("/id_from/{number}");
        fields.id_from = id_from.iter().enumerate().map(|(number, text)| self.pointer(&at(number), text)).collect();
        fields
    }

    pub(super) fn named_pointers(&mut self, at: &str, written: &Map<String, Value>) -> Vec<(String, Pointer)> {
        self.bounded(at, written.len());
        let mut found = Vec::new();
        for (name, value) in written {
            let at = below(at, name);
            match value.as_str() {
                Some(text) => found.push((name.clone(), self.pointer(&at, text))),
                None => self.problem(&at, "a JSON Pointer into the record is needed, like \"/likes\"".to_owned()),
            }
        }
        found
    }

    pub(super) fn metrics(&mut self, written: &Map<String, Value>) -> Vec<(String, Pointer)> {
        for name in written.keys() {
            let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let right = (1..=32).contains(&name.len())
                && name.bytes().all(word)
                && name.starts_with(|c: char| c.is_ascii_lowercase());
            if !right {
                self.problem(&below("/metrics", name), format!("\"{name}\" is no name of a count: lower-case letters, digits and \"-\", at most 32, like \"likes\""));
            }
        }
        if written.len() > 32 {
            self.problem("/metrics", format!("{} counts were given; an item has at most 32", written.len()));
        }
        self.named_pointers("/metrics", written)
    }

    pub(super) fn media(&mut self, written: &[written::Media]) -> Vec<MediaRule> {
        let mut rules = Vec::new();
        for (number, one) in written.iter().enumerate().take(limits::NAMES) {
            let at = |name: &str| format!("/media/{number}/{name}");
            let mut optional = |name: &str, text: &str| self.optional_pointer(&at(name), text);
            rules.push(MediaRule {
                each: optional("each", &one.each).unwrap_or_default(),
                url: optional("url", &one.url).unwrap_or_default(),
                kind: one.kind.clone(),
                role: if one.role.is_empty() { "attached".to_owned() } else { one.role.clone() },
                mime: optional("mime", &one.mime),
                alt: optional("alt", &one.alt),
                thumbnail: optional("thumbnail", &one.thumbnail),
                width: optional("width", &one.width),
                height: optional("height", &one.height),
                duration_s: optional("duration_s", &one.duration_s),
                size: optional("size", &one.size),
            });
        }
        rules
    }

    pub(super) fn paging(&mut self, written: &written::Paging, graphql: bool) -> Paging {
        let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
        let (parameter, size_parameter) = match written.kind {
            PagingKind::Offset => ("offset", "limit"),
            PagingKind::Page => ("page", "per_page"),
            _ => (if graphql { "after" } else { "cursor" }, "limit"),
        };
        let next = self.optional_pointer("/paging/next", &written.next);
        let kind = match written.kind {
            PagingKind::None => Kind::None,
            PagingKind::Offset => Kind::Offset { start: u64::from(written.start.unwrap_or(0)) },
            PagingKind::Page => Kind::Page { start: u64::from(written.start.unwrap_or(1)) },
            PagingKind::Cursor => match (next, written.header.is_empty()) {
                (Some(next), true) => Kind::Cursor { next },
                (None, false) => Kind::CursorHeader { name: written.header.to_ascii_lowercase() },
                _ => {
                    self.problem("/paging", "a cursor stands in one place: \"next\" (a JSON Pointer into the answer, like \"/meta/next_cursor\") or \"header\" (the name of a header field)".to_owned());
                    Kind::None
                }
            },
            PagingKind::LinkHeader => Kind::LinkHeader { rel: written.rel.to_ascii_lowercase() },
            PagingKind::LinkBody => match next {
                Some(next) => Kind::LinkBody { next },
                None => {
                    self.problem(
                        "/paging/next",
                        "say where the answer has the URL of its next page, like \"/links/next\"".to_owned(),
                    );
                    Kind::None
                }
            },
        };
        if graphql && matches!(kind, Kind::LinkHeader { .. } | Kind::LinkBody { .. }) {
            self.problem(
                "/paging/kind",
                "GraphQL has no links to further pages: none, cursor, offset or page".to_owned(),
            );
        }
        if !(1..=limits::PAGES).contains(&written.max_pages) {
            self.problem("/paging/max_pages", format!("1 to {} pages can be read in one run", limits::PAGES));
        }
        if !(0.0..=limits::DELAY_S).contains(&written.delay_s) {
            self.problem("/paging/delay_s", format!("0 to {} seconds between two pages", limits::DELAY_S));
        }
        if !(1..=100).contains(&written.empty_pages) {
            self.problem(
                "/paging/empty_pages",
                "1 to 100 pages in a row without anything new end a listing".to_owned(),
            );
        }
        if written.hosts.len() > limits::HOSTS
            || written.hosts.iter().any(|host| host.is_empty() || host.contains(['/', ':', '@']))
        {
            self.problem(
                "/paging/hosts",
                format!("at most {} hosts, without scheme, port or path, like \"api2.example.org\"", limits::HOSTS),
            );
        }
        Paging {
            kind,
            parameter: or(&written.parameter, parameter),
            size: (written.size > 0).then_some(u64::from(written.size)),
            size_parameter: or(&written.size_parameter, if graphql { "first" } else { size_parameter }),
            more: self.optional_pointer("/paging/more", &written.more),
            hosts: written.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            max_pages: written.max_pages,
            delay_s: written.delay_s,
            empty_pages: written.empty_pages,
        }
    }

    pub(super) fn incremental(&mut self, written: &written::Incremental, times: Numbers) -> Incremental {
        let by = match written.by {
            written::By::None => By::None,
            written::By::Time => By::Time,
            written::By::Id => By::Id,
        };
        if written.overlap_s > limits::OVERLAP_S {
            self.problem("/incremental/overlap_s", format!("0 to {} seconds", limits::OVERLAP_S));
        }
        let start = (!written.start.is_empty()).then(|| match by {
            By::Time => {
                let value = crate::json::Value::Text(written.start.as_str().into());
                let read = crate::times::read(&value, times).or_else(|| dates::moment(&written.start));
                read.and_then(|moment: Moment| write(moment, written.format)).unwrap_or_else(|| {
                    self.problem(
                        "/incremental/start",
                        format!("\"{}\" is no time, such as \"2026-01-01T00:00:00Z\"", written.start),
                    );
                    String::new()
                })
            }
            By::Id | By::None => written.start.clone(),
        });
        Incremental {
            by,
            field: self.optional_pointer("/incremental/field", &written.field),
            order: match written.order {
                written::Order::Any => Order::Any,
                written::Order::NewestFirst => Order::NewestFirst,
                written::Order::OldestFirst => Order::OldestFirst,
            },
            format: written.format,
            overlap_ms: i64::from(written.overlap_s) * 1_000,
            start,
        }
    }
}

/// A value as a text of a parameter.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A JSON Pointer one level deeper.
fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}
