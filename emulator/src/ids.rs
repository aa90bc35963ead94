//! Ids of Apify: 17 letters and digits.
//!
//! Owns: the type, and how ids follow from the seed. Called by `world`, and by all who look something up.

use serde::{Serialize, Serializer};

use crate::dice::Dice;

/// An id of a run, a dataset or a key-value store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id([u8; 17]);

impl Id {
    /// The id of the `number`th thing of a kind.
    pub(crate) fn nth(seed: u64, kind: &str, number: u32) -> Self {
        let letters = Dice::new(seed).of(kind).at(u64::from(number)).letters(17);
        Self::parse(&letters).unwrap_or(Self([b'0'; 17]))
    }

    /// `None` where it cannot be an id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 17] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    pub(crate) fn as_str(&self) -> &str {
        // Checked when it was made.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
