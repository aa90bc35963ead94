//! A batch against the oracle's answer, field by field.
//!
//! Owns: what agreement is. Called by [`super::judge`] for each document.

use serde_json::Value;

use super::load::Document;
use super::report::Report;
use super::{Refused, text};

/// Whether an item agrees with the entry of a document.
type Agrees = fn(&Document, &Value, &Value) -> bool;

/// The fields of an entry, by the names of the report.
const FIELDS: [(&str, Agrees); 7] = [
    ("link", link),
    ("title", title),
    ("date", date),
    ("id", id),
    ("author", author),
    ("enclosures", enclosures),
    ("content", content),
];

pub(super) fn compare(document: &Document, answer: &Result<Value, Refused>, report: &mut Report) {
    report.documents += 1;
    if let Err(Refused::Fault(fault)) = answer {
        report.fault(&document.file, fault);
    }
    let contested = &document.expected["contested"];
    let has_channel = document.expected["status"] == "feed"
        && contested["status"].is_null()
        && !document.tags.iter().any(|tag| tag == "no-channel");
    let is_feed = answer.as_ref().is_ok_and(|batch| batch["facts"].is_object());
    if has_channel {
        report.with_channel += 1;
        report.parsed += usize::from(is_feed);
        if !is_feed {
            let why = answer.as_ref().err().map_or_else(|| "no feed".to_owned(), Refused::to_string);
            report.disagree("parsed", &document.file, "a feed", &why);
        }
    }
    if document.expected["status"] != "feed" || (!is_feed && !has_channel) {
        return;
    }
    let none = Vec::new();
    let ours = answer.as_ref().ok().and_then(|batch| batch["items"].as_array()).unwrap_or(&none);
    let expected = document.expected["entries"].as_array().unwrap_or(&none);
    let counted = ours.len() == expected.len();
    if contested["n_entries"].is_null() {
        report.agree("entries", counted);
        if !counted {
            report.disagree("entries", &document.file, &expected.len().to_string(), &ours.len().to_string());
        }
    } else if !counted {
        return;
    }
    for (name, agrees) in FIELDS {
        for (at, entry) in expected.iter().enumerate().filter(|(at, _)| is_firm(&contested[name], *at)) {
            let item = ours.get(at).filter(|_| counted).unwrap_or(&Value::Null);
            let agreed = !item.is_null() && agrees(document, entry, item);
            report.agree(name, agreed);
            if !agreed {
                report.disagree(
                    name,
                    &format!("{}[{at}]", document.file),
                    &shown(name, entry),
                    &shown_ours(name, item),
                );
            }
        }
    }
}

/// `contested` holds the numbers of entries, or "all", or true.
fn is_firm(contested: &Value, entry: usize) -> bool {
    match contested {
        Value::Null => true,
        Value::Array(numbers) => !numbers.iter().any(|number| number.as_u64() == u64::try_from(entry).ok()),
        _ => false,
    }
}

fn str_of<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

/// Where the oracle names no link, or one that leads nowhere ("urn:..."), none is right.
fn link(document: &Document, entry: &Value, item: &Value) -> bool {
    match (str_of(entry, "link"), str_of(item, "url")) {
        (Some(expected), Some(ours)) => text::same_url(ours, expected, &document.url),
        (None, None) => true,
        _ => false,
    }
}

fn title(_: &Document, entry: &Value, item: &Value) -> bool {
    text::squash(str_of(entry, "title").unwrap_or_default()) == text::squash(str_of(item, "title").unwrap_or_default())
}

/// The oracle puts `dc:date` of RSS 1.0 into `updated`: a date may be in either field, but each must be there, and no
/// date where the oracle has none.
fn date(_: &Document, entry: &Value, item: &Value) -> bool {
    let ours = [str_of(item, "published_at"), str_of(item, "updated_at")];
    let expected = [str_of(entry, "published"), str_of(entry, "updated")];
    let found = expected.iter().flatten().all(|date| ours.contains(&Some(date)));
    found && (expected.iter().any(Option::is_some) || ours.iter().all(Option::is_none))
}

/// Where the source has no id, any id is right that is not empty.
fn id(_: &Document, entry: &Value, item: &Value) -> bool {
    let ours = str_of(item, "external_id");
    match str_of(entry, "id").map(str::trim) {
        Some(expected) if !expected.is_empty() => ours.map(str::trim) == Some(expected),
        _ => ours.is_some(),
    }
}

/// The oracle has one line, "name (email)" or either; the batch has a list of people.
fn author(_: &Document, entry: &Value, item: &Value) -> bool {
    let expected: Vec<String> =
        ["author", "author_name"].iter().filter_map(|n| str_of(entry, n)).map(text::squash).collect();
    let ours = people(item);
    if expected.iter().all(String::is_empty) {
        ours.is_empty()
    } else {
        ours.iter().any(|person| expected.contains(person))
    }
}

/// Every way to write an author of an item on one line, squashed.
pub(super) fn people(item: &Value) -> Vec<String> {
    let mut ways = Vec::new();
    for author in item["authors"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let extra: Value =
            author["extra"].as_str().and_then(|extra| serde_json::from_str(extra).ok()).unwrap_or_default();
        let (name, email) = (str_of(author, "name"), extra["email"].as_str());
        ways.extend(name.map(text::squash));
        ways.extend(email.map(text::squash));
        if let (Some(name), Some(email)) = (name, email) {
            ways.push(text::squash(&format!("{name} ({email})")));
        }
    }
    ways
}

fn enclosures(document: &Document, entry: &Value, item: &Value) -> bool {
    let ours = enclosure_urls(item);
    let count = entry["enclosures"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let urls = entry["enclosure_urls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut pairs = urls.iter().filter_map(Value::as_str).zip(&ours);
    ours.len() == count && pairs.all(|(expected, ours)| text::same_url(ours, expected, &document.url))
}

/// The places of an item's enclosures, in order.
pub(super) fn enclosure_urls(item: &Value) -> Vec<&str> {
    let media = item["media"].as_array().map(Vec::as_slice).unwrap_or_default();
    media.iter().filter(|medium| medium["role"] == "enclosure").filter_map(|medium| medium["url"].as_str()).collect()
}

/// The words of the full text, else of the summary. None and empty are the same.
fn content(_: &Document, entry: &Value, item: &Value) -> bool {
    let ours = str_of(item, "text").unwrap_or_default();
    match str_of(entry, "content_sha256") {
        Some(expected) => text::digest(ours) == expected,
        None => ours.is_empty(),
    }
}

/// What the oracle says, for a person.
fn shown(field: &str, entry: &Value) -> String {
    match field {
        "date" => format!("{} / {}", entry["published"], entry["updated"]),
        "author" => format!("{} / {}", entry["author"], entry["author_name"]),
        "enclosures" => format!("{} {}", entry["enclosures"], entry["enclosure_urls"]),
        "content" => format!("{} chars {}", entry["content_chars"], entry["content_head"]),
        other => entry[other].to_string(),
    }
}

/// What the batch says, for a person.
fn shown_ours(field: &str, item: &Value) -> String {
    match field {
        "link" => item["url"].to_string(),
        "date" => format!("{} / {}", item["published_at"], item["updated_at"]),
        "id" => item["external_id"].to_string(),
        "author" => item["authors"].to_string(),
        "enclosures" => format!("{:?}", enclosure_urls(item)),
        "content" => {
            let text = str_of(item, "text").unwrap_or_default();
            format!("{} chars {:?}", text::squash(text).chars().count(), text.chars().take(60).collect::<String>())
        }
        other => item[other].to_string(),
    }
}
