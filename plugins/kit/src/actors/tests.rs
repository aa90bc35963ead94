//! Settings, states and counts, with the smallest plugin there can be.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde::{Deserialize, Serialize};

use super::*;
use crate::fields::{FieldMap, Mapped};
use crate::{Batch, HttpResponse, Outcome};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Id,
    Text,
}

impl Mapped for Field {
    const NAMED: &'static [(&'static str, Self)] = &[("id", Self::Id), ("text", Self::Text)];
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Overrides {
    limit: u32,
    since: String,
    input: Template,
    field_map: FieldMap,
}

impl Settings for Overrides {
    fn problems(&self) -> Vec<Problem> {
        let mut checks = Checks::default();
        checks.range("/limit", self.limit, 0, 10);
        checks.day("/since", &self.since);
        checks.input(&self.input);
        checks.field_map::<Field>(&self.field_map);
        checks.problems()
    }
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let long = format!("{{\"field_map\":{{\"id\":[\"{}\"]}}}}", "a".repeat(129));
    for (json, pointer) in [
        ("", None),
        (" {} ", None),
        ("{\"limit\":10,\"since\":\"2026-02-28\",\"input\":{\"a\":1},\"field_map\":{\"id\":[\"a.0.b\"]}}", None),
        ("{\"limit\":11}", Some("/limit")),
        ("{\"since\":\"2026-02-30\"}", Some("/since")),
        ("{\"since\":\"2026-02-03T00:00:00Z\"}", Some("/since")),
        ("{\"input\":{\"customMapFunction\":\"x\"}}", Some("/input/customMapFunction")),
        ("{\"input\":[]}", Some("/input")),
        ("{\"field_map\":{\"nothing\":[\"a\"]}}", Some("/field_map/nothing")),
        ("{\"field_map\":{\"id\":[]}}", Some("/field_map/id")),
        ("{\"field_map\":{\"id\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}", Some("/field_map/id")),
        ("{\"field_map\":{\"id\":[\"a..b\"]}}", Some("/field_map/id")),
        ("{\"field_map\":{\"id\":[\"a.b.c.d.e.f.g.h.i\"]}}", Some("/field_map/id")),
        (&long, Some("/field_map/id")),
        ("{\"unknown\":1}", Some("")),
        ("[]", Some("")),
        ("no JSON", Some("")),
    ] {
        let problem = match Overrides::read(json) {
            Ok(overrides) => overrides.problems().into_iter().next(),
            Err(problem) => Some(problem),
        };
        assert_eq!(problem.as_ref().map(|problem| problem.pointer.as_str()), pointer, "{json}");
        let job = Job { overrides: json.to_owned(), ..Job::new("account", "tides") };
        let failure = wanted::<(), Overrides>(&job, |kind| (kind == "account").then_some(())).err();
        assert_eq!(failure.and_then(|failure| failure.pointer).as_deref(), pointer, "{json}");
    }
    assert!(wanted::<(), Overrides>(&Job::new("feed", "tides"), |_| None).is_err());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let normalize = |_: &Overrides| Err("no handle".to_owned());
    let problems = validate(r#"{"limit":11,"since":"never"}"#, normalize).err().unwrap();
    let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/limit", "/since", ""]);
    let valid = validate("{}", |_: &Overrides| Ok("tides".to_owned())).unwrap();
    assert_eq!(valid.identifier, "tides");
    assert!(validate("{\"limit\":11}", |_: &Overrides| Ok("tides".to_owned())).is_err());
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct State {
    #[serde(skip_serializing_if = "is_zero")]
    asked: u32,
    #[serde(skip_serializing_if = "is_zero")]
    newest: u64,
}

impl RunState for State {}

#[test]
fn a_state_comes_back_and_an_unreadable_one_is_the_first() {
    let state = State { asked: 3, newest: 0 };
    assert_eq!(state.write().as_deref(), Some("{\"asked\":3}"));
    assert_eq!(State::read(state.write().as_deref()), state);
    for text in [None, Some(""), Some("[]"), Some("{\"asked\":-1}")] {
        assert_eq!(State::read(text), State::default(), "{text:?}");
    }
}

#[test]
fn counts_stand_in_extra_and_strangers_in_a_warning() {
    let mut batch = Batch::empty(Outcome::ok());
    Tally::default().write(&mut batch, "by this source");
    assert_eq!((batch.extra.as_deref(), batch.warnings.len()), (None, 0));
    let mut tally = Tally::default();
    tally.outcomes = 2;
    tally.leave_out(None, 4);
    tally.leave_out(Some("ebb and flow"), 3);
    tally.leave_out(Some("other"), 4);
    tally.write(&mut batch, "by this source");
    assert_eq!(batch.extra.as_deref(), Some("{\"left_out\":3,\"outcomes\":2}"));
    assert_eq!(batch.warnings, ["left out 3 elements that are not by this source (such as ebb)"]);
}

#[test]
fn only_datasets_are_read() {
    assert!(dataset(&Page::dataset(None, DatasetPage::whole(Vec::new()), 0)).is_ok());
    assert!(dataset(&Page::http(None, HttpResponse::new(200, "https://tides.example/", ""))).is_err());
}

#[test]
fn a_full_run_has_no_watermark() {
    let job = |extra: Option<&str>| Job {
        watermark: Some(Watermark::none()),
        extra: extra.map(str::to_owned),
        ..Job::new("account", "tides")
    };
    for (extra, there) in [(None, true), (Some("{}"), true), (Some("{\"delta\":\"full\"}"), false), (Some("x"), true)] {
        assert_eq!(mark(&job(extra)).is_some(), there, "{extra:?}");
    }
}
