//! One function from everything that counts to the next time, and why.
//!
//! Owns: the order of the rules. Must not know: where its facts come from. Called by [`Schedule::next_run`].
//!
//! The order: the rhythm gives a time, `activity` bends its interval; then nothing is due before what `adaptive`, the shortest
//! interval and `Retry-After` allow; jitter comes on top, hours to be skipped are passed, and what is overdue after a pause is
//! spread. The answer for the same arguments is the same, at any `now`, but for a source that was never attempted and one whose
//! last attempt lies in the future: asking again moves nothing.

use core::time::Duration;

use serde::Serialize;

use super::catch_up::Pause;
use super::cron::Cron;
use super::facts::Facts;
use super::rule::{Rule, Verdict, millis};
use super::tier::Tiers;
use super::{Rhythm, Schedule};
use crate::limits;
use crate::time::{Span, UtcMillis};

/// What the next time follows from, beside the schedule.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What is known about the source.
    pub facts: &'a Facts,
    /// End of the last attempt, whatever came of it.
    pub last_attempt: Option<UtcMillis>,
    /// Now.
    pub now: UtcMillis,
    /// The shortest time between two attempts, the profile's.
    pub min_interval: Duration,
    /// Uniform over all of `u32`: spreads herds.
    pub dice: u32,
    /// The pause this daemon last came back from, if it did.
    pub pause: Option<Pause>,
}

/// When a source is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Due {
    /// Then. If it has passed, now.
    At(UtcMillis),
    /// Not as long as things are as they are: nobody follows it.
    Dormant,
}

impl Due {
    /// The time, if there is one.
    #[must_use]
    pub const fn at(self) -> Option<UtcMillis> {
        match self {
            Self::At(at) => Some(at),
            Self::Dormant => None,
        }
    }
}

/// When a source is due next, and what every rule that had a say said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reckoning {
    /// When.
    pub due: Due,
    /// Why, in the order of the rules.
    pub verdicts: Vec<Verdict>,
}

/// A reckoning under way.
struct Steps {
    due: UtcMillis,
    verdicts: Vec<Verdict>,
}

impl Steps {
    /// Takes `at` for the time from here on.
    fn set(&mut self, rule: Rule, at: UtcMillis, changes: Option<UtcMillis>) {
        let moved = at != self.due;
        self.due = at;
        self.verdicts.push(Verdict { rule, due: Some(at), moved, changes });
    }

    /// Nothing is due before `least`.
    fn floor(&mut self, rule: Rule, least: UtcMillis) {
        self.set(rule, self.due.max(least), None);
    }

    fn dormant(mut self, rule: Rule) -> Reckoning {
        self.verdicts.push(Verdict { rule, due: None, moved: true, changes: None });
        Reckoning { due: Due::Dormant, verdicts: self.verdicts }
    }
}

/// When a source is due next.
pub(super) fn reckon(schedule: &Schedule, given: &Given<'_>) -> Reckoning {
    let mut steps = Steps { due: given.now, verdicts: Vec::new() };
    let last = believed(&mut steps, &schedule.rhythm, given);
    let interval = match &schedule.rhythm {
        Rhythm::Every(span) => {
            let rule = Rule::Every { interval: *span };
            interval_from(&mut steps, schedule, given, last, (rule, *span))
        }
        Rhythm::Tiers(tiers) => match tier(tiers, given.facts) {
            Ok(tier) => interval_from(&mut steps, schedule, given, last, tier),
            Err(rule) => return steps.dormant(rule),
        },
        Rhythm::Cron(cron) => match occurrence(&mut steps, cron, last, given.now) {
            Some(interval) => interval,
            None => return steps.dormant(rule_of(cron, None)),
        },
    };
    if schedule.tuning.adaptive {
        adapt(&mut steps, schedule, given, last);
    }
    floors(&mut steps, given, last);
    let kept = matches!(schedule.rhythm, Rhythm::Cron(_));
    late(&mut steps, schedule, given, interval, kept);
    if let Some(pause) = given.pause.filter(|pause| steps.due < pause.until) {
        let spread = pause.spread(steps.due, (!kept).then_some(interval), given.dice);
        steps.set(Rule::CatchUp { awake: pause.until }, spread, None);
    }
    Reckoning { due: Due::At(steps.due), verdicts: steps.verdicts }
}

/// The last attempt. One that lies in the future was made before the clock was set back: for cron it has had its times and
/// keeps them for a while, so that none is run twice; an interval begins anew.
fn believed(steps: &mut Steps, rhythm: &Rhythm, given: &Given<'_>) -> Option<UtcMillis> {
    let Some(last) = given.last_attempt else {
        steps.set(Rule::First, given.now, None);
        return None;
    };
    let ahead = last.since(given.now);
    if ahead.is_zero() {
        return Some(last);
    }
    let believed = matches!(rhythm, Rhythm::Cron(_)) && ahead <= limits::CLOCK_BACK;
    let last = if believed { last } else { given.now };
    steps.set(Rule::ClockBack { ahead_ms: millis(ahead), believed }, last, None);
    Some(last)
}

