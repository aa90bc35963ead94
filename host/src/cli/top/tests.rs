#![expect(clippy::unwrap_used, reason = "tests")]
//! The picture, word by word.

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::budget::{Measure, Scope};
use tidegate_core::failure::Class;
use tidegate_core::id::Id;
use tidegate_core::money::MicroUsd;

use super::super::frame::slowest_hosts;
use super::*;
use crate::ports::{Pulse, SkipCount};

fn at(seconds: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-22T12:00:00Z").unwrap().plus(Duration::from_secs(seconds))
}

fn run(name: Option<&str>, stage: RunStage, took: u64, why: Option<(&str, &str)>) -> Shown {
    Shown {
        run: Id::from_bits(1),
        source: Id::from_bits(7),
        identifier: name.map(str::to_owned),
        tenant: "acme".parse().unwrap(),
        profile: "x_profile".parse().unwrap(),
        stage,
        started_at: Some(at(0)),
        took_ms: Some(took),
        cost: MicroUsd::ZERO,
        failure: why.map(|(class, message)| (class.to_owned(), message.to_owned())),
    }
}

fn frame() -> Frame {
    let key = GateKey::Credential("apify".parse().unwrap());
    let budget = |scope, measure, spent, reserved, granted| Budget { scope, measure, spent, reserved, granted };
    let skip = SkipCount {
        day: at(0).day_start(),
        tenant: "acme".parse().unwrap(),
        profile: "x_profile".parse().unwrap(),
        reason: "gate-closed".to_owned(),
        count: 12,
    };
    Frame {
        at: at(200),
        pulse: Pulse { due: 3, due_since: Some(at(188)), running: 1, waiting: 1, alerts: 1 },
        next_due: Some(at(188)),
        budgets: vec![
            budget(Scope::All, Measure::RunsPerDay, 120, 2, Some(500)),
            budget(Scope::Tenant("acme".parse().unwrap()), Measure::UsdPerDay, 1_250_000, 50_000, None),
        ],
        gates: vec![Gate { key, class: Class::Quota, why: "no money left".to_owned(), since: at(0), until: at(600) }],
        alerts: vec![serde_json::json!({
            "severity": "critical", "title": "credential apify is closed: quota", "text": "no money left",
            "since": "2026-11-22T12:00:00Z"
        })],
        running: vec![run(Some("nasa"), RunStage::Running, 200_000, None), run(None, RunStage::Waiting, 200_000, None)],
        failures: vec![run(Some("https://example.org/feed"), RunStage::Ended, 850, Some(("transient", "reset")))],
        slowest: vec![run(Some("nasa"), RunStage::Ended, 12_000, None)],
        closed_hosts: vec![HostRow {
            host: "feeds.example:443".to_owned(),
            closed_until: Some(at(260)),
            asked: false,
            failures: 11,
            under_way: 0,
        }],
        slowest_hosts: slowest_hosts(&[
            run(Some("https://slow.example/feed"), RunStage::Ended, 9_000, None),
            run(Some("https://slow.example/other"), RunStage::Ended, 3_000, None),
            run(Some("nasa"), RunStage::Ended, 850, None),
        ]),
        skips: vec![skip],
    }
}

#[test]
fn a_picture() {
    insta::assert_snapshot!(drawn(&frame(), UNBOUNDED));
}

#[test]
fn it_fits_the_terminal() {
    for size in [(80, 24), (40, 10), (1, 1), (0, 0)] {
        let text = drawn(&frame(), size);
        assert!(text.lines().count() <= size.1 && text.lines().all(|line| line.chars().count() <= size.0), "{size:?}");
    }
    let painted = painted(&frame(), (80, 24));
    assert!(painted.starts_with("\x1b[H") && painted.ends_with("\x1b[J") && painted.matches("\r\n").count() < 24);
}

#[test]
fn nothing_at_all_is_one_line_too() {
    let empty = Frame {
        pulse: Pulse::default(),
        next_due: None,
        budgets: vec![],
        gates: vec![],
        alerts: vec![],
        running: vec![],
        failures: vec![],
        slowest: vec![],
        closed_hosts: vec![],
        slowest_hosts: vec![],
        skips: vec![],
        ..frame()
    };
    assert_eq!(
        drawn(&empty, UNBOUNDED).lines().nth(1),
        Some("nothing due; 0 running, 0 waiting for actors; 0 open alerts")
    );
}

#[test]
fn spans() {
    for (millis, expected) in [
        (0, "0 s"),
        (850, "850 ms"),
        (12_000, "12 s"),
        (200_000, "3 m 20 s"),
        (7_500_000, "2 h 5 m"),
        (349_200_000, "4 d 1 h"),
    ] {
        assert_eq!(span(Duration::from_millis(millis)), expected);
    }
}
