//! The credentials that requests of profiles carry.
//!
//! Owns: their values and origins by name, exchanged while the daemon runs, and what a profile's request is sent with. Must not know:
//! where values are from. Made by the composition root, asked by the engine's port for each request.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderName;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::fetch::Origin;
use tidegate_core::id::CredentialName;
use tidegate_core::profile::{Carried, NetCredential};

use super::secret::{Carrier, Credential, Secret};

/// A value with the one origin that gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The name profiles give it.
    pub name: CredentialName,
    /// The value.
    pub value: Secret,
    /// The only origin that gets it.
    pub origin: Origin,
}

/// All that there are. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    known: Arc<RwLock<HashMap<CredentialName, Key>>>,
}

impl Keys {
    /// These.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        let known = Self::default();
        known.replace(keys);
        known
    }

    /// Puts these in the place of all others; requests under way keep what they have.
    pub fn replace(&self, keys: Vec<Key>) {
        let fresh = keys.into_iter().map(|key| (key.name.clone(), key)).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// What a request of a profile is sent with.
    ///
    /// # Errors
    /// `credential` if it has no value: a request without it would be refused, and counted against the source.
    pub(super) fn of(&self, wanted: &NetCredential) -> Result<Credential, Failure> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let name = &wanted.name;
        let Some(key) = known.get(name) else {
            let message =
                format!("the credential {:?} has no value: say in [credentials.{name}] where it is", name.as_str());
            return Err(Failure::new(Class::Credential, message));
        };
        let (carrier, value) = match &wanted.carried {
            Carried::Query { query } => (Carrier::Query(query.clone()), key.value.clone()),
            Carried::Header { header, prefix } => {
                let header = HeaderName::from_bytes(header.as_bytes()).map_err(|_| {
                    Failure::new(Class::Config, "net.credential.header is no name of a header field".to_owned())
                })?;
                (Carrier::Header(header), key.value.behind(prefix))
            }
        };
        Ok(Credential { origin: key.origin.clone(), carrier, value })
    }
}
