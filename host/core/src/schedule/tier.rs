//! Tiers: how often a source is worth fetching, by its active followers.
//!
//! Owns: the table and what makes one valid. Must not know: who follows, or since when a follower counts as active. Called by
//! the schedule, and by whoever recomputes tiers.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::time::Span;

/// One row: so many active followers or more, and how often the source is fetched then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Active followers, at least.
    pub followers: u32,
    /// From one attempt to the next.
    pub every: Span,
}

/// A table of tiers, from most followers to fewest. Below its last row a source is dormant: not fetched, its state kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

/// Followers and minutes, as the product promises them.
const DEFAULT: [(u32, u32); 7] = [(100, 3), (50, 5), (20, 10), (10, 15), (5, 30), (2, 60), (1, 120)];

/// Why rows are no table of tiers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTiers {
    /// There are none, or too many.
    #[error("tiers has {0} rows; it needs 1 to {most}, from most followers to fewest", most = limits::TIERS)]
    Rows(usize),
    /// A row for nobody.
    #[error("tiers, row {0}: followers = 0; without followers a source is dormant, so the fewest is 1")]
    Nobody(usize),
    /// Followers do not fall.
    #[error("tiers, row {row}: followers = {followers} after {before}; each row has fewer than the one before")]
    Followers {
        /// From 1.
        row: usize,
        /// Of this row.
        followers: u32,
        /// Of the row before.
        before: u32,
    },
    /// Fewer followers would be served more often.
    #[error(
        "tiers, row {row}: every = \"{every}\" after \"{before}\"; with fewer followers a source is not fetched more often"
    )]
    Faster {
        /// From 1.
        row: usize,
        /// Of this row.
        every: Span,
        /// Of the row before.
        before: Span,
    },
    /// Faster than is allowed.
    #[error(
        "tiers, row {row}: every = \"{every}\" is below min_interval = \"{least}\"; raise the one or lower the other"
    )]
    TooFast {
        /// From 1.
        row: usize,
        /// Of this row.
        every: Span,
        /// The profile's shortest interval.
        least: Span,
    },
}

impl Default for Tiers {
    fn default() -> Self {
        Self(DEFAULT.map(|(followers, minutes)| Tier { followers, every: Span::seconds(minutes * 60) }).to_vec())
    }
}

impl Tiers {
    /// A table of these rows.
    ///
    /// # Errors
    /// [`NotTiers`]: followers that do not fall from row to row, intervals that do.
    pub fn new(rows: Vec<Tier>) -> Result<Self, NotTiers> {
        if rows.is_empty() || rows.len() > limits::TIERS {
            return Err(NotTiers::Rows(rows.len()));
        }
        let mut before: Option<&Tier> = None;
        for (row, tier) in (1..).zip(&rows) {
            if tier.followers == 0 {
                return Err(NotTiers::Nobody(row));
            }
            if let Some(before) = before {
                if tier.followers >= before.followers {
                    let (followers, before) = (tier.followers, before.followers);
                    return Err(NotTiers::Followers { row, followers, before });
                }
                if tier.every < before.every {
                    return Err(NotTiers::Faster { row, every: tier.every, before: before.every });
                }
            }
            before = Some(tier);
        }
        Ok(Self(rows))
    }

    /// Checks that no row is faster than the profile allows.
    ///
    /// # Errors
    /// [`NotTiers::TooFast`] with the first that is.
    pub fn fit(&self, min_interval: Duration) -> Result<(), NotTiers> {
        match (1..).zip(&self.0).find(|(_, tier)| tier.every.duration() < min_interval) {
            Some((row, tier)) => {
                let least = Span::seconds(u32::try_from(min_interval.as_secs()).unwrap_or(u32::MAX));
                Err(NotTiers::TooFast { row, every: tier.every, least })
            }
            None => Ok(()),
        }
    }

    /// The tier of a source with so many active followers. `None`: it is dormant.
    #[must_use]
    pub fn of(&self, followers: u32) -> Option<Tier> {
        self.0.iter().find(|tier| followers >= tier.followers).copied()
    }

    /// The tier above the one of so many followers: what it takes to be fetched more often.
    #[must_use]
    pub fn above(&self, followers: u32) -> Option<Tier> {
        self.0.iter().rev().find(|tier| followers < tier.followers).copied()
    }

    /// The first and fastest tier.
    #[must_use]
    pub fn fastest(&self) -> Option<Tier> {
        self.0.first().copied()
    }

    /// The last and slowest tier before a source is dormant.
    #[must_use]
    pub fn slowest(&self) -> Option<Tier> {
        self.0.last().copied()
    }

    /// The rows, from most followers to fewest.
    #[must_use]
    pub fn rows(&self) -> &[Tier] {
        &self.0
    }
}

impl core::fmt::Display for Tiers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if *self == Self::default() {
            return f.write_str("tiers");
        }
        f.write_str("tiers (")?;
        for (index, tier) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}+ every {}", tier.followers, tier.every)?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Tier> {
        text.split_whitespace()
            .map(|row| {
                let (followers, every) = row.split_once(':').unwrap();
                Tier { followers: followers.parse().unwrap(), every: every.parse().unwrap() }
            })
            .collect()
    }

    #[test]
    fn the_table_of_the_product() {
        let tiers = Tiers::default();
        let table = [
            (u32::MAX, Some(3)),
            (100, Some(3)),
            (99, Some(5)),
            (50, Some(5)),
            (49, Some(10)),
            (20, Some(10)),
            (19, Some(15)),
            (10, Some(15)),
            (9, Some(30)),
            (5, Some(30)),
            (4, Some(60)),
            (2, Some(60)),
            (1, Some(120)),
            (0, None),
        ];
        for (followers, minutes) in table {
            let found = tiers.of(followers).map(|tier| tier.every.duration().as_secs() / 60);
            assert_eq!(found, minutes, "{followers}");
        }
        assert_eq!(tiers.above(4).unwrap().followers, 5);
        assert_eq!((tiers.above(0).unwrap().followers, tiers.above(100)), (1, None));
        assert_eq!(tiers.fit(Duration::from_secs(180)), Ok(()));
    }

    #[test]
    fn own_tables() {
        let tiers = Tiers::new(rows("50:1m 10:1m 5:1h")).unwrap();
        assert_eq!(tiers.to_string(), "tiers (50+ every 1m, 10+ every 1m, 5+ every 1h)");
        assert_eq!(tiers.of(4), None, "dormant below the last row");
        let many = (1..=17_u32).rev().map(|followers| format!("{followers}:1m ")).collect::<String>();
        let table = [
            ("", "tiers has 0 rows"),
            (many.as_str(), "tiers has 17 rows"),
            ("5:1m 0:1h", "row 2: followers = 0"),
            ("5:1m 5:1h", "row 2: followers = 5 after 5"),
            ("5:1m 9:1h", "row 2: followers = 9 after 5"),
            ("50:1m 9:1h 1:59m", "row 3: every = \"59m\" after \"1h\""),
        ];
        for (text, message) in table {
            let error = Tiers::new(rows(text)).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        let error = Tiers::default().fit(Duration::from_secs(301)).unwrap_err().to_string();
        assert!(error.contains("row 1: every = \"3m\" is below min_interval = \"5m1s\""), "{error}");
    }
}
