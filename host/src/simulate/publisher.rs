//! A source that publishes.
//!
//! Owns: when each of its posts appears: a Poisson process with a rate of its own that follows the hours of its day. Posts are
//! made when somebody looks; what was made stays as it is. Must not know: who looks.

use std::collections::VecDeque;
use std::time::Duration;

use tidegate_core::time::UtcMillis;

use super::dice::Chance;
use super::hours;

/// Posts a platform shows of a source, newest first.
pub(super) const SHOWN: usize = 20;

/// One post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Post {
    /// Its number, from 1.
    pub(super) number: u64,
    /// When it appeared.
    pub(super) at: UtcMillis,
}

/// A source and its posts.
#[derive(Debug)]
pub(super) struct Publisher {
    chance: Chance,
    /// Milliseconds between two posts in the busiest hour.
    mean: f64,
    /// Hours east of Greenwich.
    shift: u8,
    /// The next moment at which there may be a post.
    next: UtcMillis,
    numbered: u64,
    shown: VecDeque<Post>,
}

impl Publisher {
    /// One that publishes `per_day` posts on average and began at `from`.
    pub(super) fn new(mut chance: Chance, per_day: f64, from: UtcMillis) -> Self {
        let mean = 86_400_000.0 / (per_day.max(0.001) * hours::MOST);
        let shift = u8::try_from(chance.below(24)).unwrap_or(0);
        let mut publisher = Self { chance, mean, shift, next: from, numbered: 0, shown: VecDeque::new() };
        publisher.next = publisher.after(from);
        publisher
    }

    fn after(&mut self, at: UtcMillis) -> UtcMillis {
        at.plus(Duration::from_secs_f64((self.chance.wait(self.mean) / 1_000.0).min(1e9)))
    }

    /// What is shown at `now`, newest first. Time does not go back here: what has appeared stays.
    pub(super) fn shown(&mut self, now: UtcMillis) -> impl Iterator<Item = Post> {
        while self.next <= now {
            let at = self.next;
            // Thinning: of the posts of the busiest hour the others keep their part.
            if self.chance.happens(hours::rate(at, self.shift) / hours::MOST) {
                self.numbered += 1;
                self.shown.push_front(Post { number: self.numbered, at });
                self.shown.truncate(SHOWN);
            }
            self.next = self.after(at);
        }
        self.shown.iter().copied()
    }

    /// Posts so far.
    #[cfg(test)]
    const fn published(&self) -> u64 {
        self.numbered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_come_at_their_rate_and_stay() {
        let start = UtcMillis::from_millis(1_793_512_800_000);
        let day = Duration::from_secs(86_400);
        let mut publisher = Publisher::new(Chance::new(1, 1), 12.0, start);
        let first: Vec<Post> = publisher.shown(start.plus(day)).collect();
        let mut again = Publisher::new(Chance::new(1, 1), 12.0, start);
        for hour in 0..=24 {
            let _hour = again.shown(start.plus(day / 24 * hour)).count();
        }
        assert_eq!(again.shown(start).collect::<Vec<_>>(), first, "whoever looks in between changes nothing");
        assert!(first.windows(2).all(|pair| pair[0].number == pair[1].number + 1 && pair[0].at >= pair[1].at));
        let _rest = publisher.shown(start.plus(day * 100)).count();
        assert!((1_000..1_400).contains(&publisher.published()), "{}", publisher.published());
    }
}
