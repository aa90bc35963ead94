//! What accounts have published: a pure function of the seed and the time.
//!
//! Owns: when each account publishes, the ids of its posts, and what special handles mean. Must not know: actors, runs or
//! money. Called by the actors, which render it, and by tests, which ask what ought to have arrived.

pub(crate) mod instagram;
mod media;
pub(crate) mod profile;
pub(crate) mod sones;
mod special;
pub(crate) mod tweets;
mod words;

use std::time::Duration;

use serde::Deserialize;

use crate::clock::Millis;
use crate::dice::Dice;
use crate::options::Rhythm;

pub(crate) use special::Special;

/// Before this no generated account published anything: 2026-09-01T00:00:00Z.
const ORIGIN: Millis = Millis(1_788_220_800_000);
/// Where the ids of X begin (snowflake: 41 bits of milliseconds since then).
const X_EPOCH: i64 = 1_288_834_974_657;
/// Where the ids of Instagram begin (41 bits of milliseconds since then, over 13 bits of shard and 10 of sequence).
const INSTAGRAM_EPOCH: i64 = 1_314_220_021_721;
/// How often accounts called `fast_...` publish: 10 to 20 s.
const FAST_MS: (i64, i64) = (10_000, 20_000);
/// Posts a fast account had before the emulator started.
const FAST_BEFORE: i64 = 20;

/// A platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Instagram.
    Instagram,
    /// X.
    X,
}

/// All accounts there are: every handle exists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Universe {
    seed: u64,
    begun: Millis,
    rhythm: Rhythm,
}

/// One post: whose it is, which one, and when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Post {
    /// From 0, the oldest.
    pub(crate) number: u64,
    pub(crate) at: Millis,
    pub(crate) id: u64,
    /// What else is drawn for it.
    pub(crate) dice: u64,
}

impl Post {
    /// A sequence that is always the same for this post.
    pub(crate) fn dice(self) -> Dice {
        Dice::new(self.dice)
    }
}

/// An account, with its rhythm worked out.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    platform: Platform,
    pub(crate) handle: String,
    dice: Dice,
    origin: Millis,
    interval: i64,
    special: Special,
}

impl Universe {
    pub(crate) fn new(seed: u64, begun: Millis, rhythm: Rhythm) -> Self {
        Self { seed, begun, rhythm }
    }

    /// The account of this handle; case does not matter.
    pub(crate) fn feed(&self, platform: Platform, handle: &str) -> Feed {
        let handle = handle.to_ascii_lowercase();
        let (name, range) = match platform {
            Platform::Instagram => ("instagram", self.rhythm.instagram),
            Platform::X => ("x", self.rhythm.x),
        };
        let mut dice = Dice::new(self.seed).of(name).of(&handle);
        let kept = dice;
        let special = Special::of(&handle);
        let (interval, origin) = if special == Special::Fast {
            let interval = dice.between(FAST_MS.0, FAST_MS.1);
            (interval, self.begun.after(-FAST_BEFORE * interval))
        } else {
            let interval = dice.between(millis(range.0), millis(range.1)).max(2);
            (interval, ORIGIN.after(dice.between(0, interval)))
        };
        Feed { platform, handle, dice: kept, origin, interval, special }
    }

    /// A post of an author nobody asked about, by its id; `None` where the id lies in the future or before the platform.
    pub(crate) fn lone(&self, platform: Platform, id: u64, now: Millis) -> Option<(Feed, Post)> {
        let at = time_of_id(platform, id);
        let dice = Dice::new(self.seed).at(id);
        let known = at <= now && at > Millis(INSTAGRAM_EPOCH.max(X_EPOCH));
        let feed = self.feed(platform, &format!("author_{}", dice.at(0).below(10_000)));
        known.then(|| (feed, Post { number: 0, at, id, dice: dice.at(1).draw() }))
    }
}

impl Feed {
    pub(crate) fn special(&self) -> Special {
        self.special
    }

    /// A sequence that is always the same for this account.
    pub(crate) fn dice(&self) -> Dice {
        self.dice
    }

    /// The id of the account itself.
    pub(crate) fn owner_id(&self) -> u64 {
        1_000_000_000 + self.dice.of("owner").below(40_000_000_000)
    }

    fn time(&self, number: u64) -> Millis {
        let start = self.origin.after(i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(self.interval));
        let at = start.after(self.dice.at(number).between(0, self.interval / 2));
        // Both platforms show whole seconds; the milliseconds live on in the ids of X.
        if self.platform == Platform::Instagram && self.interval >= 2_000 {
            Millis(at.0 - at.0.rem_euclid(1_000))
        } else {
            at
        }
    }

