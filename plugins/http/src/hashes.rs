//! Short hashes of texts, in the order they came, written as one text.
//!
//! Owns: the form (36 bits, six letters each) and the bound. Must not know: what is hashed. Called by [`crate::state`] and
//! [`crate::place`], where a run or a source has to remember what it has seen in few bytes.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fields::hash;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WIDTH: usize = 6;

/// Hashes of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    order: Vec<u64>,
    known: BTreeSet<u64>,
}

/// The hash of a text: 36 bits, each of which depends on every letter (the finalizer of splitmix64).
fn short(text: &str) -> u64 {
    let long = hash([text]);
    let folded = u64::try_from((long ^ long >> 64) & u128::from(u64::MAX)).unwrap_or_default();
    let mixed = (folded ^ folded >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ mixed >> 31) >> 28
}

impl Hashes {
    /// Whether a text's is among them.
    pub fn has(&self, text: &str) -> bool {
        self.known.contains(&short(text))
    }

    /// Adds a text's, as long as there are fewer than `most`. True if it was not there.
    pub fn add(&mut self, text: &str, most: usize) -> bool {
        let hash = short(text);
        if self.known.contains(&hash) {
            return false;
        }
        if self.order.len() < most {
            self.known.insert(hash);
            self.order.push(hash);
        }
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let letter = |bits: u64| char::from(LETTERS[usize::try_from(bits & 63).unwrap_or_default()]);
        let places = [30, 24, 18, 12, 6, 0];
        let text: String = self.order.iter().flat_map(|hash| places.map(|place| letter(hash >> place))).collect();
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Hashes {
    /// What is no hash is left out: a state is the plugin's own, and an odd one must not stop a source.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bits = |letter: &u8| LETTERS.iter().position(|known| known == letter).and_then(|at| u64::try_from(at).ok());
        let one = |letters: &[u8]| letters.iter().try_fold(0, |hash, letter| Some(hash << 6 | bits(letter)?));
        let order: Vec<u64> = text.as_bytes().chunks_exact(WIDTH).filter_map(one).collect();
        let known = order.iter().copied().collect();
        Ok(Self { order, known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_survive_and_are_bounded() {
        let mut hashes = Hashes::default();
        assert!(hashes.add("a", 2) && hashes.add("b", 2) && !hashes.add("a", 2));
        assert!(hashes.add("c", 2) && !hashes.has("c"), "there is no room for a third");
        let text = serde_json::to_string(&hashes).unwrap_or_default();
        assert_eq!(text.len(), 2 * WIDTH + 2);
        let again: Hashes = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(again, hashes);
        assert!(again.has("a") && again.has("b") && !again.has("d"));
        let mut many = Hashes::default();
        assert!((0..20_000).all(|number: u32| many.add(&number.to_string(), 20_000)), "no two of the first ids meet");
        assert!(serde_json::from_str::<Hashes>("\"!!!!!!AB\"").is_ok_and(|odd| odd.is_empty()));
    }
}
