#![expect(clippy::unwrap_used, reason = "tests")]
//! When alerts are told, in tables and over random histories.

use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::actor::gate::{Gate, GateKey};
use crate::id::Id;
use crate::limits;

const DAY: Option<Duration> = Some(Duration::from_secs(86_400));

fn at(seconds: u64) -> UtcMillis {
    UtcMillis::from_millis(1_793_512_800_000).plus(Duration::from_secs(seconds))
}

fn about() -> About {
    About {
        source: Some(Id::from_bits(7)),
        identifier: Some("nasa".into()),
        platform: Some("x".into()),
        ..About::default()
    }
}

fn gate(class: Class) -> Gate {
    let key = GateKey::Credential("apify".parse().unwrap());
    Gate { key, class, why: "no".to_owned(), since: at(0), until: at(600) }
}

fn quarantine() -> crate::quarantine::Quarantine {
    let (plugin, digest, why) = ("x".to_owned(), "sha256:0".to_owned(), "trap".to_owned());
    crate::quarantine::Quarantine { plugin, digest, since: at(0), runs: 5, sources: 3, why }
}

fn actor_gate() -> Alert {
    let key = GateKey::Actor("apify".parse().unwrap(), "apify/instagram-scraper".parse().unwrap());
    gate_closed(&Gate { key, ..gate(Class::Actor) }).unwrap()
}

fn one_of_each() -> Vec<Alert> {
    let (tenant, profile) = ("acme".parse().unwrap(), "x_profile".parse().unwrap());
    vec![
        source_paused(about(), "3 failures in a row").unwrap(),
        source_invalid(about(), "410").unwrap(),
        retries_exhausted(about(), "reset").unwrap(),
        gate_closed(&gate(Class::Credential)).unwrap(),
        actor_gate(),
        rate_limited("x", "429"),
        plugin_quarantined(&quarantine()),
        pass_failing("admit", "disk full"),
        dead_letters(&tenant, &profile, "x", 3, "nasa"),
        test(),
    ]
}

#[test]
fn keys_survive_being_stored() {
    let mut kinds = std::collections::BTreeSet::new();
    for alert in one_of_each() {
        assert_eq!(AlertKey::from_stored(&alert.key.stored()), Some(alert.key.clone()));
        assert!(alert.title.chars().count() < 200 && !alert.text.is_empty(), "{alert:?}");
        kinds.insert(alert.key.kind());
    }
    assert_eq!(kinds.len(), Kind::ALL.len(), "every kind is made by somebody");
    for text in [
        "",
        "source-paused/",
        "source-paused/x",
        "gate-closed/credential",
        "test/x",
        "dead-letters/a",
        "rate-limited",
        "fire/x",
    ] {
        assert_eq!(AlertKey::from_stored(text), None, "{text}");
    }
}

#[test]
fn a_pause_says_how_it_ends() {
    let alert = source_paused(about(), "3 failures in a row").unwrap();
    assert_eq!(alert.title, "paused nasa on x");
    assert_eq!(alert.remedy.unwrap(), format!("tidegate source resume {}", about().source.unwrap()));
    assert_eq!(source_paused(About::default(), "why"), None, "of no source");
}

#[test]
fn a_busy_account_is_no_news() {
    assert_eq!(gate_closed(&gate(Class::Capacity)), None);
    assert_eq!(gate_closed(&gate(Class::Quota)).unwrap().severity, Severity::Critical);
}

#[test]
fn texts_of_others_are_cut_to_one_line() {
    let alert = pass_failing("admit", &format!("a\r\nb{}", "c".repeat(5_000)));
    assert_eq!(alert.text.chars().count(), limits::ALERT_TEXT);
    assert!(!alert.text.contains('\n') && alert.text.ends_with('…'));
}

/// When the cause is seen, and whether it is told then.
type Steps = &'static [(u64, Option<Change>)];

#[test]
fn one_alert_until_it_is_resolved_and_a_reminder_a_day() {
    const TOLD: Option<Change> = Some(Change::Opened);
    const AGAIN: Option<Change> = Some(Change::Reminder);
    let paused = source_paused(about(), "why").unwrap();
    let letters = one_of_each().remove(8);
    let cases: [(&str, &Alert, Option<Duration>, Steps); 5] = [
        ("once", &paused, DAY, &[(0, TOLD), (1, None), (3_600, None), (86_399, None)]),
        ("a reminder a day", &paused, DAY, &[(0, TOLD), (86_400, AGAIN), (86_401, None), (172_800, AGAIN)]),
        ("no reminders", &paused, None, &[(0, TOLD), (86_400, None), (864_000, None)]),
        ("letters, hourly", &letters, None, &[(0, TOLD), (3_599, None), (3_600, AGAIN), (3_700, None), (7_200, AGAIN)]),
        ("a clock set back", &paused, DAY, &[(90_000, TOLD), (0, None), (90_001, None)]),
    ];
    for (what, alert, remind, steps) in cases {
        let mut open = None;
        for (seconds, expected) in steps {
            let (after, change) = raise(open, alert.clone(), at(*seconds), remind);
            assert_eq!(change, *expected, "{what}, at {seconds}");
            open = Some(after);
        }
    }
}

