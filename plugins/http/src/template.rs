//! Texts with placeholders: `{{since}}`, `{{cursor}}`, or `{{/member}}` in what makes a field of an item.
//!
//! Owns: reading them, refusing names there are none of, and filling them. Must not know: where a text is used; whoever uses it
//! encodes it. Called by settings and requests (names) and by [`crate::fields`] (pointers).

use serde_json::{Map, Number, Value};

use crate::json;
use crate::limits;
use crate::pointer::Pointer;

/// What a placeholder of a request may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// From when on, or after which id: what earlier runs have read is not asked for again.
    Since,
    /// What the last page said to go on with.
    Cursor,
    /// Number of records before the page.
    Offset,
    /// Number of the page.
    Page,
    /// Records of a page.
    Limit,
    /// The identifier without its name.
    Identifier,
    /// What stands behind `#` in the identifier.
    Name,
    /// The time of the run, RFC 3339.
    Now,
}

impl Name {
    const ALL: [(&'static str, Self); 8] = [
        ("since", Self::Since),
        ("cursor", Self::Cursor),
        ("offset", Self::Offset),
        ("page", Self::Page),
        ("limit", Self::Limit),
        ("identifier", Self::Identifier),
        ("name", Self::Name),
        ("now", Self::Now),
    ];
}

/// What placeholders stand for in one request. None: unknown there.
pub type Values<'v> = dyn Fn(Name) -> Option<Filled> + 'v;

/// What a placeholder is filled with.
#[derive(Debug, Clone, PartialEq)]
pub enum Filled {
    /// A text.
    Text(String),
    /// A number, which stands without quotes in JSON.
    Number(u64),
}

impl Filled {
    fn as_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Part<P> {
    Words(String),
    Placeholder(P),
}

/// A text with placeholders of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<Part<Name>>);

/// A text with pointers into a record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordTemplate(Vec<Part<Pointer>>);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let named = |name: &str| {
            Name::ALL.iter().find(|(known, _)| *known == name).map(|(_, name)| *name).ok_or_else(|| {
                let known: Vec<String> = Name::ALL.iter().map(|(known, _)| format!("{{{{{known}}}}}")).collect();
                format!("there is no placeholder {{{{{name}}}}}; there are {}", known.join(", "))
            })
        };
        parts(text, named).map(Self)
    }

    /// Whether it has that placeholder.
    pub fn uses(&self, name: Name) -> bool {
        self.0.contains(&Part::Placeholder(name))
    }

    /// Its text. None if it holds something unknown.
    pub fn fill(&self, values: &Values<'_>) -> Option<String> {
        let text = |part: &Part<Name>| match part {
            Part::Words(words) => Some(words.clone()),
            Part::Placeholder(name) => values(*name).map(|filled| filled.as_text()),
        };
        self.0.iter().map(text).collect()
    }

    fn fill_json(&self, values: &Values<'_>) -> Option<Value> {
        match self.0.as_slice() {
            [Part::Placeholder(name)] => values(*name).map(|filled| match filled {
                Filled::Text(text) => Value::String(text),
                Filled::Number(number) => Value::Number(Number::from(number)),
            }),
            _ => self.fill(values).map(Value::String),
        }
    }
}

impl RecordTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        parts(text, Pointer::parse).map(Self)
    }

    /// Its text for a record. None if something that it points at is not there.
    pub fn fill(&self, record: &json::Value<'_>) -> Option<String> {
        let text = |part: &Part<Pointer>| match part {
            Part::Words(words) => Some(words.clone()),
            Part::Placeholder(pointer) => {
                pointer.all(record).into_iter().find_map(json::Value::text).map(str::to_owned)
            }
        };
        self.0.iter().map(text).collect()
    }
}

