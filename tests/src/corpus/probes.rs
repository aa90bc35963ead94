//! Small documents with known answers: encodings, versions, broken and hostile XML.
//!
//! Owns: what each expectation asks. Called by [`super::judge`].

use serde_json::Value;

use super::Refused;
use super::load::Probe;
use super::report::Report;

pub(super) fn check(probe: &Probe, answer: &Result<Value, Refused>, report: &mut Report) {
    if let Err(Refused::Fault(fault)) = answer {
        report.fault(&probe.name, fault);
    }
    let title = answer.as_ref().ok().and_then(|batch| batch["facts"]["display_name"].as_str());
    let items = answer.as_ref().ok().and_then(|batch| batch["items"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let titles: Vec<&str> = items.iter().map(|item| item["title"].as_str().unwrap_or_default()).collect();
    let same = title == probe.title.as_deref() && titles.iter().eq(&probe.entry_titles);
    let clean = !matches!(answer, Err(Refused::Fault(_)));
    let met = match probe.expect.as_str() {
        "same" | "titles" => same,
        "first-item" => probe.entry_titles.first().is_some_and(|first| titles.first() == Some(&first.as_str())),
        "same-or-refused" => same || matches!(answer, Err(Refused::Failure(_))),
        "same-or-mojibake" => clean && titles.len() == probe.entry_titles.len(),
        // "no-crash", "bounded": any clean answer; that nothing is read from elsewhere is the sandbox's promise.
        _ => clean,
    };
    report.probes.count(met);
    if !met {
        let wanted = format!("{}: {:?} {:?}", probe.expect, probe.title, probe.entry_titles);
        let ours = answer.as_ref().err().map_or_else(|| format!("{title:?} {titles:?}"), Refused::to_string);
        report.disagree("probes", &probe.name, &wanted, &ours);
    }
}
