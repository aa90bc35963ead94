//! Pace, slowing down and resting, by the runtime's paused clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use tokio::time::advance;

use super::*;

/// Throws one number after the other.
struct Counting(AtomicU64);

impl Dice for Counting {
    fn throw(&self) -> u128 {
        u128::from(self.0.fetch_add(7_919, Ordering::Relaxed))
    }
}

fn dice() -> Counting {
    Counting(AtomicU64::new(1))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn later(span: Duration) -> Instant {
    Instant::now() + span
}

#[tokio::test(start_paused = true)]
async fn so_many_a_second_and_at_once() {
    let way = Way::new();
    let begin = Instant::now();
    let rate = u64::from(limits::ACTOR_ASKS_PER_SECOND);
    // A second's worth may go at once; the rest follows at the rate.
    for _ in 0..=rate {
        way.enter(later(seconds(60))).await.unwrap().answered();
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    for _ in 0..10 * rate {
        way.enter(later(seconds(60))).await.unwrap().answered();
    }
    assert!((seconds(10)..seconds(11)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    let way = Way::new();
    let mut turns = Vec::new();
    for _ in 0..limits::ACTOR_ASKS_AT_ONCE {
        turns.push(way.enter(later(seconds(1))).await.unwrap());
    }
    assert_eq!(way.enter(later(seconds(1))).await.unwrap_err(), HeldBack::Busy);
    turns.pop();
    assert!(way.enter(later(seconds(1))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_429_slows_everybody_down_more_each_time() {
    let (way, dice) = (Way::new(), dice());
    let mut wait = limits::ACTOR_WAIT;
    for _ in 0..8 {
        let turn = way.enter(later(seconds(60))).await.unwrap();
        let told = turn.slow_down(None, &dice);
        assert!((wait..=wait * 2).contains(&told), "{told:?} after {wait:?}");
        let begin = Instant::now();
        // Whoever comes next waits, also if it was somebody else's question.
        let turn = way.enter(later(seconds(60))).await.unwrap();
        assert!(begin.elapsed() >= told);
        drop(turn);
        wait = (wait * 2).min(limits::ACTOR_WAIT_MOST);
    }
    way.enter(later(seconds(60))).await.unwrap().answered();
    let told = way.enter(later(seconds(60))).await.unwrap().slow_down(None, &dice);
    assert!(told <= limits::ACTOR_WAIT * 2, "a good answer forgets");
}

#[tokio::test(start_paused = true)]
async fn questions_that_were_under_way_count_as_one_429() {
    let (way, dice) = (Way::new(), dice());
    let mut turns = Vec::new();
    for _ in 0..limits::ACTOR_ASKS_AT_ONCE {
        turns.push(way.enter(later(seconds(60))).await.unwrap());
    }
    advance(Duration::from_millis(1)).await;
    for turn in turns {
        assert!(turn.slow_down(None, &dice) <= limits::ACTOR_WAIT * 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_says_is_heeded_within_reason() {
    let dice = dice();
    for (told, least, most) in [
        (Some(Duration::ZERO), limits::ACTOR_WAIT, limits::ACTOR_WAIT * 2),
        (None, limits::ACTOR_WAIT, limits::ACTOR_WAIT * 2),
        (Some(seconds(7)), seconds(7), seconds(7)),
        (Some(seconds(3_600)), limits::ACTOR_RETRY_AFTER_MOST, limits::ACTOR_RETRY_AFTER_MOST),
    ] {
        let way = Way::new();
        let wait = way.enter(later(seconds(1))).await.unwrap().slow_down(told, &dice);
        assert!((least..=most).contains(&wait), "{told:?}: {wait:?}");
        // Who has less time than that is told at once.
        let begin = Instant::now();
        assert_eq!(way.enter(later(wait / 2)).await.unwrap_err(), HeldBack::Slow(wait));
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn it_rests_after_failures_in_a_row_and_one_looks_whether_it_is_back() {
    let way = Way::new();
    let fail = async |way: &Arc<Way>| way.enter(later(seconds(60))).await.unwrap().failed();
    for _ in 1..limits::ACTOR_FAILURES {
        fail(&way).await;
    }
    way.enter(later(seconds(60))).await.unwrap().answered();
    for _ in 1..limits::ACTOR_FAILURES {
        fail(&way).await;
        assert!(!way.is_resting());
    }
    fail(&way).await;
    assert!(way.is_resting());
    assert_eq!(way.enter(later(seconds(60))).await.unwrap_err(), HeldBack::Rests(limits::ACTOR_BREAK));
    advance(limits::ACTOR_BREAK).await;
    // One looks; the others wait for what it finds.
    let probe = way.enter(later(seconds(60))).await.unwrap();
    assert_eq!(way.enter(later(seconds(5))).await.unwrap_err(), HeldBack::Busy);
    probe.failed();
    assert!(way.is_resting(), "one failure is enough now");
    advance(limits::ACTOR_BREAK).await;
    // It is called off, and the next one looks.
    drop(way.enter(later(seconds(60))).await.unwrap());
    way.enter(later(seconds(60))).await.unwrap().answered();
    fail(&way).await;
    assert!(!way.is_resting(), "counted from the beginning");
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_of_before_ends_the_rest() {
    let way = Way::new();
    let slow = way.enter(later(seconds(60))).await.unwrap();
    for _ in 0..limits::ACTOR_FAILURES {
        way.enter(later(seconds(60))).await.unwrap().failed();
    }
    assert!(way.is_resting());
    slow.answered();
    assert!(!way.is_resting());
}

proptest! {
    #[test]
    fn jitter_lies_between_one_and_two(millis in 0_u64..100_000, start in any::<u64>()) {
        let wait = Duration::from_millis(millis);
        let drawn = between_one_and_two(wait, &Counting(AtomicU64::new(start)));
        prop_assert!((wait..=wait * 2).contains(&drawn));
    }
}
