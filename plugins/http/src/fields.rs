//! What of a record becomes which field of an item.
//!
//! Owns: the names of fields, the rules for them (a pointer, a template, several of them of which the first that has a value counts),
//! and identity by hash. Must not know: how a field is cleaned ([`crate::item`]). Called by settings and by [`crate::item`].

use serde_json::{Map, Value};

use crate::json;
use crate::pointer::Pointer;
use crate::template::RecordTemplate;

/// The fields, in the order of the schema.
pub const NAMES: [&str; 18] = [
    "id",
    "url",
    "title",
    "text",
    "html",
    "summary",
    "published_at",
    "updated_at",
    "language",
    "kind",
    "author",
    "author_handle",
    "author_id",
    "author_url",
    "author_image",
    "tags",
    "image",
    "in_reply_to",
];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// From a place in the record.
    At(Pointer),
    /// From several, with words between them.
    Of(RecordTemplate),
}

/// What of a record becomes which field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    rules: Vec<(&'static str, Vec<Source>)>,
    /// What the id of a record without one is made of.
    pub id_from: Vec<Pointer>,
    /// What an item is that does not say so itself.
    pub kind: String,
}

impl Fields {
    /// Reads the rules; `problem` takes the place of each that is wrong, and what would be right.
    pub fn read(written: &Map<String, Value>, kind: &str, problem: &mut dyn FnMut(&str, String)) -> Self {
        let mut fields = Self { kind: kind.to_owned(), ..Self::default() };
        for (name, value) in written {
            let at = format!("/fields/{}", name.replace('~', "~0").replace('/', "~1"));
            let Some(known) = NAMES.iter().find(|known| *known == name) else {
                problem(&at, format!("an item has no field \"{name}\"; there are {}", NAMES.join(", ")));
                continue;
            };
            let sources: Vec<&Value> = match value {
                Value::Array(list) => list.iter().take(crate::limits::NAMES).collect(),
                one => vec![one],
            };
            let mut rules = Vec::new();
            for source in sources {
                match source.as_str().map(source_of) {
                    Some(Ok(source)) => rules.push(source),
                    Some(Err(message)) => problem(&at, message),
                    None => problem(&at, "a JSON Pointer like \"/title\", a text like \"https://example.org/{{/slug}}\", or a list of them".to_owned()),
                }
            }
            fields.rules.push((known, rules));
        }
        fields
    }

    fn rules(&self, name: &str) -> &[Source] {
        self.rules.iter().find(|(known, _)| *known == name).map_or(&[], |(_, rules)| rules)
    }

    /// Whether a field is a time.
    pub fn has_time(&self) -> bool {
        !self.rules("published_at").is_empty() || !self.rules("updated_at").is_empty()
    }

    /// The text of a field: of the first rule that gives one.
    pub fn text(&self, name: &str, record: &json::Value<'_>) -> Option<String> {
        self.rules(name).iter().find_map(|source| match source {
            Source::At(pointer) => pointer.all(record).into_iter().find_map(json::Value::text).map(str::to_owned),
            Source::Of(template) => template.fill(record),
        })
    }

    /// The value of a field as it stands in the record: of the first rule that finds one which is not null.
    pub fn value<'v, 'a>(&self, name: &str, record: &'v json::Value<'a>) -> Option<&'v json::Value<'a>> {
        self.rules(name).iter().find_map(|source| match source {
            Source::At(pointer) => pointer.all(record).into_iter().find(|value| **value != json::Value::Null),
            Source::Of(_) => None,
        })
    }

    /// Every text of a field: of the first rule that gives any; a list's elements one by one.
    pub fn texts(&self, name: &str, record: &json::Value<'_>) -> Vec<String> {
        let found = self.rules(name).iter().map(|source| match source {
            Source::At(pointer) => {
                let found = pointer.all(record).into_iter();
                let each = found
                    .flat_map(|value| if matches!(value, json::Value::Array(_)) { value.each() } else { vec![value] });
                each.filter_map(json::Value::text).map(str::to_owned).collect()
            }
            Source::Of(template) => template.fill(record).into_iter().collect::<Vec<_>>(),
        });
        found.into_iter().find(|texts| !texts.is_empty()).unwrap_or_default()
    }

