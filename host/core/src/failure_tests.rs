#![expect(clippy::unwrap_used, reason = "tests")]
//! The table of section 5 of the product's description, row by row.

use super::*;

fn now() -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap()
}

fn after(class: Class, trigger: Trigger, failure_count: u32, retries: u32) -> Consequence {
    let retry = Retry::default();
    let before = Before { trigger, failure_count, retries, retry: &retry };
    consequence(&Failure::new(class, "it broke"), before, now())
}

fn minutes(n: u64) -> Next {
    Next::Retry(now().plus(Duration::from_secs(n * 60)))
}

#[test]
fn a_transient_failure_climbs_the_ladder_and_counts_once() {
    let steps = [
        (Trigger::Schedule, 0, 0, 1, minutes(5)),
        (Trigger::Retry, 1, 0, 1, minutes(10)),
        (Trigger::Retry, 1, 1, 1, minutes(20)),
        (Trigger::Retry, 1, 2, 1, Next::Regular),
        (Trigger::Schedule, 1, 3, 2, minutes(5)),
    ];
    for (trigger, count, retries, counted, next) in steps {
        let consequence = after(Class::Transient, trigger, count, retries);
        assert_eq!((consequence.failure_count, consequence.next), (counted, next), "{trigger} {count} {retries}");
        assert_eq!(consequence.change, Change::Keep);
    }
}

#[test]
fn each_class_leads_where_the_product_says() {
    let table = [
        (Class::Transient, 1, Change::Keep, minutes(5)),
        (Class::RateLimited, 0, Change::Keep, minutes(1)),
        (Class::Blocked, 0, Change::Keep, minutes(5)),
        (Class::PlanLimited, 0, Change::Keep, minutes(5)),
        (Class::Credential, 0, Change::Keep, minutes(1)),
        (Class::Quota, 0, Change::Keep, minutes(1)),
        (Class::Capacity, 0, Change::Keep, minutes(1)),
        (Class::Actor, 0, Change::Keep, minutes(1)),
        (Class::Auth, 1, Change::Keep, Next::Regular),
        (Class::NotFound, 1, Change::Keep, Next::Regular),
        (Class::Gone, 1, Change::Invalidate("it broke".to_owned()), Next::Never),
        (Class::Private, 1, Change::Pause("it broke".to_owned()), Next::Never),
        (Class::BadAnswer, 1, Change::Keep, Next::Regular),
        (Class::Config, 1, Change::Pause("it broke".to_owned()), Next::Never),
        (Class::PluginFault, 1, Change::Keep, Next::Regular),
        (Class::Abandoned, 1, Change::Keep, Next::Regular),
    ];
    assert_eq!(table.len(), Class::ALL.len());
    for (class, count, change, next) in table {
        let consequence = after(class, Trigger::Schedule, 0, 0);
        assert_eq!((consequence.failure_count, consequence.change, consequence.next), (count, change, next), "{class}");
    }
}

#[test]
fn the_third_failure_pauses_and_a_third_404_is_confirmed() {
    for class in Class::ALL {
        let consequence = after(class, Trigger::Schedule, 2, 0);
        match class {
            class if !class.counts() => assert_eq!(consequence.change, Change::Keep, "{class}"),
            Class::Gone | Class::NotFound => assert!(matches!(consequence.change, Change::Invalidate(_)), "{class}"),
            _ => assert!(matches!(consequence.change, Change::Pause(_)), "{class}"),
        }
    }
}

#[test]
fn waits_are_followed_as_told_and_capped() {
    let retry = Retry::default();
    let before = Before { trigger: Trigger::Schedule, failure_count: 0, retries: 0, retry: &retry };
    let table = [
        (Class::RateLimited, 90, 90),
        (Class::RateLimited, u64::MAX / 2_000, 86_400),
        (Class::Transient, 90, 300),
        (Class::Transient, 900, 900),
    ];
    for (class, told, waited) in table {
        let failure = Failure { retry_after: Some(Duration::from_secs(told)), ..Failure::new(class, "") };
        let next = consequence(&failure, before, now()).next;
        assert_eq!(next, Next::Retry(now().plus(Duration::from_secs(waited))), "{class} {told}");
    }
}

