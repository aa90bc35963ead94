//! The accounts the client works for.
//!
//! Owns: a token with the one origin that gets it, what is remembered of that origin, and exchanging tokens while the daemon
//! runs. Must not know: what is asked. Called by the composition root (which makes them) and by `ask`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::fetch::{NetGrant, Origin};
use tidegate_core::id::CredentialName;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::super::secret::{Credential, Secret};
use super::way::Way;

/// Where the platform is, unless the operator writes another origin.
pub const DEFAULT_ORIGIN: &str = "https://api.apify.com";

/// A token for the actor platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorCredential {
    /// The name profiles give it.
    pub name: CredentialName,
    /// The token itself, without "Bearer".
    pub token: Secret,
    /// The only origin that gets it.
    pub origin: Origin,
    /// What may be dialled for that origin. The default: public addresses only.
    pub grant: NetGrant,
}

/// A credential with what is remembered of its way to the platform.
pub(super) struct Held {
    pub(super) name: CredentialName,
    pub(super) origin: Origin,
    pub(super) grant: NetGrant,
    /// As the field `Authorization` has it; then the bare token, to be hidden as well.
    pub(super) secrets: [Credential; 2],
    pub(super) way: Arc<Way>,
    /// How far the platform's clock is ahead of ours, in milliseconds.
    ahead: Arc<AtomicI64>,
}

/// All that are configured.
#[derive(Default)]
pub(super) struct Credentials {
    known: RwLock<HashMap<CredentialName, Arc<Held>>>,
}

/// A clock that is further off than this says nothing.
const SKEW_MOST: Duration = Duration::from_secs(24 * 60 * 60);

impl Credentials {
    /// Puts these in the place of all others. Pace and pauses of those that stay at their origin go on.
    pub(super) fn replace(&self, credentials: Vec<ActorCredential>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = credentials.into_iter().map(|credential| {
            let before = known.get(&credential.name).filter(|held| held.origin == credential.origin);
            (credential.name.clone(), Arc::new(Held::new(credential, before.map(|held| &**held))))
        });
        *known = fresh.collect();
    }

    /// The credential of that name.
    pub(super) fn get(&self, name: &CredentialName) -> Result<Arc<Held>, Failure> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned().ok_or_else(|| {
            let message =
                format!("the credential {:?} has no token: give it one in [credentials.{name}]", name.as_str());
            Failure::new(Class::Credential, message)
        })
    }
}

impl Held {
    fn new(credential: ActorCredential, before: Option<&Self>) -> Self {
        let ActorCredential { name, token, origin, grant } = credential;
        let as_field = |value| Credential::in_header(origin.clone(), header::AUTHORIZATION, value);
        Self {
            name,
            grant,
            secrets: [as_field(token.bearer()), as_field(token)],
            origin,
            way: before.map_or_else(Way::new, |before| Arc::clone(&before.way)),
            ahead: before.map_or_else(Arc::default, |before| Arc::clone(&before.ahead)),
        }
    }

    /// Notes what the platform's clock says while ours says `now`.
    pub(super) fn note_time(&self, theirs: UtcMillis, now: UtcMillis) {
        if theirs.since(now).max(now.since(theirs)) <= SKEW_MOST {
            self.ahead.store(theirs.as_millis() - now.as_millis(), Ordering::Relaxed);
        }
    }

    /// What the platform's clock said when ours said `then`, as far as known.
    pub(super) fn at_platform(&self, then: UtcMillis) -> UtcMillis {
        UtcMillis::from_millis(then.as_millis().saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// From when on the platform lists a run that was started at `since` or later by our clock. Early enough for clocks
    /// that differ by minutes and are not known to.
    pub(super) fn list_from(&self, since: UtcMillis) -> UtcMillis {
        since.min(self.at_platform(since)).minus(limits::ACTOR_LIST_BEFORE)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn credential(token: &str, origin: &str) -> ActorCredential {
        ActorCredential {
            name: "apify".parse().unwrap(),
            token: Secret::new(token),
            origin: origin.parse().unwrap(),
            grant: NetGrant::default(),
        }
    }

    #[test]
    fn a_new_token_keeps_its_pace_and_a_new_origin_does_not() {
        let credentials = Credentials::default();
        let name = "apify".parse().unwrap();
        let failure = credentials.get(&name).err().unwrap();
        assert_eq!(failure.class, Class::Credential);
        assert!(failure.message.contains("[credentials.apify]"), "{}", failure.message);
        credentials.replace(vec![credential("first-token", DEFAULT_ORIGIN)]);
        let first = credentials.get(&name).unwrap();
        credentials.replace(vec![credential("second-token", DEFAULT_ORIGIN)]);
        let second = credentials.get(&name).unwrap();
        assert!(Arc::ptr_eq(&first.way, &second.way));
        assert!(second.secrets[0].value == Secret::new("second-token").bearer());
        credentials.replace(vec![credential("second-token", "http://127.0.0.1:8080")]);
        assert!(!Arc::ptr_eq(&first.way, &credentials.get(&name).unwrap().way));
        credentials.replace(Vec::new());
        assert!(credentials.get(&name).is_err());
    }

    #[test]
    fn the_window_covers_both_clocks() {
        let credentials = Credentials::default();
        credentials.replace(vec![credential("first-token", DEFAULT_ORIGIN)]);
        let held = credentials.get(&"apify".parse().unwrap()).unwrap();
        let time = |text: &str| UtcMillis::parse(text).unwrap();
        let (noon, hours) = (time("2026-11-22T12:00:00Z"), time("2026-11-22T10:00:00Z"));
        assert_eq!(held.list_from(noon), time("2026-11-22T11:45:00Z"));
        held.note_time(hours, noon);
        assert_eq!(held.list_from(noon), time("2026-11-22T09:45:00Z"));
        held.note_time(noon, hours);
        assert_eq!(held.list_from(hours), time("2026-11-22T09:45:00Z"));
        held.note_time(time("1999-11-22T10:00:00Z"), noon);
        assert_eq!(held.at_platform(hours), noon);
    }
}
