//! Gates: what refuses more than one source is asked by none until it may work again.
//!
//! Owns: which failures close which gate, and for how long. Must not know: rows, or how a credential is tried. Called by the
//! engine where the actor platform says no, and by `eligibility` for every source behind the gate.

use core::fmt;
use core::time::Duration;

use serde::Serialize;

use super::ActorName;
use crate::failure::{Class, Failure};
use crate::id::CredentialName;
use crate::limits;
use crate::time::UtcMillis;

/// What a gate stands before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateKey {
    /// Everything a credential pays for.
    Credential(CredentialName),
    /// One actor, for one credential.
    Actor(CredentialName, ActorName),
    /// The requests that a credential is attached to.
    Net(CredentialName),
}

impl GateKey {
    /// The gates before an actor, in the order in which they are told of: the account's first.
    #[must_use]
    pub fn before(credential: &CredentialName, actor: &ActorName) -> [Self; 2] {
        [Self::Credential(credential.clone()), Self::Actor(credential.clone(), actor.clone())]
    }

    /// The key as stored.
    #[must_use]
    pub fn stored(&self) -> String {
        match self {
            Self::Credential(name) => format!("credential/{name}"),
            Self::Actor(name, actor) => format!("actor/{name}/{actor}"),
            Self::Net(name) => format!("net/{name}"),
        }
    }

    /// The key of that text.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (what, rest) = text.split_once('/')?;
        match what {
            "credential" => Some(Self::Credential(rest.parse().ok()?)),
            "net" => Some(Self::Net(rest.parse().ok()?)),
            "actor" => {
                let (name, actor) = rest.split_once('/')?;
                Some(Self::Actor(name.parse().ok()?, actor.parse().ok()?))
            }
            _ => None,
        }
    }
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) | Self::Net(name) => write!(f, "credential {name}"),
            Self::Actor(name, actor) => write!(f, "actor {actor} of credential {name}"),
        }
    }
}

/// A closed gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// What it stands before.
    pub key: GateKey,
    /// Why, in a word.
    pub class: Class,
    /// Why, for a person.
    pub why: String,
    /// Since when.
    pub since: UtcMillis,
    /// Until when nobody asks; then it is tried, or simply opens.
    pub until: UtcMillis,
}

impl Gate {
    /// The gate that a failure closes, if it is one that closes a gate. `dice` is uniform over all of `u32`.
    #[must_use]
    pub fn of(
        failure: &Failure,
        credential: &CredentialName,
        actor: &ActorName,
        now: UtcMillis,
        dice: u32,
    ) -> Option<Self> {
        let whole = || GateKey::Credential(credential.clone());
        let (key, rest) = match failure.class {
            Class::Credential | Class::Quota => (whole(), limits::GATE_PROBE),
            Class::Capacity => (whole(), spread(dice)),
            Class::Actor => (GateKey::Actor(credential.clone(), actor.clone()), limits::GATE_ACTOR),
            _ => return None,
        };
        Some(Self { key, class: failure.class, why: failure.message.clone(), since: now, until: now.plus(rest) })
    }

    /// The gate that is closed where a server refuses a credential that was attached to a request. There is no question that costs
    /// nothing: it opens by itself, and the next request is the question.
    #[must_use]
    pub fn refused(failure: &Failure, credential: &CredentialName, now: UtcMillis) -> Option<Self> {
        let key = GateKey::Net(credential.clone());
        let until = now.plus(limits::GATE_PROBE);
        let refused = failure.class == Class::Credential;
        refused.then(|| Self { key, class: failure.class, why: failure.message.clone(), since: now, until })
    }

    /// Whether the account has to be asked before the gate opens; otherwise the next start is the question.
    #[must_use]
    pub const fn needs_probe(&self) -> bool {
        matches!(self.key, GateKey::Credential(_)) && matches!(self.class, Class::Credential | Class::Quota)
    }

