//! The report of a corpus: counts, and the first disagreements of each field.
//!
//! Owns: its two forms, text for a person and one JSON object. Filled by the comparisons beside it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// How many disagreements of a field are kept to be shown.
const SHOWN: usize = 10;

/// The fields in the order of the report.
const FIELDS: [&str; 8] = ["entries", "link", "title", "date", "id", "author", "enclosures", "content"];

/// How often two values agreed, of how many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Agreed.
    pub agree: usize,
    /// Of.
    pub of: usize,
}

/// How many statements were met, of how many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Met.
    pub met: usize,
    /// Of.
    pub of: usize,
}

impl Met {
    pub(super) fn count(&mut self, met: bool) {
        self.met += usize::from(met);
        self.of += 1;
    }
}

/// One disagreement, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// Document and entry.
    pub place: String,
    /// What the corpus says.
    pub expected: String,
    /// What the batch says.
    pub ours: String,
}

/// What came of a corpus.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// Documents run.
    pub documents: usize,
    /// Documents that are feeds with a channel, beyond doubt.
    pub with_channel: usize,
    /// Those of them that were read as a feed.
    pub parsed: usize,
    /// Documents, cases and probes on which the plugin broke.
    pub faults: usize,
    /// Agreement by field, on firm values.
    pub firm: BTreeMap<&'static str, Agreement>,
    /// Statements with which the oracle agrees.
    pub asserts: Met,
    /// All statements.
    pub asserts_all: Met,
    /// Probes.
    pub probes: Met,
    /// Things that must be gone.
    pub must_not_contain: Met,
    /// The first disagreements, by field.
    pub disagreements: BTreeMap<&'static str, Vec<Disagreement>>,
}

impl Report {
    pub(super) fn agree(&mut self, field: &'static str, agreed: bool) {
        let agreement = self.firm.entry(field).or_default();
        agreement.agree += usize::from(agreed);
        agreement.of += 1;
    }

    pub(super) fn disagree(&mut self, field: &'static str, place: &str, expected: &str, ours: &str) {
        let list = self.disagreements.entry(field).or_default();
        if list.len() < SHOWN {
            list.push(Disagreement { place: place.to_owned(), expected: expected.to_owned(), ours: ours.to_owned() });
        }
    }

    pub(super) fn fault(&mut self, place: &str, fault: &str) {
        self.faults += 1;
        self.disagree("faults", place, "a batch or a failure", fault);
    }

    /// The report as one JSON object.
    pub fn to_json(&self) -> Value {
        let firm: serde_json::Map<String, Value> = FIELDS
            .iter()
            .map(|field| {
                let agreement = self.firm.get(field).copied().unwrap_or_default();
                ((*field).to_owned(), json!({"agree": agreement.agree, "of": agreement.of}))
            })
            .collect();
        json!({
            "documents": self.documents,
            "with_channel": self.with_channel,
            "parsed": self.parsed,
            "faults": self.faults,
            "firm": firm,
            "asserts": {"met": self.asserts.met, "of": self.asserts.of},
            "probes": {"met": self.probes.met, "of": self.probes.of},
            "must_not_contain": {"clean": self.must_not_contain.met, "of": self.must_not_contain.of},
        })
    }
}

/// `part` of `of` in percent; 100 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of a corpus")]
fn percent(part: usize, of: usize) -> f64 {
    if of == 0 { 100.0 } else { part as f64 * 100.0 / of as f64 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, part: usize, of: usize| {
            writeln!(f, "{name:<18} {part:>6} of {of:>6}  {:>6.2} %", percent(part, of))
        };
        row("documents", self.documents, self.documents)?;
        row("parsed", self.parsed, self.with_channel)?;
        for field in FIELDS {
            let agreement = self.firm.get(field).copied().unwrap_or_default();
            row(field, agreement.agree, agreement.of)?;
        }
        row("asserts", self.asserts.met, self.asserts.of)?;
        row("asserts (all)", self.asserts_all.met, self.asserts_all.of)?;
        row("probes", self.probes.met, self.probes.of)?;
        row("must not contain", self.must_not_contain.met, self.must_not_contain.of)?;
        writeln!(f, "{:<18} {:>6}", "faults", self.faults)?;
        for (field, list) in &self.disagreements {
            writeln!(f, "\nfirst disagreements: {field}")?;
            for one in list {
                writeln!(f, "  {}\n    expected {}\n    got      {}", one.place, one.expected, one.ours)?;
            }
        }
        Ok(())
    }
}