/// A platform that says "slow down" without saying for how long must not be asked every minute for the rest of the day:
/// each retry is a run, and runs are what the daily budget counts.
#[test]
fn who_is_told_to_slow_down_again_waits_longer() {
    let told = |seconds| Some(Duration::from_secs(seconds));
    let table = [
        ("not told for how long", Trigger::Schedule, 0, None, 60),
        ("again", Trigger::Retry, 0, None, 120),
        ("and again", Trigger::Retry, 1, None, 240),
        ("up to an hour", Trigger::Retry, 5, None, 3_600),
        ("ever after", Trigger::Retry, u32::MAX, None, 3_600),
        ("told not to wait at all", Trigger::Schedule, 0, told(0), 60),
        ("told less than we wait by ourselves", Trigger::Retry, 1, told(5), 240),
        ("told more", Trigger::Retry, 1, told(5_000), 5_000),
        ("a regular run after it begins anew", Trigger::Schedule, 9, None, 60),
    ];
    let retry = Retry::default();
    for (case, trigger, retries, retry_after, seconds) in table {
        let before = Before { trigger, failure_count: 0, retries, retry: &retry };
        let failure = Failure { retry_after, ..Failure::new(Class::RateLimited, "") };
        let next = consequence(&failure, before, now()).next;
        assert_eq!(next, Next::Retry(now().plus(Duration::from_secs(seconds))), "{case}");
    }
}

/// A regular run and its retries are one failure, but not none: the regular run may have failed by something that does
/// not count.
#[test]
fn a_chain_counts_once_whatever_it_began_with() {
    let table = [
        ("the regular run counts", Class::Transient, Trigger::Schedule, 0, 1),
        ("so its retry does not", Class::Transient, Trigger::Retry, 1, 1),
        ("the regular run was blocked, so the retry counts", Class::Transient, Trigger::Retry, 0, 1),
        ("another failure on a retry is another failure", Class::BadAnswer, Trigger::Retry, 1, 2),
        ("a retry that is blocked counts nothing", Class::Blocked, Trigger::Retry, 0, 0),
        ("an operator's run counts like any", Class::Transient, Trigger::OneOff, 1, 2),
        ("a bootstrap as well", Class::Transient, Trigger::Bootstrap, 0, 1),
        ("counting stops at the end", Class::BadAnswer, Trigger::Schedule, u32::MAX, u32::MAX),
    ];
    for (case, class, trigger, before, counted) in table {
        assert_eq!(after(class, trigger, before, 0).failure_count, counted, "{case}");
    }
}

#[test]
fn statuses_fall_into_classes() {
    let table = [
        (401, true, Class::Auth),
        (429, false, Class::RateLimited),
        (503, false, Class::Transient),
        (500, false, Class::Transient),
        (408, false, Class::Transient),
        (425, false, Class::Transient),
        (407, false, Class::Auth),
    ];
    for (status, credential, class) in table {
        assert_eq!(Failure::of_status(status, "https://a.example/", None, credential).class, class, "{status}");
    }
}

#[test]
fn a_plugin_that_overlooks_the_status_is_corrected() {
    let given = |class| contract::Failure {
        category: class,
        message: "not a feed".to_owned(),
        retry_after_s: None,
        pointer: None,
        extra: None,
    };
    let table = [
        (contract::FailureCategory::BadAnswer, Some(404), Class::NotFound),
        (contract::FailureCategory::BadAnswer, Some(403), Class::Blocked),
        (contract::FailureCategory::BadAnswer, Some(200), Class::BadAnswer),
        (contract::FailureCategory::Other, None, Class::BadAnswer),
        (contract::FailureCategory::Private, Some(403), Class::Private),
    ];
    for (class, status, expected) in table {
        assert_eq!(Failure::of_plugin(given(class), status).class, expected, "{class:?} {status:?}");
    }
}