    /// Whether this gate stays as it is at `now` although `news` comes: what refuses more says more, until it is due to be
    /// tried. After that the latest word holds, or a token that works again would be taken for a refused one for ever.
    #[must_use]
    pub fn outweighs(&self, news: &Self, now: UtcMillis) -> bool {
        self.until > now && self.weight() > news.weight()
    }

    /// How much is refused: all of an account, what costs something, or what is too much just now.
    const fn weight(&self) -> u8 {
        match self.class {
            Class::Credential => 2,
            Class::Quota => 1,
            _ => 0,
        }
    }

    /// Whether runs that are paid for already may be read behind it: an account without money still shows what it bought.
    #[must_use]
    pub const fn lets_read(&self) -> bool {
        !matches!(self.class, Class::Credential)
    }
}

/// Between the shortest and the longest rest of a busy account.
fn spread(dice: u32) -> Duration {
    let (least, most) = limits::GATE_CAPACITY;
    least + (most - least).mul_f64(f64::from(dice) / f64::from(u32::MAX))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_class_closes_what_it_is_about() {
        let (credential, actor) = ("apify".parse().unwrap(), "apify/instagram-scraper".parse().unwrap());
        let now = UtcMillis::parse("2026-11-22T12:00:00Z").unwrap();
        for class in Class::ALL {
            let gate = Gate::of(&Failure::new(class, "no"), &credential, &actor, now, u32::MAX / 2);
            let found = gate
                .map(|gate| (gate.key.stored(), gate.until.since(now).as_secs(), gate.needs_probe(), gate.lets_read()));
            let wanted = match class {
                Class::Credential => Some(("credential/apify", 600, true, false)),
                Class::Quota => Some(("credential/apify", 600, true, true)),
                Class::Capacity => Some(("credential/apify", 74, false, true)),
                Class::Actor => Some(("actor/apify/apify/instagram-scraper", 3_600, false, true)),
                _ => None,
            };
            assert_eq!(found, wanted.map(|(key, rest, probe, read)| (key.to_owned(), rest, probe, read)), "{class}");
        }
    }

    #[test]
    fn what_refuses_more_holds_until_it_is_due() {
        let now = UtcMillis::parse("2026-11-22T12:00:00Z").unwrap();
        let gate = |class, seconds| Gate {
            key: GateKey::from_stored("credential/apify").unwrap(),
            class,
            why: "no".to_owned(),
            since: now,
            until: now.plus(Duration::from_secs(seconds)),
        };
        for (before, left, news, holds) in [
            (Class::Credential, 1, Class::Quota, true),
            (Class::Credential, 1, Class::Capacity, true),
            (Class::Quota, 1, Class::Capacity, true),
            (Class::Credential, 0, Class::Quota, false),
            (Class::Quota, 0, Class::Capacity, false),
            (Class::Credential, 1, Class::Credential, false),
            (Class::Quota, 1, Class::Credential, false),
            (Class::Capacity, 1, Class::Quota, false),
        ] {
            assert_eq!(gate(before, left).outweighs(&gate(news, 60), now), holds, "{before}, {left} s, {news}");
        }
    }

    #[test]
    fn a_credential_of_requests_is_asked_for_by_the_next_one() {
        let (name, now) = ("github".parse().unwrap(), UtcMillis::parse("2026-11-22T12:00:00Z").unwrap());
        for class in Class::ALL {
            let gate = Gate::refused(&Failure::new(class, "no"), &name, now);
            let found = gate.map(|gate| (gate.key.stored(), gate.until.since(now).as_secs(), gate.needs_probe()));
            assert_eq!(found, (class == Class::Credential).then(|| ("net/github".to_owned(), 600, false)), "{class}");
        }
    }

    #[test]
    fn keys_survive() {
        for key in ["credential/apify", "actor/apify/a/b", "net/github"] {
            assert_eq!(GateKey::from_stored(key).map(|key| key.stored()).as_deref(), Some(key));
        }
        for key in ["", "credential/", "actor/apify", "host/x"] {
            assert_eq!(GateKey::from_stored(key), None, "{key}");
        }
    }
}
