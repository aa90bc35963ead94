//! A pinned component: the one whose bytes have this SHA-256.
//!
//! Owns: the written form, `sha256:` and 64 hexadecimal digits. Must not know: how digests are made. Read from profiles;
//! asked by the eligibility rules and by whoever looks a plugin up for a profile.

use core::fmt;
use core::str::FromStr;

use serde::{Serialize, Serializer};

/// The digest of the one component a profile may use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin(String);

/// A text that is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the SHA-256 of a component: \"sha256:\" and 64 hexadecimal digits")]
pub struct NotAPin(String);

impl Pin {
    /// Its 64 digits, in lower case.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether a component with this digest is the pinned one.
    #[must_use]
    pub fn is(&self, digest: &str) -> bool {
        self.0.eq_ignore_ascii_case(digest)
    }
}

impl FromStr for Pin {
    type Err = NotAPin;

    /// With `sha256:` or without it, as `plugin list` and `sha256sum` print it.
    fn from_str(text: &str) -> Result<Self, NotAPin> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(digits.to_ascii_lowercase()));
        }
        Err(NotAPin(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Serialize for Pin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn read_and_written() {
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let pin: Pin = format!("sha256:{}", digits.to_uppercase()).parse().unwrap();
        assert_eq!((pin.to_string(), pin.digits()), (format!("sha256:{digits}"), digits));
        assert_eq!(digits.parse::<Pin>().unwrap(), pin);
        assert!(pin.is(digits) && pin.is(&digits.to_uppercase()) && !pin.is(&digits.replace('b', "c")));
        for text in ["", "sha256:", "sha512:00", &digits[1..], &format!("g{}", &digits[1..]), &format!("{digits}0")] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }
}
