//! Marks: how far a listing has been read, as the time or the id of a record.
//!
//! Owns: what a mark is and how two compare. Must not know: pages. Called by [`crate::sweep`] and [`crate::place`].

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A record's place in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Milliseconds since 1970.
    Time(i64),
    /// An id.
    Id(String),
}

impl Mark {
    /// How two marks of one listing compare: times by time, ids that are whole numbers by size, other ids as text, which fits those
    /// that grow (ULID, UUIDv7, object ids). None if they are of different sorts.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Time(one), Self::Time(two)) => Some(one.cmp(two)),
            (Self::Id(one), Self::Id(two)) => Some(match (digits(one), digits(two)) {
                (Some(one), Some(two)) => one.len().cmp(&two.len()).then_with(|| one.cmp(two)),
                _ => one.cmp(two),
            }),
            _ => None,
        }
    }

    /// Of several ids that are whole numbers the one in the middle, the lower of two: neither the highest nor the lowest, which may be
    /// anything, as long as most are as they should be. None if there is none.
    pub fn middle<'m>(marks: impl Iterator<Item = &'m Self>) -> Option<&'m Self> {
        let mut ids: Vec<&Self> = marks.filter(|mark| matches!(mark, Self::Id(_)) && mark.is_ordered()).collect();
        ids.sort_by(|one, other| other.compare(one).unwrap_or(Ordering::Equal));
        ids.get(ids.len() / 2).copied()
    }

    /// Whether it is an id above that one, both whole numbers.
    pub fn is_above(&self, middle: Option<&Self>) -> bool {
        middle.is_some_and(|middle| {
            self.is_ordered() && middle.is_ordered() && self.compare(middle) == Some(Ordering::Greater)
        })
    }

    /// Whether it has an order of its own: a time, or an id that is a whole number.
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Time(_) => true,
            Self::Id(id) => digits(id).is_some(),
        }
    }

    /// The mark, but no time after `moment`, in milliseconds since 1970. Records may be dated a little ahead of what is published
    /// next, and anybody who can post can do that on purpose: a mark that is ahead would hide what comes in between.
    #[must_use]
    pub fn not_after(self, moment: Option<i64>) -> Self {
        match (self, moment) {
            (Self::Time(at), Some(moment)) => Self::Time(at.min(moment)),
            (mark, _) => mark,
        }
    }

    /// The later one.
    pub fn later(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if one.compare(&other) == Some(Ordering::Less) { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}

/// The digits of a whole number without leading zeros; numbers of any length.
fn digits(id: &str) -> Option<&str> {
    let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| id.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing() {
        let id = |id: &str| Mark::Id(id.to_owned());
        for (one, two, order) in [
            (id("9"), id("10"), Some(Ordering::Less)),
            (id("0010"), id("10"), Some(Ordering::Equal)),
            (id("18446744073709551616"), id("18446744073709551615"), Some(Ordering::Greater)),
            (id("01HA"), id("01HB"), Some(Ordering::Less)),
            (Mark::Time(1), Mark::Time(2), Some(Ordering::Less)),
            (Mark::Time(1), id("1"), None),
        ] {
            assert_eq!(one.compare(&two), order, "{one:?} {two:?}");
        }
        assert_eq!(Mark::later(Some(id("9")), Some(id("10"))), Some(id("10")));
        assert_eq!(Mark::Time(5).not_after(Some(3)), Mark::Time(3));
        assert_eq!([Mark::Time(5).not_after(None), Mark::Time(2).not_after(Some(3))], [Mark::Time(5), Mark::Time(2)]);
        assert_eq!(id("5").not_after(Some(3)), id("5"));
        let ids = ["9223372036854775807", "60", "59", "x", "58"].map(id);
        assert_eq!(Mark::middle(ids.iter()), Some(&id("59")));
        assert!(ids[1].is_above(Some(&ids[2])) && !ids[3].is_above(Some(&ids[2])) && !ids[2].is_above(None));
        assert_eq!([Mark::middle(ids[..2].iter()), Mark::middle([Mark::Time(1)].iter())], [Some(&id("60")), None]);
        assert!(!id("a1").is_ordered() && id("1").is_ordered());
    }
}