#[test]
fn what_ends_by_silence() {
    for alert in one_of_each() {
        let (open, _) = raise(None, alert.clone(), at(0), DAY);
        let expected = match alert.key.kind() {
            Kind::SourcePaused | Kind::SourceInvalid | Kind::RetriesExhausted | Kind::PluginQuarantined => None,
            Kind::GateClosed if matches!(alert.key, AlertKey::Gate(GateKey::Credential(_))) => None,
            Kind::GateClosed => Some(7_200),
            Kind::RateLimited => Some(3_600),
            Kind::PassFailing => Some(300),
            Kind::DeadLetters => Some(6 * 3_600),
            Kind::Test => Some(0),
        };
        match expected {
            None => assert!(!is_over(&open, at(10_000_000)), "{:?}", alert.key),
            Some(0) => assert!(is_over(&open, at(0))),
            Some(seconds) => {
                assert!(!is_over(&open, at(seconds - 1)), "{:?}", alert.key);
                assert!(is_over(&open, at(seconds)), "{:?}", alert.key);
            }
        }
    }
}

#[test]
fn only_what_lasts_is_reminded_of() {
    let reminded: Vec<Kind> = one_of_each()
        .into_iter()
        .map(|alert| raise(None, alert, at(0), DAY).0)
        .filter(|open| reminder_due(open, at(86_400), DAY))
        .map(|open| open.alert.key.kind())
        .collect();
    assert_eq!(
        reminded,
        [Kind::SourcePaused, Kind::GateClosed, Kind::GateClosed, Kind::PluginQuarantined, Kind::PassFailing]
    );
    let (open, _) = raise(None, actor_gate(), at(0), DAY);
    assert!(!reminder_due(&open, at(86_399), DAY) && !reminder_due(&open, at(9_999_999), None));
}

#[test]
fn so_many_within_so_long() {
    let cases: [(&[u64], &[bool]); 4] = [
        (&[0, 1, 2, 3, 4], &[false, false, true, true, true]),
        (&[0, 200, 299, 301], &[false, false, true, true]),
        (&[0, 150, 300, 450], &[false, false, false, false]),
        (&[500, 0, 1], &[false, false, true]),
    ];
    for (times, expected) in cases {
        let mut recent = Recent::new(3, Duration::from_secs(300));
        let seen: Vec<bool> = times.iter().map(|seconds| recent.note(at(*seconds))).collect();
        assert_eq!(seen, expected, "{times:?}");
    }
}

proptest! {
    /// However often a cause is seen: told first at once, and then never twice within the reminder's time.
    #[test]
    fn never_told_twice_within_the_reminders_time(steps in prop::collection::vec(1_u64..40_000, 1..60), remind in 1_u64..100_000) {
        let (mut open, mut now, mut told) = (None, 0, Vec::new());
        for step in steps {
            now += step;
            let (after, change) = raise(open, rate_limited("x", "429"), at(now), Some(Duration::from_secs(remind)));
            if change.is_some() {
                told.push((now, change));
            }
            prop_assert_eq!(after.seen_at, at(now));
            open = Some(after);
        }
        prop_assert_eq!(told[0].1, Some(Change::Opened));
        for pair in told.windows(2) {
            prop_assert!(pair[1].0 - pair[0].0 >= remind);
            prop_assert_eq!(pair[1].1, Some(Change::Reminder));
        }
    }

    /// The counter says what a full list would say.
    #[test]
    fn counting_the_last_ones_is_counting_all(gaps in prop::collection::vec(0_u64..200, 0..40), most in 1_usize..6) {
        let within = Duration::from_secs(300);
        let (mut recent, mut all, mut now) = (Recent::new(most, within), Vec::new(), 0);
        for gap in gaps {
            now += gap;
            all.push(now);
            let inside = all.iter().filter(|seen| now - **seen < 300).count();
            prop_assert_eq!(recent.note(at(now)), inside >= most);
        }
    }
}