fn parts<P>(text: &str, named: impl Fn(&str) -> Result<P, String>) -> Result<Vec<Part<P>>, String> {
    if text.len() > limits::TEMPLATE_BYTES {
        return Err(format!("the text has {} bytes; at most {} are accepted", text.len(), limits::TEMPLATE_BYTES));
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            return Err(format!("\"{{{{\" in \"{text}\" has no \"}}}}\" behind it"));
        };
        if !words.is_empty() {
            found.push(Part::Words(words.to_owned()));
        }
        found.push(Part::Placeholder(named(name.trim())?));
        rest = behind;
    }
    if !rest.is_empty() {
        found.push(Part::Words(rest.to_owned()));
    }
    Ok(found)
}

/// A JSON value in which texts are templates. Members and elements that hold something unknown are left out.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// Neither text, list nor object.
    Plain(Value),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl JsonTemplate {
    /// Reads a value whose texts are templates.
    ///
    /// # Errors
    ///
    /// The JSON Pointer of what is wrong, and what would be right.
    pub fn parse(value: &Value, at: &str) -> Result<Self, (String, String)> {
        match value {
            Value::String(text) => Template::parse(text).map(Self::Text).map_err(|message| (at.to_owned(), message)),
            Value::Array(list) => {
                let each = list.iter().enumerate();
                each.map(|(number, value)| Self::parse(value, &format!("{at}/{number}")))
                    .collect::<Result<_, _>>()
                    .map(Self::List)
            }
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    Ok((name.clone(), Self::parse(value, &format!("{at}/{step}"))?))
                })
                .collect::<Result<_, _>>()
                .map(Self::Object),
            other => Ok(Self::Plain(other.clone())),
        }
    }

    /// Whether a text of it has that placeholder.
    pub fn uses(&self, name: Name) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Text(template) => template.uses(name),
            Self::List(list) => list.iter().any(|value| value.uses(name)),
            Self::Object(members) => members.iter().any(|(_, value)| value.uses(name)),
        }
    }

    /// The value. None if it is a text that holds something unknown.
    pub fn fill(&self, values: &Values<'_>) -> Option<Value> {
        match self {
            Self::Plain(value) => Some(value.clone()),
            Self::Text(template) => template.fill_json(values),
            Self::List(list) => Some(Value::Array(list.iter().filter_map(|value| value.fill(values)).collect())),
            Self::Object(members) => {
                let filled = members.iter().filter_map(|(name, value)| Some((name.clone(), value.fill(values)?)));
                Some(Value::Object(filled.collect::<Map<_, _>>()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: Name) -> Option<Filled> {
        match name {
            Name::Offset => Some(Filled::Number(40)),
            Name::Since => Some(Filled::Text("2026-01-01".to_owned())),
            _ => None,
        }
    }

    #[test]
    fn filling() {
        for (text, filled) in [
            ("plain", Some("plain")),
            ("created>{{ since }} {{offset}}", Some("created>2026-01-01 40")),
            ("{{cursor}}", None),
            ("a}}b", Some("a}}b")),
            ("", Some("")),
        ] {
            let template = Template::parse(text).unwrap_or(Template(Vec::new()));
            assert_eq!(template.fill(&values).as_deref(), filled, "{text}");
        }
    }

    #[test]
    fn json_keeps_numbers_and_leaves_out_what_is_unknown() {
        let body = serde_json::json!({"from": "{{offset}}", "q": "since {{since}}", "after": "{{cursor}}", "n": [1, "{{cursor}}"]});
        let filled = JsonTemplate::parse(&body, "/body").ok().and_then(|body| body.fill(&values));
        assert_eq!(filled, Some(serde_json::json!({"from": 40, "q": "since 2026-01-01", "n": [1]})));
    }

    #[test]
    fn refusals_name_the_place_and_what_there_is() {
        assert!(Template::parse("{{sinse}}").is_err_and(|message| message.contains("{{since}}")));
        assert!(Template::parse("{{since").is_err_and(|message| message.contains("}}")));
        let (at, message) =
            JsonTemplate::parse(&serde_json::json!({"a/b": ["x", "{{y}}"]}), "/body").err().unwrap_or_default();
        assert_eq!(at, "/body/a~1b/1");
        assert!(message.contains("{{y}}"), "{message}");
        assert!(
            RecordTemplate::parse("https://e.example/{{slug}}").is_err_and(|message| message.contains("\"/slug\""))
        );
    }
}