    /// The identity of a record: its id as it is written, blanks and all, else a hash of what `id_from` points at. None if it has neither.
    pub fn id(&self, record: &json::Value<'_>) -> Option<String> {
        if let Some(id) = self.text("id", record) {
            let long = id.len() > crate::limits::EXTERNAL_ID_BYTES;
            return Some(if long { hashed([id.as_str()]) } else { id });
        }
        let parts: Vec<String> = self.id_from.iter().map(|pointer| written(pointer, record)).collect();
        let empty = parts.iter().all(String::is_empty);
        (!empty).then(|| hashed(parts.iter().map(String::as_str)))
    }

    /// Where the id is looked for, for a person.
    pub fn id_place(&self) -> String {
        let places = self.rules("id").iter().map(|source| match source {
            Source::At(pointer) => format!("\"{pointer}\""),
            Source::Of(_) => "a template".to_owned(),
        });
        places.collect::<Vec<_>>().join(" or ")
    }
}

/// What begins with a slash is a pointer, "" the whole record; anything else is a text with placeholders.
fn source_of(text: &str) -> Result<Source, String> {
    if text.is_empty() || text.starts_with('/') {
        Pointer::parse(text).map(Source::At)
    } else {
        RecordTemplate::parse(text).map(Source::Of)
    }
}

fn written(pointer: &Pointer, record: &json::Value<'_>) -> String {
    let mut out = String::new();
    pointer
        .all(record)
        .into_iter()
        .filter(|value| **value != json::Value::Null)
        .for_each(|value| value.write(&mut out));
    out
}

fn hashed<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    format!("hash:{:032x}", hash(parts))
}

/// FNV-1a with 128 bits over the parts, each ended by a byte that text cannot hold. Stored identities depend on it: it must never
/// change.
pub fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(written: &Value) -> Fields {
        let mut wrong = Vec::new();
        let object = written.as_object().cloned().unwrap_or_default();
        let fields = Fields::read(&object, "record", &mut |at, message| wrong.push(format!("{at}: {message}")));
        assert_eq!(wrong, Vec::<String>::new());
        fields
    }

    #[test]
    fn the_first_rule_that_has_a_value_counts() {
        let record = json::Value::parse(
            r#"{"id":12345678901234567890123,"t":" ","name":"n","slug":"s","tags":["a","",3,null],"x":{"y":null}}"#,
        )
        .unwrap_or(json::Value::Null);
        let fields = fields(&serde_json::json!({
            "id": "/id", "title": ["/none", "/t", "/name"], "url": ["https://e.example/{{/missing}}", "https://e.example/{{/slug}}"],
            "tags": "/tags", "language": "en"
        }));
        assert_eq!(fields.id(&record).as_deref(), Some("12345678901234567890123"));
        assert_eq!(fields.text("title", &record).as_deref(), Some("n"));
        assert_eq!(fields.text("url", &record).as_deref(), Some("https://e.example/s"));
        assert_eq!(fields.text("language", &record).as_deref(), Some("en"));
        assert_eq!(fields.texts("tags", &record), ["a", "3"]);
    }

    #[test]
    fn an_id_that_is_missing_is_made_of_what_does_not_change() {
        let mut fields = fields(&serde_json::json!({"id": "/id"}));
        let record = json::Value::parse(r#"{"name":"a","day":1,"likes":5}"#).unwrap_or(json::Value::Null);
        assert_eq!(fields.id(&record), None);
        fields.id_from = ["/name", "/day"].iter().filter_map(|text| Pointer::parse(text).ok()).collect();
        // Stored identities depend on it.
        assert_eq!(fields.id(&record).as_deref(), Some("hash:fa270be89b3c64bf6e3c47511cdb670f"));
        let other = json::Value::parse(r#"{"day":1,"likes":6,"name":"a"}"#).unwrap_or(json::Value::Null);
        assert_eq!(fields.id(&record), fields.id(&other), "counts and the order of members do not matter");
        assert_eq!(fields.id(&json::Value::Null), None);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let mut wrong = Vec::new();
        let written = serde_json::json!({"titel": "/t", "url": 7, "text": ["/a", "{{b}}"], "id": "/a~x"});
        Fields::read(written.as_object().unwrap_or(&Map::new()), "record", &mut |at, message| {
            wrong.push((at.to_owned(), message));
        });
        let places: Vec<&str> = wrong.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(places, ["/fields/id", "/fields/text", "/fields/titel", "/fields/url"]);
    }
}
