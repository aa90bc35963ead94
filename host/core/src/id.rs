//! Identities. Each kind of thing has its own type, so that a run is never taken for a source.
//!
//! Owns: the form of ids (128 bits, time-ordered, printed as `src_` and 26 characters) and of names. Must not know: the
//! clock or the dice: both are arguments of [`Id::new`]. Called by everyone.

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::UtcMillis;

/// What an id belongs to.
pub trait Kind {
    /// The three letters in front of its ids.
    const PREFIX: &'static str;
}

/// An id: 48 bits of time (milliseconds), 80 bits of dice, most significant first; so ids sort by the time they were made.
///
/// Printed as a ULID in lower case behind the kind's prefix: `src_01jd7n2c0g0000000000000000`.
pub struct Id<K> {
    bits: u128,
    kind: PhantomData<fn() -> K>,
}

macro_rules! id {
    ($(#[$doc:meta])* $alias:ident, $kind:ident, $prefix:literal) => {
        /// Marks the ids of one kind of thing.
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $alias = Id<$kind>;
    };
}

id!(
    /// Identity of a source.
    SourceId, SourceKind, "src"
);
id!(
    /// Identity of a run.
    RunId, RunKind, "run"
);
id!(
    /// Identity of an item's row; its identity in the domain is source + external id.
    ItemId, ItemKind, "itm"
);
id!(
    /// Identity of a stored page.
    PageId, PageKind, "pag"
);
id!(
    /// Identity of an intent: one wish for one actor run, whatever became of it.
    IntentId, IntentKind, "int"
);
id!(
    /// Identity of one life of a daemon: a new one each time it starts.
    DaemonId, DaemonKind, "dmn"
);

/// Crockford's base 32, in lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl<K> Id<K> {
    /// The id made at `now` with these dice.
    #[must_use]
    pub fn new(now: UtcMillis, dice: u128) -> Self {
        let millis = u128::try_from(now.as_millis()).unwrap_or(0) & ((1 << 48) - 1);
        Self::from_bits((millis << 80) | (dice & ((1 << 80) - 1)))
    }

    /// The id with these bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self { bits, kind: PhantomData }
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.bits
    }

    /// The id in these 16 bytes, most significant first.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_bits(u128::from_be_bytes(bytes.try_into().ok()?)))
    }

    /// Its 16 bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.bits.to_be_bytes()
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.bits.cmp(&other.bits)
    }
}
impl<K> core::hash::Hash for Id<K> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        for place in (0..26).rev() {
            let digit = (self.bits >> (place * 5)) & 31;
            // `digit` is below 32.
            let digit = DIGITS.get(usize::try_from(digit).unwrap_or(0)).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {prefix}_ followed by 26 letters and digits")]
pub struct NotAnId {
    text: String,
    prefix: &'static str,
}

impl<K: Kind> FromStr for Id<K> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let refuse = || NotAnId { text: text.to_owned(), prefix: K::PREFIX };
        let digits = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or_else(refuse)?;
        // 26 digits hold 130 bits: the first one must be below 8.
        if digits.len() != 26 || digits.as_bytes().first().is_none_or(|first| *first > b'7') {
            return Err(refuse());
        }
        let mut bits = 0_u128;
        for byte in digits.bytes() {
            let digit = DIGITS.iter().position(|d| *d == byte.to_ascii_lowercase()).ok_or_else(refuse)?;
            bits = (bits << 5) | (digit as u128);
        }
        Ok(Self::from_bits(bits))
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A name people give: of a tenant, a profile, a plugin. `[a-z][a-z0-9_-]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// A tenant is known by its name.
pub type Tenant = Name;
/// A profile is known by its name.
pub type ProfileName = Name;

/// A credential is known by its name; its value lives at the edge only.
pub type CredentialName = Name;

/// A user of a tenant: opaque to us. Any text without control characters, at most [`crate::limits::USER_BYTES`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

/// A text that is no user's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no user: a user's id has 1 to {most} bytes and no control characters", most = crate::limits::USER_BYTES)]
pub struct NotAUser(String);

impl UserId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = NotAUser;

    fn from_str(text: &str) -> Result<Self, NotAUser> {
        let fits = !text.is_empty() && text.len() <= crate::limits::USER_BYTES && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAUser(text.chars().take(64).collect())) }
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a name: names begin with a letter and hold at most 63 of a-z, 0-9, \"_\" and \"-\"")]
pub struct NotAName(String);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let rest = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if first && rest && text.len() <= 63 { Ok(Self(text.to_owned())) } else { Err(NotAName(text.to_owned())) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn users_are_opaque_but_printable_and_short() {
        for right in ["1", "user-7", "ü@example.org", "a b", &"x".repeat(256)] {
            assert_eq!(right.parse::<UserId>().unwrap().as_str(), right);
        }
        for wrong in ["", "a\nb", "\0", &"x".repeat(257)] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn ids_are_printed_and_read_the_same_and_sort_by_time() {
        let now = UtcMillis::parse("2026-11-21T23:04:05Z").unwrap();
        let id = SourceId::new(now, u128::MAX);
        assert_eq!(id.to_string().parse::<SourceId>().unwrap(), id);
        assert_eq!(SourceId::from_bytes(&id.to_bytes()), Some(id));
        let later = SourceId::new(now.plus(core::time::Duration::from_millis(1)), 0);
        assert!(id < later && id.to_string() < later.to_string());
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let id = RunId::from_bits(u128::MAX).to_string();
        for text in [
            "",
            "run_",
            "src_01jd7n2c0g0000000000000000",
            &id.replace("run_", "src_"),
            "run_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
        assert!(id.parse::<RunId>().is_ok());
    }

    #[test]
    fn names() {
        for text in ["a", "rss_profile", "acme-2", &"a".repeat(63)] {
            assert!(text.parse::<Name>().is_ok(), "{text}");
        }
        for text in ["", "1a", "A", "a b", "ä", "a/b", &"a".repeat(64)] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }
}