/// Section 5 of the product's description, row by row: what counts, what becomes of the source, when it is tried again, and
/// whether it needs a person as a dead letter. First failure of a regular run; last rung of the ladder; third failure.
#[test]
fn each_row_of_the_table_of_failures() {
    let pause = |class: Class| Change::Pause(format!("3 failures in a row; last ({class}): it broke"));
    let gone = || Change::Invalidate("it broke".to_owned());
    let set_up = || Change::Pause("it broke".to_owned());
    let confirmed = || Change::Invalidate("not found 3 times in a row; last: it broke".to_owned());
    let (keep, regular) = (Change::Keep, Next::Regular);
    // Row, class; of the first failure: counted, change, next; dead after the ladder; of the third: change, dead.
    let table = [
        ("transient", Class::Transient, 1, keep.clone(), minutes(5), true, pause(Class::Transient), true),
        ("rate limited", Class::RateLimited, 0, keep.clone(), minutes(1), false, keep.clone(), false),
        ("blocked", Class::Blocked, 0, keep.clone(), minutes(5), true, keep.clone(), false),
        ("blocked: by the plan", Class::PlanLimited, 0, keep.clone(), minutes(5), true, keep.clone(), false),
        ("auth", Class::Auth, 1, keep.clone(), regular, false, pause(Class::Auth), true),
        ("credential", Class::Credential, 0, keep.clone(), minutes(1), false, keep.clone(), false),
        ("account quota", Class::Quota, 0, keep.clone(), minutes(1), false, keep.clone(), false),
        ("account capacity", Class::Capacity, 0, keep.clone(), minutes(1), false, keep.clone(), false),
        ("actor gone", Class::Actor, 0, keep.clone(), minutes(1), false, keep.clone(), false),
        ("not found: 404", Class::NotFound, 1, keep.clone(), regular, false, confirmed(), false),
        ("not found: account gone, 410", Class::Gone, 1, gone(), Next::Never, false, gone(), false),
        ("private", Class::Private, 1, set_up(), Next::Never, false, set_up(), false),
        ("bad answer", Class::BadAnswer, 1, keep.clone(), regular, false, pause(Class::BadAnswer), true),
        ("config", Class::Config, 1, set_up(), Next::Never, false, set_up(), false),
        ("plugin fault", Class::PluginFault, 1, keep.clone(), regular, false, pause(Class::PluginFault), true),
        ("the run dies with its daemon", Class::Abandoned, 1, keep, regular, true, pause(Class::Abandoned), true),
    ];
    assert_eq!(table.iter().map(|row| row.1).collect::<Vec<_>>(), {
        let mut all = Class::ALL.to_vec();
        all.sort_by_key(|class| table.iter().position(|row| row.1 == *class));
        all
    });
    for (row, class, counted, change, next, dead_last, third, dead_third) in table {
        let first = after(class, Trigger::Schedule, 0, 0);
        assert_eq!((first.failure_count, first.change, first.next), (counted, change, next), "{row}: first");
        let first_is_last = class == Class::Abandoned;
        assert_eq!(first.exhausted, first_is_last, "{row}: first");
        let rungs = u32::try_from(Retry::default().runs.len()).unwrap();
        let last = after(class, Trigger::Retry, 1.min(counted), rungs - 1);
        assert_eq!(last.exhausted, dead_last, "{row}: after the last rung");
        let in_a_row = after(class, Trigger::Schedule, 2, 0);
        assert_eq!((in_a_row.change, in_a_row.exhausted), (third, dead_third), "{row}: third in a row");
    }
}

/// Where a profile has no retries, the first failure of that sort is the last attempt.
#[test]
fn without_a_ladder_each_failed_run_is_a_dead_letter() {
    let retry = Retry { runs: vec![], max_failures: 100, ..Retry::default() };
    let before = Before { trigger: Trigger::Schedule, failure_count: 0, retries: 0, retry: &retry };
    for (class, dead) in
        [(Class::Transient, true), (Class::Blocked, true), (Class::RateLimited, false), (Class::Auth, false)]
    {
        assert_eq!(consequence(&Failure::new(class, ""), before, now()).exhausted, dead, "{class}");
    }
}
