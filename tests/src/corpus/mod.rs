//! Judging a feed plugin against a corpus of documents with an oracle's answers.
//!
//! Owns: the layout of the corpus (`manifest.jsonl`, `expected.jsonl`, `asserts.jsonl`, `probes.jsonl`, `files/`), the
//! comparison, and the report. Must not know: how a document gets through a plugin. Called by `feeds-native` and by the
//! host's own command, each with its own `run`.
//!
//! Only **firm** fields count: those on which the readers that made the corpus agree. How values are compared stands at
//! each function; where the batch cannot say what the oracle says (a title is plain text, not markup) the comparison says
//! what it does instead.

mod asserts;
mod fields;
mod load;
mod probes;
mod report;
mod text;

use std::path::Path;

use serde_json::Value;

pub use report::{Agreement, Disagreement, Met, Report};

/// Why there is no batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The plugin said that it cannot use the document.
    #[error("failure: {0}")]
    Failure(String),
    /// The plugin broke: panic, trap, deadline, memory, bad output.
    #[error("fault: {0}")]
    Fault(String),
}

/// Why a corpus cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; a corpus folder holds manifest.jsonl, expected.jsonl and files/")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no JSON.
    #[error("{path}, line {line}: {source}")]
    Line {
        /// Which file.
        path: String,
        /// From 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// Runs every document and probe of the corpus in `folder` through `run` (document, URL, content type -> the batch as
/// JSON, with the names of the contract's Rust types), twice each, and says how well the batches agree.
///
/// # Errors
///
/// If the folder is no corpus. What the plugin does wrong is in the report.
pub fn judge<R>(folder: &Path, mut run: R) -> Result<Report, CorpusError>
where
    R: FnMut(&[u8], &str, &str) -> Result<Value, Refused>,
{
    let mut report = Report::default();
    let mut twice = |bytes: &[u8], url: &str, kind: &str| {
        let first = run(bytes, url, kind);
        let second = run(bytes, url, kind);
        if first == second { first } else { Err(Refused::Fault("two runs over the same bytes differ".to_owned())) }
    };
    for document in load::documents(folder)? {
        let answer = twice(&document.bytes, &document.url, &document.content_type);
        fields::compare(&document, &answer, &mut report);
    }
    for case in load::asserts(folder)? {
        let answer = twice(&case.bytes, &case.url, &case.content_type);
        asserts::check(&case, &answer, &mut report);
    }
    for probe in load::probes(folder)? {
        let answer = twice(&probe.bytes, "https://probe.example/feed", &probe.content_type);
        probes::check(&probe, &answer, &mut report);
    }
    Ok(report)
}
