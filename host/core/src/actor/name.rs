//! Names of actors, and ids the platform gives.
//!
//! Owns: their form. Both end up in the paths of URLs, so nothing gets through that could change one. Must not know: URLs.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// An actor as "user/name". Both parts are `[A-Za-z0-9._-]{1,64}` and neither is "." or "..".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ActorName(String);

/// A text that is not the name of an actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of an actor: write \"user/name\", for example \"apify/instagram-post-scraper\"")]
pub struct NotAnActor(String);

/// An id that the platform gave to a run or a dataset: `[A-Za-z0-9_-]{1,64}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RemoteId(String);

/// A text that is not a platform's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id of a run or dataset: 1 to 64 letters, digits, \"_\" and \"-\"")]
pub struct NotARemoteId(String);

fn part(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(word) && text != "." && text != ".."
}

impl ActorName {
    /// As "user/name".
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the platform's paths have it: "user~name".
    #[must_use]
    pub fn path(&self) -> String {
        self.0.replacen('/', "~", 1)
    }
}

impl FromStr for ActorName {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        match text.split_once('/') {
            Some((user, name)) if part(user) && part(name) => Ok(Self(text.to_owned())),
            _ => Err(NotAnActor(text.to_owned())),
        }
    }
}

impl RemoteId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RemoteId {
    type Err = NotARemoteId;

    fn from_str(text: &str) -> Result<Self, NotARemoteId> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARemoteId(text.chars().take(80).collect()))
        }
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
text!(ActorName, RemoteId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_change_a_path_is_a_name() {
        for good in ["apify/instagram-post-scraper", "a/b", "kaitoeasyapi/twitter-x.data_1"] {
            assert_eq!(good.parse::<ActorName>().map(|actor| actor.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "apify", "a/b/c", "../x", "a/..", "a b/c", "a/b?token=x", "a/b#c", "a%2f/b", "ä/b"] {
            assert!(bad.parse::<ActorName>().is_err(), "{bad}");
        }
        for bad in ["", "a/b", "..", "a?b", "x".repeat(65).as_str()] {
            assert!(bad.parse::<RemoteId>().is_err(), "{bad}");
        }
        assert_eq!(
            "HG7ML7M8z78YcAPEB".parse::<RemoteId>().map(|id| id.to_string()).as_deref(),
            Ok("HG7ML7M8z78YcAPEB")
        );
    }
}
