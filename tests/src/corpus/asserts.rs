//! Statements of the suites' authors about small documents.
//!
//! Owns: where a batch holds what a statement speaks of, and how the two are compared. Called by [`super::judge`].

use serde_json::Value;

use super::load::Case;
use super::report::Report;
use super::{Refused, fields, text};

pub(super) fn check(case: &Case, answer: &Result<Value, Refused>, report: &mut Report) {
    if let Err(Refused::Fault(fault)) = answer {
        report.fault(&case.name, fault);
    }
    let none = Value::Null;
    let batch = answer.as_ref().unwrap_or(&none);
    for assert in &case.asserts {
        let met = is_met(case, batch, assert);
        report.asserts_all.count(met);
        if assert["oracle_agrees"] == true {
            report.asserts.count(met);
            if !met {
                let field = assert["field"].as_str().unwrap_or_default();
                let ours = format!("{:?}", values(batch, field));
                report.disagree("asserts", &format!("{} {field}", case.name), &assert["value"].to_string(), &ours);
            }
        }
        for forbidden in assert["must_not_contain"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let forbidden = forbidden.as_str().unwrap_or_default();
            let clean = !output(batch).contains(&forbidden.to_lowercase());
            report.must_not_contain.count(clean);
            if !clean {
                report.disagree("must_not_contain", &case.name, &format!("no {forbidden}"), "it is there");
            }
        }
    }
}

/// Everything a batch could show to somebody, in lower case.
fn output(batch: &Value) -> String {
    let mut out = batch["facts"].to_string();
    for item in items(batch) {
        for name in ["title", "text", "html", "summary"] {
            out.push_str(item[name].as_str().unwrap_or_default());
            out.push('\n');
        }
    }
    out.to_lowercase()
}

fn items(batch: &Value) -> &[Value] {
    batch["items"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_met(case: &Case, batch: &Value, assert: &Value) -> bool {
    let field = assert["field"].as_str().unwrap_or_default();
    let ours = values(batch, field);
    let value = match &assert["value"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let any = |same: &dyn Fn(&str) -> bool| ours.iter().any(|ours| same(ours));
    match assert["op"].as_str().unwrap_or_default() {
        "absent" => ours.iter().all(String::is_empty),
        "eq_url" => any(&|ours| text::same_url(ours, &value, &case.url)),
        "eq_time" => any(&|ours| ours == value),
        // Titles and descriptions are plain text in a batch: markup in the statement is compared by its words.
        // Markup without words leaves no text at all.
        "eq_html" => is_wordless(&value, &ours) || any(&|ours| same_words(ours, &value)),
        "count" | "eq" if field == "n_entries" => any(&|ours| ours == value),
        _ => is_wordless(&value, &ours) || any(&|ours| ours == value || same_words(ours, &value)),
    }
}

/// Nothing, or markup without words, leaves no text at all.
fn is_wordless(value: &str, ours: &[String]) -> bool {
    (value.is_empty() || value.contains('<')) && text::words(value).is_empty() && ours.iter().all(String::is_empty)
}

fn same_words(ours: &str, value: &str) -> bool {
    let ours = text::squash(ours);
    ours == text::squash(value) || ours == text::words(value)
}

/// What a batch says about a field; several values where the contract has several places for it.
fn values(batch: &Value, field: &str) -> Vec<String> {
    let extra = parsed(&batch["extra"]);
    let texts = |found: &[&Value]| found.iter().filter_map(|value| as_text(value)).collect::<Vec<String>>();
    let facts = &batch["facts"];
    if let Some(rest) = field.strip_prefix("entries[") {
        let Some((number, rest)) = rest.split_once("].") else { return Vec::new() };
        let item = number.parse::<usize>().ok().and_then(|at| items(batch).get(at)).unwrap_or(&Value::Null);
        return of_item(item, rest);
    }
    match field {
        "encoding" => texts(&[&extra["encoding"]]),
        "n_entries" => vec![items(batch).len().to_string()],
        "feed.title" => texts(&[&facts["display_name"]]),
        "feed.link" => texts(&[&facts["url"]]),
        "feed.description" => texts(&[&facts["description"]]),
        "feed.id" => texts(&[&facts["platform_id"]]),
        "feed.language" => texts(&[&facts["language"]]),
        "feed.image" => texts(&[&facts["image_url"]]),
        "feed.new_feed_url" => texts(&[&facts["moved_to"]]),
        "feed.updated" => texts(&[&extra["updated"]]),
        "feed.author" => texts(&[&extra["author"]]),
        "feed.author_name" => texts(&[&extra["author_name"]]),
        "feed.author_email" => texts(&[&extra["author_email"]]),
        "feed.next" => texts(&[&extra["next"]]),
        "feed.ttl" => batch["hints"]["min_interval_s"].as_f64().map(|s| (s / 60.0).to_string()).into_iter().collect(),
        "feed.hubs[0]" => texts(&[&batch["hints"]["hubs"][0]]),
        "feed.self" => texts(&[&batch["hints"]["topic"]]),
        _ => Vec::new(),
    }
}

fn of_item(item: &Value, field: &str) -> Vec<String> {
    let texts = |found: &[&Value]| found.iter().filter_map(|value| as_text(value)).collect::<Vec<String>>();
    let data = parsed(&item["data"]);
    if let Some(number) = field.strip_prefix("categories[").and_then(|rest| rest.strip_suffix(']')) {
        return number.parse::<usize>().map(|at| texts(&[&item["tags"][at]])).unwrap_or_default();
    }
    if let Some((number, member)) = field.strip_prefix("enclosures[").and_then(|rest| rest.split_once("].")) {
        let media = item["media"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut enclosures = media.iter().filter(|medium| medium["role"] == "enclosure");
        let medium = number.parse().ok().and_then(|at| enclosures.nth(at)).unwrap_or(&Value::Null);
        let name = if member == "type" { "mime" } else { member };
        return texts(&[&medium[name]]);
    }
    match field {
        "id" => texts(&[&item["external_id"]]),
        "link" => texts(&[&item["url"]]),
        "title" => texts(&[&item["title"]]),
        "published" | "updated" => texts(&[&item["published_at"], &item["updated_at"]]),
        "author" | "author_name" | "author_email" => fields::people(item),
        "body" | "content" => texts(&[&item["text"]]),
        "summary" => texts(&[if item["summary"].is_string() { &item["summary"] } else { &item["text"] }]),
        "comments" => {
            let references = item["references"].as_array().map(Vec::as_slice).unwrap_or_default();
            references.iter().filter(|r| r["relation"] == "comments").filter_map(|r| as_text(&r["url"])).collect()
        }
        "duration_seconds" => texts(&[&data["duration_s"]]),
        _ => Vec::new(),
    }
}

fn parsed(json: &Value) -> Value {
    json.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.as_f64().unwrap_or_default().to_string()),
        _ => None,
    }
}
