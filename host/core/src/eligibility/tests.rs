#![expect(clippy::unwrap_used, reason = "tests")]
//! Section 4 of the product's description, "Eligible when", row by row.

use super::*;
use crate::actor::gate::GateKey;
use crate::budget::{Balance, Reservation};
use crate::failure::Class;
use crate::fixtures::actors::actor_profile;
use crate::fixtures::{at, fresh_source, invalid, now, paused, profile, secs, source};
use crate::limits::BUDGET_HELD;
use crate::profile::Profile;
use crate::quarantine::Quarantine;
use crate::source::{NextRun, Source, SourceState};

/// A source without a profile's "no": the plugin is loaded, nothing is queued.
fn given() -> Circumstances<'static> {
    Circumstances {
        now: now(),
        queued: None,
        plugin: Presence::Serves,
        quarantine: None,
        gate: None,
        host: None,
        account: None,
    }
}

fn due(text: &str, trigger: Trigger) -> Option<NextRun> {
    Some(NextRun { at: at(text), trigger })
}

/// The verdict as a line: the trigger, or the reason's word and when the answer may change.
fn verdict(source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> String {
    match decide(source, profile, given) {
        Ok(eligible) => format!("yes, {}", eligible.trigger()),
        Err(Skip { reason, until: None }) => reason.word().to_owned(),
        Err(Skip { reason, until: Some(until) }) => format!("{} until {until}", reason.word()),
    }
}

type Change = fn(&mut Source);

fn by_followers(source: &mut Source, followers: Option<u32>) {
    source.schedule = serde_json::from_str(r#"{"tiers":"default"}"#).ok();
    source.facts.followers = followers;
}

#[test]
fn each_rule_says_no_by_itself() {
    let table: [(&str, Change, &str); 21] = [
        ("as it stands", |_| {}, "yes, schedule"),
        ("switched off", |s| s.state = SourceState::Inactive, "inactive"),
        ("paused by an operator", |s| s.state = paused(PausedBy::Operator), "paused"),
        ("paused automatically", |s| s.state = paused(PausedBy::Automatic), "paused"),
        ("paused for its plugin", |s| s.state = paused(PausedBy::PluginMissing), "paused"),
        ("invalid", |s| s.state = invalid(), "invalid"),
        ("one failure below the limit", |s| s.failure_count = 2, "yes, schedule"),
        ("failures at the limit", |s| s.failure_count = 3, "too-many-failures"),
        ("failures above a lowered limit", |s| s.failure_count = u32::MAX, "too-many-failures"),
        ("by followers, who were not counted yet", |s| by_followers(s, None), "yes, schedule"),
        ("one follower", |s| by_followers(s, Some(1)), "yes, schedule"),
        ("dormant", |s| by_followers(s, Some(0)), "dormant"),
        ("nobody follows, and it does not matter", |s| s.facts.followers = Some(0), "yes, schedule"),
        ("running", |s| s.running = Some(RunId::from_bits(5)), "already-running"),
        ("due this millisecond", |s| s.next_run = due("2026-11-21T12:00:00Z", Trigger::Schedule), "yes, schedule"),
        (
            "due the next",
            |s| s.next_run = due("2026-11-21T12:00:00.001Z", Trigger::Schedule),
            "not-due until 2026-11-21T12:00:00.001Z",
        ),
        ("long due", |s| s.next_run = due("0001-01-01T00:00:00Z", Trigger::Schedule), "yes, schedule"),
        ("due as a retry", |s| s.next_run = due("2026-11-21T11:00:00Z", Trigger::Retry), "yes, retry"),
        (
            "a retry that is not due",
            |s| s.next_run = due("2026-11-21T12:05:00Z", Trigger::Retry),
            "not-due until 2026-11-21T12:05:00Z",
        ),
        ("nothing due at all", |s| s.next_run = None, "not-due"),
        ("fresh, bootstrap not queued for it", |s| *s = fresh_source(), "not-due"),
    ];
    for (case, change, expected) in table {
        let mut source = source();
        change(&mut source);
        assert_eq!(verdict(&source, Some(&profile()), given()), expected, "{case}");
    }
}

#[test]
fn a_queued_run_does_not_wait_for_the_schedule_but_every_other_rule_holds() {
    let table: [(&str, Change, &str); 9] = [
        ("not due", |s| s.next_run = due("2026-11-22T00:00:00Z", Trigger::Schedule), "yes, QUEUED"),
        ("nothing due", |s| s.next_run = None, "yes, QUEUED"),
        ("due as well", |_| {}, "yes, QUEUED"),
        ("fresh", |s| *s = fresh_source(), "yes, QUEUED"),
        ("switched off", |s| s.state = SourceState::Inactive, "inactive"),
        ("paused", |s| s.state = paused(PausedBy::Operator), "paused"),
        ("invalid", |s| s.state = invalid(), "invalid"),
        ("too many failures", |s| s.failure_count = 3, "too-many-failures"),
        ("running", |s| s.running = Some(RunId::from_bits(5)), "already-running"),
    ];
    for trigger in [Trigger::Bootstrap, Trigger::OneOff, Trigger::Schedule, Trigger::Retry] {
        for (case, change, expected) in table {
            let mut source = source();
            change(&mut source);
            let given = Circumstances { queued: Some(trigger), ..given() };
            let expected = expected.replace("QUEUED", trigger.word());
            assert_eq!(verdict(&source, Some(&profile()), given), expected, "{case}, {trigger} queued");
        }
    }
}

fn quarantine() -> Quarantine {
    let (plugin, digest, why) = ("rss".to_owned(), "sha256:0".to_owned(), "trap".to_owned());
    Quarantine { plugin, digest, since: now(), runs: 5, sources: 3, why }
}

/// A quarantine ends by a person or a plugin, not by the next look.
#[test]
fn a_quarantine_says_what_lifts_it() {
    let held = quarantine();
    let lines = explained(&source(), Some(&profile()), Circumstances { quarantine: Some(&held), ..given() });
    let said = "quarantine: no, plugin rss is in quarantine: it broke down in 5 runs of 3 sources until 2026-11-21T12:00:00Z, \
                last: trap; changes when another version of the plugin serves, or by: tidegate plugin release rss";
    assert!(lines.iter().any(|line| line == said), "{lines:#?}");
}

/// Everything is wrong at once; rule by rule is put right. The reason given is always the most lasting one.
#[test]
fn the_most_lasting_reason_is_given() {
    let mut source = Source {
        state: paused(PausedBy::Operator),
        failure_count: 9,
        running: Some(RunId::from_bits(5)),
        next_run: due("2026-11-21T13:00:00Z", Trigger::Schedule),
        ..source()
    };
    let profile = profile();
    let unloaded = Circumstances { plugin: Presence::Missing, ..given() };
    assert_eq!(verdict(&source, None, unloaded), "paused");
    source.state = SourceState::Active;
    assert_eq!(verdict(&source, None, unloaded), "profile-missing");
    assert_eq!(verdict(&source, Some(&profile), unloaded), "plugin-missing");
    let unpinned = Circumstances { plugin: Presence::Unpinned, ..given() };
    assert_eq!(verdict(&source, Some(&profile), unpinned), "plugin-pinned");
    let held = quarantine();
    let held = Circumstances { quarantine: Some(&held), ..given() };
    assert_eq!(verdict(&source, Some(&profile), held), "plugin-quarantined until 2026-11-21T12:10:00Z");
    assert_eq!(verdict(&source, Some(&profile), given()), "too-many-failures");
    source.failure_count = 0;
    assert_eq!(verdict(&source, Some(&profile), given()), "already-running");
    source.running = None;
    assert_eq!(verdict(&source, Some(&profile), given()), "not-due until 2026-11-21T13:00:00Z");
    source.next_run = due("2026-11-21T12:00:00Z", Trigger::Schedule);
    assert_eq!(verdict(&source, Some(&profile), given()), "yes, schedule");
}

/// What `source show` prints: each sentence names the fact that a person has to act on.
#[test]
fn reasons_are_sentences_with_their_facts() {
    let table: [(Change, &str); 5] = [
        (|s| s.state = paused(PausedBy::Operator), "paused by an operator: holidays"),
        (|s| s.state = paused(PausedBy::Automatic), "paused automatically: holidays"),
        (|s| s.state = invalid(), "invalid: gone"),
        (|s| s.failure_count = 4, "4 failures in a row, 3 are allowed"),
        (|s| s.running = Some(RunId::from_bits(0)), "running already (run_00000000000000000000000000)"),
    ];
    for (change, expected) in table {
        let mut source = source();
        change(&mut source);
        let said = decide(&source, Some(&profile()), given()).err().map(|skip| skip.reason.to_string());
        assert_eq!(said.as_deref(), Some(expected));
    }
}

/// What closes by itself is asked about last, and says when to come again.
#[test]
fn a_closed_gate_and_a_busy_account_hold_back_whatever_else_is_right() {
    let gate = |until: &str| Gate {
        key: GateKey::Credential("apify".parse().unwrap()),
        class: Class::Quota,
        why: "no money left".to_owned(),
        since: at("2026-11-21T11:00:00Z"),
        until: at(until),
    };
    let (closed, over) = (gate("2026-11-21T12:10:00Z"), gate("2026-11-21T12:00:00Z"));
    let (gated, busy) = ("gate-closed until 2026-11-21T12:10:00Z", "credential-busy until 2026-11-21T12:00:10Z");
    let (paid, free) = (actor_profile(), profile());
    let table = [
        ("closed", &paid, Some(&closed), None, gated),
        ("its time is over this millisecond", &paid, Some(&over), None, "yes, schedule"),
        ("closed and busy", &paid, Some(&closed), Some((5, 5)), gated),
        ("one place left", &paid, None, Some((4, 5)), "yes, schedule"),
        ("none left", &paid, None, Some((5, 5)), busy),
        ("more than there may be by now", &paid, None, Some((9, 5)), busy),
        ("an account that may run nothing", &paid, None, Some((0, 0)), busy),
        ("nobody's account is needed", &free, None, Some((5, 5)), "yes, schedule"),
    ];
    for (case, profile, gate, account, expected) in table {
        let given = Circumstances { gate, account, ..given() };
        assert_eq!(verdict(&source(), Some(profile), given), expected, "{case}");
        let queued = Circumstances { queued: Some(Trigger::OneOff), ..given };
        let wished = expected.replace("schedule", "one-off");
        assert_eq!(verdict(&source(), Some(profile), queued), wished, "{case}, wished for by an operator");
        let not_due = Source { next_run: due("2026-11-21T13:00:00Z", Trigger::Schedule), ..source() };
        let later = "not-due until 2026-11-21T13:00:00Z";
        assert_eq!(verdict(&not_due, Some(profile), given), later, "{case}, and not due");
    }
    let said = |given| decide(&source(), Some(&paid), given).err().map(|skip| skip.reason.to_string());
    let refused = said(Circumstances { gate: Some(&closed), ..given() });
    assert_eq!(refused.as_deref(), Some("credential apify is closed: no money left"));
    let full = said(Circumstances { account: Some((5, 5)), ..given() });
    assert_eq!(full.as_deref(), Some("5 runs of credential apify are under way, as many as it may have"));
}

/// A spent budget is told by the same type, and says when the next window opens.
#[test]
fn a_spent_budget_is_over_at_midnight() {
    let window = Window {
        scope: crate::budget::Scope::All,
        measure: crate::budget::Measure::RunsPerDay,
        start: now().day_start(),
        zone: crate::zone::Zone::UTC,
    };
    let reservation = Reservation { window, amount: 2, limit: 500 };
    let skip = |reserved, spent, now| crate::budget::full(&reservation, Balance { reserved, spent }, now);
    let midnight = at("2026-11-22T00:00:00Z");
    for (reserved, spent, now, until, said) in [
        (0, 499, now(), midnight, "budget spent: 500 runs per day in all"),
        (9, 499, now(), midnight, "budget spent: 500 runs per day in all"),
        (0, u64::MAX, now(), midnight, "budget spent: 500 runs per day in all"),
        // What is promised may come back.
        (1, 498, now(), now().plus(BUDGET_HELD), "budget reserved by runs under way: 500 runs per day in all"),
        (1, 498, midnight.minus(secs(1)), midnight, "budget reserved by runs under way: 500 runs per day in all"),
    ] {
        let skip = skip(reserved, spent, now);
        assert_eq!((skip.until, skip.reason.to_string().as_str()), (Some(until), said), "{reserved} {spent}");
    }
}

/// Every rule with its verdict, its facts and when the answer changes, as lines.
fn explained(source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> Vec<String> {
    let line = |judged: Judged| {
        let rule = judged.rule.word();
        match judged.verdict {
            Verdict::Yes => format!("{rule}: yes, {}", judged.fact),
            Verdict::NotReached => format!("{rule}: not reached, {}", judged.fact),
            Verdict::No(skip) => format!("{rule}: no, {}; changes {}", judged.fact, skip.changes()),
        }
    };
    explain(source, profile, given).into_iter().map(line).collect()
}

#[test]
fn every_rule_is_explained_with_its_numbers() {
    let due = explained(
        &Source { failure_count: 1, ..source() },
        Some(&actor_profile()),
        Circumstances { account: Some((4, 5)), ..given() },
    );
    assert_eq!(
        due,
        [
            "active: yes, switched on",
            "not-paused: yes, nobody has paused it",
            "valid: yes, the platform has it, last seen 2026-11-21T11:00:00Z",
            "profile: yes, profile rss_profile",
            &format!("plugin: yes, plugin {}, kind {}", actor_profile().plugin, actor_profile().kind),
            "quarantine: yes, its version breaks down in fewer than 5 runs within 60 minutes, or works on most sources",
            "failures: yes, 1 failures in a row, 3 pause it",
            "followed: yes, active followers are not counted",
            "not-running: yes, no run of it is under way",
            "due: yes, due since 2026-11-21T12:00:00Z (schedule, schedule every 1h)",
            &format!("gate: yes, nothing refuses {} or credential apify", actor_profile().actor.unwrap().name),
            "account: yes, 4 of 5 runs of credential apify under way",
        ]
    );
}

/// All that can be asked is asked, whatever stands before it.
#[test]
fn what_hangs_on_a_profile_is_not_reached_without_one() {
    let stopped = Source {
        state: paused(PausedBy::Automatic),
        running: Some(RunId::from_bits(0)),
        next_run: due("2026-11-21T13:00:00Z", Trigger::Retry),
        ..source()
    };
    let lines = explained(&stopped, None, Circumstances { plugin: Presence::Missing, ..given() });
    let starts = [
        "active: yes",
        "not-paused: no, paused automatically: holidays; changes when a person resumes it",
        "valid: yes",
        "profile: no, there is no profile \"rss_profile\"; changes when there is a profile of that name",
        "plugin: not reached",
        "quarantine: not reached",
        "failures: not reached",
        "followed: not reached",
        "not-running: no, running already (run_00000000000000000000000000); changes when that run has ended",
        "due: no, not due yet; changes at 2026-11-21T13:00:00Z",
        "gate: not reached",
        "account: not reached",
    ];
    assert_eq!(lines.len(), starts.len());
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}

proptest::proptest! {
    /// There is one set of rules: what is decided is the first "no" of what is explained.
    #[test]
    fn the_decision_is_the_first_no(
        (state, failures, running, next, queued) in (0_usize..5, 0_u32..6, proptest::bool::ANY, 0_usize..4, 0_usize..4),
        (has_profile, paid, plugin, gated, quarantined, busy) in (
            proptest::bool::ANY, proptest::bool::ANY, 0_usize..3, proptest::bool::ANY, proptest::bool::ANY, 0_u32..7,
        ),
    ) {
        let states = [
            SourceState::Active, SourceState::Active, SourceState::Inactive, paused(PausedBy::Operator), invalid(),
        ];
        let next_runs = [
            None, due("2026-11-21T11:00:00Z", Trigger::Schedule), due("2026-11-21T12:00:00Z", Trigger::Retry),
            due("2026-11-21T13:00:00Z", Trigger::Schedule),
        ];
        let source = Source {
            state: states[state].clone(),
            failure_count: failures,
            running: running.then(|| RunId::from_bits(5)),
            next_run: next_runs[next],
            ..source()
        };
        let profile = if paid { actor_profile() } else { profile() };
        let profile = has_profile.then_some(&profile);
        let gate = Gate {
            key: GateKey::Credential("apify".parse().unwrap()),
            class: Class::Quota,
            why: "no money left".to_owned(),
            since: at("2026-11-21T11:00:00Z"),
            until: at("2026-11-21T12:10:00Z"),
        };
        let held = quarantine();
        let given = Circumstances {
            queued: [None, Some(Trigger::OneOff), Some(Trigger::Demand), Some(Trigger::Bootstrap)][queued],
            plugin: [Presence::Serves, Presence::Missing, Presence::Unpinned][plugin],
            quarantine: quarantined.then_some(&held),
            gate: gated.then_some(&gate),
            account: Some((busy, 5)),
            ..given()
        };
        let explained = explain(&source, profile, given);
        let rules: Vec<Rule> = explained.iter().map(|judged| judged.rule).collect();
        proptest::prop_assert_eq!(rules, Rule::ALL.to_vec());
        let first = explained.into_iter().find_map(|judged| match judged.verdict {
            Verdict::No(skip) => Some(skip),
            Verdict::Yes | Verdict::NotReached => None,
        });
        proptest::prop_assert_eq!(decide(&source, profile, given).err(), first);
    }
}