    /// The post of this number.
    pub(crate) fn post(&self, number: u64) -> Post {
        let at = self.time(number);
        let mut dice = self.dice.of("post").at(number);
        let id = match self.platform {
            Platform::X => (offset(at, X_EPOCH) << 22) | ((number & 0xfff) << 10) | dice.below(1 << 10),
            Platform::Instagram => (offset(at, INSTAGRAM_EPOCH) << 23) | ((number & 0x3ff) << 13) | dice.below(1 << 13),
        };
        Post { number, at, id, dice: dice.draw() }
    }

    /// How many posts there are by now.
    pub(crate) fn count(&self, now: Millis) -> u64 {
        if self.special.is_silent() || now < self.origin {
            return 0;
        }
        let guess = u64::try_from(now.since(self.origin).div_euclid(self.interval)).unwrap_or(0);
        // A post comes within the first half of its interval, or, cut to whole seconds, just before it.
        (0..=2).rev().map(|more| guess + more).find(|&n| n == 0 || self.time(n - 1) <= now).unwrap_or(guess)
    }

    /// Posts from now backwards, the newest first.
    pub(crate) fn newest(&self, now: Millis) -> impl Iterator<Item = Post> + '_ {
        (0..self.count(now)).rev().map(|number| self.post(number))
    }

    /// The post with this id, if it is this account's.
    pub(crate) fn find(&self, id: u64) -> Option<Post> {
        let at = time_of_id(self.platform, id);
        let near = u64::try_from(at.since(self.origin).div_euclid(self.interval)).ok()?;
        (near.saturating_sub(1)..=near + 1).map(|number| self.post(number)).find(|post| post.id == id)
    }

    /// Ids of all posts from `since` to `now`, both included, the oldest first.
    pub(crate) fn ids(&self, since: Millis, now: Millis) -> Vec<String> {
        let mut ids: Vec<String> =
            self.newest(now).take_while(|post| post.at >= since).map(|post| post.id.to_string()).collect();
        ids.reverse();
        ids
    }
}

/// The moment an id was given.
pub(crate) fn time_of_id(platform: Platform, id: u64) -> Millis {
    let (shift, epoch) = match platform {
        Platform::X => (22, X_EPOCH),
        Platform::Instagram => (23, INSTAGRAM_EPOCH),
    };
    Millis(i64::try_from(id >> shift).unwrap_or(i64::MAX).saturating_add(epoch))
}

fn offset(at: Millis, epoch: i64) -> u64 {
    u64::try_from(at.0 - epoch).unwrap_or(0)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Platform, Universe, time_of_id};
    use crate::clock::Millis;
    use crate::options::Rhythm;

    const BEGUN: Millis = Millis(1_793_512_800_000);

    #[test]
    fn posts_are_ordered_found_again_and_counted() {
        let universe = Universe::new(7, BEGUN, Rhythm::default());
        for platform in [Platform::Instagram, Platform::X] {
            for handle in ["harbour", "fast_boat", "Lighthouse.9", "tide_table"] {
                let feed = universe.feed(platform, handle);
                let count = feed.count(BEGUN);
                assert!(count >= 20, "{handle}: {count}");
                let mut last = None;
                for post in feed.newest(BEGUN).take(200) {
                    assert!(post.at <= BEGUN);
                    assert!(last.is_none_or(|id| post.id < id), "{handle} {}", post.number);
                    assert!(time_of_id(platform, post.id) <= post.at);
                    assert_eq!(feed.find(post.id), Some(post));
                    assert_eq!(feed.count(post.at), post.number + 1, "{handle}");
                    last = Some(post.id);
                }
            }
        }
    }

    #[test]
    fn nothing_that_was_published_changes_later() {
        let universe = Universe::new(7, BEGUN, Rhythm::default());
        let feed = universe.feed(Platform::X, "harbour");
        let before = feed.ids(Millis(0), BEGUN);
        let after = feed.ids(Millis(0), BEGUN.after(86_400_000));
        assert!(after.len() > before.len());
        assert_eq!(after.get(..before.len()).unwrap(), before);
        assert_eq!(universe.feed(Platform::X, "HARBOUR").ids(Millis(0), BEGUN), before);
        assert_ne!(universe.feed(Platform::X, "harbours").ids(Millis(0), BEGUN), before);
    }
}
