//! What holds for every schedule, whatever its facts.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::activity::Activity;
use super::adaptive::{Published, Wishes};
use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// Last attempt and now: 2026-11-21T10:00:00Z.
const LAST: UtcMillis = UtcMillis::from_millis(1_795_255_200_000);

fn given(facts: &Facts) -> Given<'_> {
    Given { facts, last_attempt: Some(LAST), now: LAST, min_interval: MIN_INTERVAL, dice: 0, pause: None }
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let tuning =
        (any::<bool>(), any::<bool>(), prop::option::of(0_u32..7_200)).prop_map(|(activity, adaptive, jitter)| {
            let jitter = match jitter {
                None => Jitter::Usual,
                Some(0) => Jitter::Off,
                Some(seconds) => Jitter::UpTo(Span::seconds(seconds)),
            };
            Tuning { activity, adaptive, jitter }
        });
    let rhythm = prop_oneof![
        (1_u32..200_000).prop_map(|seconds| Rhythm::Every(Span::seconds(seconds))),
        Just(Rhythm::Tiers(Tiers::default())),
        prop::sample::select(vec!["*/7 * * * *", "30 2 * * *", "0 0 1 * *", "*/10 * * * * *"])
            .prop_map(|cron| Rhythm::Cron(Box::new(Cron::parse(cron, "Europe/Berlin").unwrap()))),
    ];
    (rhythm, tuning).prop_map(|(rhythm, tuning)| Schedule { rhythm, tuning })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let views = prop::option::of(prop::collection::vec(0_u32..10_000, 24));
    let activity = views.prop_map(|views| views.map(|views| Activity::of(&core::array::from_fn(|hour| views[hour]))));
    let times = prop::collection::vec(0_u64..10_000_000, 0..40);
    let published =
        times.prop_map(|times| Published::of(times.into_iter().map(|s| LAST.minus(Duration::from_secs(s)))));
    let not_before = prop::option::of(-100_000_i64..1_000_000)
        .prop_map(|off| off.map(|seconds| UtcMillis::from_millis(LAST.as_millis() + seconds * 1_000)));
    let hints =
        (prop::option::of(0_u64..1_000_000_000), prop::option::of(any::<u64>()), not_before, any::<u32>(), any::<u8>());
    let wishes =
        (hints, any::<bool>()).prop_map(|((ttl_ms, max_age_ms, not_before, skip_hours, skip_days), complete)| Wishes {
            ttl_ms,
            max_age_ms,
            not_before,
            skip_hours,
            skip_days,
            complete,
        });
    (prop::option::of(0_u32..200), activity, published, wishes)
        .prop_map(|(followers, activity, published, wishes)| Facts { followers, activity, published, wishes })
}

proptest! {
    /// Whatever the facts: not before the shortest interval, and not put off for ever.
    #[test]
    fn due_times_have_bounds(schedule in any_schedule(), facts in any_facts(), least in 1_u64..100_000, dice: u32) {
        let min_interval = Duration::from_secs(least);
        let asked = Given { min_interval, dice, ..given(&facts) };
        let told = schedule.next_run(&asked);
        prop_assert_eq!(schedule.is_dormant(&facts), told.due == Due::Dormant);
        let Due::At(due) = told.due else { return Ok(()) };
        let waited = due.since(LAST);
        prop_assert!(waited >= min_interval);
        // The longest rhythm (a month) or interval doubled by activity, a day of wishes, a week of skipped days, jitter.
        let day = Duration::from_secs(86_400);
        prop_assert!(waited <= day * 31 + day + day * 7 + HOUR * 2, "{:?}", told);
        prop_assert_eq!(told.verdicts.last().and_then(|verdict| verdict.due), Some(due));
    }

    /// The same question later has the same answer, and a pause makes nothing earlier.
    #[test]
    fn asking_again_moves_nothing(
        schedule in any_schedule(),
        facts in any_facts(),
        dice: u32,
        later in 0_u64..10_000_000,
        (asleep, slept, window) in (0_u64..200_000, 0_u64..200_000, 0_u64..10_000),
    ) {
        let from = LAST.plus(Duration::from_secs(asleep));
        let until = from.plus(Duration::from_secs(slept));
        let pause = Pause { from, until, window: Duration::from_secs(window) };
        let now = until.plus(Duration::from_secs(later));
        let asked = Given { dice, pause: Some(pause), now: until, ..given(&facts) };
        let first = schedule.next_run(&asked);
        prop_assert_eq!(&schedule.next_run(&Given { now, ..asked }), &first);
        let (Some(due), Some(alone)) = (first.due.at(), schedule.next_run(&Given { pause: None, ..asked }).due.at()) else {
            return Ok(());
        };
        prop_assert!(due >= alone);
        prop_assert!(due == alone || (due >= until && due <= until.plus(pause.window.min(Duration::from_secs(slept)))));
    }

    /// Over a day a source with activity is due as often as without.
    #[test]
    fn activity_keeps_the_number_of_runs(facts in any_facts(), minutes in 1_u32..24) {
        let every = Schedule::every(Span::seconds(minutes * 3_600));
        let bent = Schedule { tuning: Tuning { activity: true, jitter: Jitter::Off, ..Tuning::default() }, ..every };
        let facts = Facts { activity: facts.activity, ..Facts::default() };
        let end = LAST.plus(HOUR * 24 * minutes);
        let (mut last, mut runs) = (LAST, 0);
        while last < end.minus(Duration::from_secs(1)) {
            last = bent.next_run(&Given { last_attempt: Some(last), now: last, ..given(&facts) }).due.at().unwrap();
            runs += 1;
        }
        prop_assert_eq!(runs, 24);
        prop_assert!(last.since(end) + end.since(last) < Duration::from_secs(1));
    }

    #[test]
    fn written_schedules_are_read_again(schedule in any_schedule()) {
        prop_assume!(!(schedule.tuning.activity && matches!(schedule.rhythm, Rhythm::Cron(_))));
        let text = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
    }
}
