//! Reading a corpus from its folder.
//!
//! Owns: the names of its files and members. Called by [`super::judge`].

use std::path::Path;

use base64::Engine as _;
use serde_json::Value;

use super::CorpusError;

/// A document with the oracle's answer.
pub(super) struct Document {
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    pub(super) url: String,
    pub(super) content_type: String,
    pub(super) tags: Vec<String>,
    pub(super) expected: Value,
}

/// A small document with statements about it.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) url: String,
    pub(super) content_type: String,
    pub(super) asserts: Vec<Value>,
}

/// A small document with a known answer.
pub(super) struct Probe {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: String,
    pub(super) expect: String,
    pub(super) title: Option<String>,
    pub(super) entry_titles: Vec<String>,
}

fn read(path: &Path) -> Result<Vec<u8>, CorpusError> {
    std::fs::read(path).map_err(|source| CorpusError::Read { path: path.display().to_string(), source })
}

fn lines(path: &Path) -> Result<Vec<Value>, CorpusError> {
    let bytes = read(path)?;
    let lines = bytes.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_slice(line).map_err(|source| CorpusError::Line {
                path: path.display().to_string(),
                line: at + 1,
                source,
            })
        })
        .collect()
}

/// Like [`lines`], but a corpus may go without this file.
fn optional_lines(path: &Path) -> Result<Vec<Value>, CorpusError> {
    if path.exists() { lines(path) } else { Ok(Vec::new()) }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

fn strings(value: &Value) -> Vec<String> {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn content_type(value: &Value, bytes: &[u8]) -> String {
    let json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    let default = if json { "application/json" } else { "application/xml" };
    text(value, "content_type").unwrap_or_else(|| default.to_owned())
}

pub(super) fn documents(folder: &Path) -> Result<Vec<Document>, CorpusError> {
    let manifest = lines(&folder.join("manifest.jsonl"))?;
    let expected = lines(&folder.join("expected.jsonl"))?;
    manifest
        .iter()
        .zip(expected)
        .map(|(line, expected)| {
            let file = text(line, "file").unwrap_or_default();
            let bytes = read(&folder.join(&file))?;
            Ok(Document {
                url: text(line, "document_url").unwrap_or_default(),
                content_type: content_type(line, &bytes),
                tags: strings(&line["tags"]),
                file,
                bytes,
                expected,
            })
        })
        .collect()
}

/// The bytes of a document that stands in a line, as text or in base64.
fn inline(line: &Value) -> Vec<u8> {
    match (line["doc"].as_str(), line["doc_b64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(coded)) => base64::engine::general_purpose::STANDARD.decode(coded).unwrap_or_default(),
        (None, None) => Vec::new(),
    }
}

pub(super) fn asserts(folder: &Path) -> Result<Vec<Case>, CorpusError> {
    let case = |line: &Value| {
        let bytes = inline(line);
        Case {
            name: text(line, "case").unwrap_or_default(),
            url: text(line, "document_url").unwrap_or_default(),
            content_type: content_type(line, &bytes),
            asserts: line["asserts"].as_array().cloned().unwrap_or_default(),
            bytes,
        }
    };
    Ok(optional_lines(&folder.join("asserts.jsonl"))?.iter().map(case).collect())
}

pub(super) fn probes(folder: &Path) -> Result<Vec<Probe>, CorpusError> {
    let probe = |line: &Value| Probe {
        name: text(line, "name").unwrap_or_default(),
        bytes: inline(line),
        content_type: text(line, "content_type").unwrap_or_else(|| "application/xml".to_owned()),
        expect: text(line, "expect").unwrap_or_default(),
        title: text(line, "expected_title"),
        entry_titles: strings(&line["expected_entry_titles"]),
    };
    Ok(optional_lines(&folder.join("probes.jsonl"))?.iter().map(probe).collect())
}
