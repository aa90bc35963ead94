//! The people of a simulated world.
//!
//! Owns: whom each follows, and when each comes to read. Must not know: what a visit leads to. Asked by the world's driver.

use std::collections::BTreeSet;

use tidegate_core::id::UserId;
use tidegate_core::time::UtcMillis;

use super::dice::Chance;
use super::hours;
use super::world::People;

/// A user and the ranks of the sources that are followed.
pub(super) struct Person {
    pub(super) user: UserId,
    pub(super) follows: Vec<usize>,
    /// Whether this one comes back at all.
    pub(super) returns: bool,
}

/// All people.
pub(super) struct Crowd {
    people: Vec<Person>,
    /// Those who come back.
    returning: Vec<usize>,
    chance: Chance,
    wishes: People,
}

impl Crowd {
    pub(super) fn new(wishes: &People, sources: usize, mut chance: Chance) -> Self {
        let law = Zipf::new(sources, wishes.zipf);
        let mut people = Vec::with_capacity(wishes.users);
        for number in 0..wishes.users {
            let Ok(user) = format!("user-{number}").parse() else { continue };
            let most = usize::try_from(chance.count(wishes.follows)).unwrap_or(1).clamp(1, sources.max(1));
            let returns = chance.happens(wishes.active);
            people.push(Person { user, follows: law.choose(most, &mut chance), returns });
        }
        let returning = (0..people.len()).filter(|number| people.get(*number).is_some_and(|one| one.returns)).collect();
        Self { people, returning, chance, wishes: wishes.clone() }
    }

    pub(super) fn all(&self) -> &[Person] {
        &self.people
    }

    /// Who comes in the minute that begins at `now`.
    pub(super) fn visitors(&mut self, now: UtcMillis) -> Vec<usize> {
        #[expect(clippy::cast_precision_loss, reason = "people are millions at most")]
        let returning = self.returning.len() as f64;
        let rate = if self.wishes.daily { hours::rate(now, 0) } else { 1.0 };
        let visits = self.chance.count(returning * self.wishes.visits_per_day * rate / 1_440.0);
        let mut pick = || self.returning.get(self.chance.below(self.returning.len())).copied();
        (0..visits).filter_map(|_| pick()).collect()
    }

    pub(super) fn person(&self, number: usize) -> Option<&Person> {
        self.people.get(number)
    }
}

/// Zipf's law over ranks.
struct Zipf {
    /// Sums of weights up to each rank.
    sums: Vec<f64>,
}

/// Draws for one follow before chance is helped: where nearly all weight is on what is followed already, the next free ranks
/// are taken.
const DRAWS: usize = 64;

impl Zipf {
    fn new(ranks: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let weight = |rank: usize| f64::from(u32::try_from(rank + 1).unwrap_or(u32::MAX)).powf(-exponent);
        let sums = (0..ranks).map(|rank| {
            sum += weight(rank);
            sum
        });
        Self { sums: sums.collect() }
    }

    fn draw(&self, chance: &mut Chance) -> usize {
        let at = chance.unit() * self.sums.last().copied().unwrap_or_default();
        self.sums.partition_point(|sum| *sum <= at).min(self.sums.len().saturating_sub(1))
    }

    /// So many different ranks.
    fn choose(&self, most: usize, chance: &mut Chance) -> Vec<usize> {
        let mut chosen = BTreeSet::new();
        while chosen.len() < most {
            let drawn = (0..DRAWS).map(|_| self.draw(chance)).find(|rank| !chosen.contains(rank));
            let free = || (0..self.sums.len()).find(|rank| !chosen.contains(rank));
            match drawn.or_else(free) {
                Some(rank) => chosen.insert(rank),
                None => break,
            };
        }
        chosen.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_are_different_sources_and_the_first_have_most() {
        let wishes = People { users: 2_000, follows: 5.0, zipf: 1.0, active: 0.25, ..People::default() };
        let mut crowd = Crowd::new(&wishes, 100, Chance::new(1, 1));
        let mut followers = vec![0_u32; 100];
        for person in crowd.all() {
            assert!(person.follows.windows(2).all(|pair| pair[0] < pair[1]));
            person.follows.iter().for_each(|rank| followers[*rank] += 1);
        }
        assert!(followers[0] > followers[9] && followers[9] > followers[99], "{followers:?}");
        let follows: u32 = followers.iter().sum();
        assert!((9_500..10_500).contains(&follows), "{follows}");
        let start = UtcMillis::from_millis(1_793_512_800_000);
        let visits: usize = (0..1_440)
            .map(|minute| crowd.visitors(start.plus(std::time::Duration::from_secs(60 * minute))).len())
            .sum();
        assert!((1_800..2_200).contains(&visits), "500 people, 4 visits: {visits}");
        let all = Zipf::new(3, 9.0).choose(3, &mut Chance::new(1, 2));
        assert_eq!(all, [0, 1, 2], "also where the last ones are never drawn");
    }
}