/// The tier of the followers, or that there is none.
fn tier(tiers: &Tiers, facts: &Facts) -> Result<(Rule, Span), Rule> {
    let followers = facts.followers;
    let tier = followers.map_or_else(|| tiers.slowest(), |followers| tiers.of(followers));
    let more_from = tiers.above(followers.unwrap_or(1)).map(|tier| tier.followers);
    match tier {
        Some(tier) => Ok((Rule::Tier { followers, interval: tier.every, more_from }, tier.every)),
        None => Err(Rule::Dormant {
            followers: followers.unwrap_or_default(),
            from: tiers.slowest().map_or(1, |tier| tier.followers),
        }),
    }
}

/// An interval after the last attempt, bent by activity. At once, if there was no attempt.
fn interval_from(
    steps: &mut Steps,
    schedule: &Schedule,
    given: &Given<'_>,
    last: Option<UtcMillis>,
    (rule, span): (Rule, Span),
) -> Duration {
    let interval = span.duration();
    let Some(last) = last else {
        steps.set(rule, steps.due, None);
        return interval;
    };
    steps.due = last;
    steps.set(rule, last.plus(interval), None);
    if let Some(activity) = given.facts.activity.filter(|_| schedule.tuning.activity) {
        let rule = Rule::Activity { weight: activity.at(last) };
        steps.set(rule, activity.after(last, interval), None);
    }
    interval
}

/// The first time of a cron expression after the last attempt, and how long after it the following one is.
fn occurrence(steps: &mut Steps, cron: &Cron, last: Option<UtcMillis>, now: UtcMillis) -> Option<Duration> {
    let at = match last {
        Some(last) => cron.after(last),
        None => cron.at_or_after(now),
    }?;
    let following = cron.after(at);
    steps.set(rule_of(cron, following), at, Some(at));
    Some(following.map_or(limits::ADAPTIVE_MOST, |following| following.since(at)))
}

fn rule_of(cron: &Cron, following: Option<UtcMillis>) -> Rule {
    Rule::Cron { expression: cron.expression().to_owned(), timezone: cron.timezone().to_owned(), following }
}

/// Not faster than the source publishes or asks for. A cron expression keeps to its times: the first one that is late enough.
fn adapt(steps: &mut Steps, schedule: &Schedule, given: &Given<'_>, last: Option<UtcMillis>) {
    let Some(last) = last else { return };
    let mut after = |rule: Rule, interval: Duration| {
        let least = last.plus(interval);
        let least = match &schedule.rhythm {
            Rhythm::Cron(cron) if least > steps.due => cron.at_or_after(least).unwrap_or(least),
            _ => least,
        };
        steps.floor(rule, least);
    };
    let facts = given.facts;
    if let Some(published) = facts.published {
        // As of the last attempt: silence since then must not put off a run that is due.
        let interval = published.interval(last).min(limits::ADAPTIVE_MOST);
        after(Rule::Published { interval_ms: millis(interval), times: published.times }, interval);
    }
    if let Some(interval) = facts.wishes.ttl() {
        after(Rule::Ttl { interval_ms: millis(interval) }, interval);
    }
    if let Some(interval) = facts.wishes.max_age() {
        after(Rule::MaxAge { interval_ms: millis(interval) }, interval);
    }
}

/// What holds for every schedule.
fn floors(steps: &mut Steps, given: &Given<'_>, last: Option<UtcMillis>) {
    let Some(last) = last else { return };
    let interval_ms = millis(given.min_interval);
    steps.floor(Rule::MinInterval { interval_ms }, last.plus(given.min_interval));
    if let Some(until) = given.facts.wishes.not_before(last) {
        steps.floor(Rule::NotBefore { until }, until);
    }
}

/// Jitter, and the hours and days to be skipped. A first attempt waits for nothing.
fn late(steps: &mut Steps, schedule: &Schedule, given: &Given<'_>, interval: Duration, kept: bool) {
    if given.last_attempt.is_none() && !kept {
        return;
    }
    let wishes = given.facts.wishes;
    if schedule.tuning.adaptive && (wishes.skip_hours, wishes.skip_days) != (0, 0) {
        let awake = wishes.awake(steps.due);
        steps.set(Rule::Skipped { hours: wishes.skip_hours, days: wishes.skip_days }, awake, None);
    }
    let interval = interval.max(given.min_interval);
    let by = schedule.tuning.jitter.pick(interval, kept, given.dice);
    let spread = steps.due.plus(by);
    if by.is_zero() || (schedule.tuning.adaptive && wishes.skips(spread)) {
        return;
    }
    steps.set(Rule::Jitter { by_ms: millis(by) }, spread, None);
}
