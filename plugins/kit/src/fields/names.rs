//! The names known in one object, found at once.
//!
//! Owns: the table from a name to its number. An element has far more members than a plugin knows, so a name that is not
//! known has to cost next to nothing: names are told apart by their first and last eight bytes, which for names of up to
//! sixteen bytes are all there is, and stand in a table by a hash of those. Must not know: what a name stands for.

/// What tells names apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    head: u64,
    tail: u64,
    length: usize,
}

impl Mark {
    #[inline]
    fn of(name: &[u8]) -> Self {
        let length = name.len();
        let (head, tail) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
                (Some(head), Some(tail)) => {
                    (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)))
                }
                _ => (name.iter().fold(0, |head, byte| head << 8 | u64::from(*byte)), 0),
            },
        };
        Self { head, tail, length }
    }

    /// Whether a name of this mark is the only one.
    const fn is_whole(self) -> bool {
        self.length <= 16
    }

    #[inline]
    fn hash(self) -> u64 {
        // Knuth's multiplier: the upper bits of the product depend on all of the lower ones.
        let mixed = self.head ^ self.tail.rotate_left(23) ^ (self.length as u64).rotate_left(59);
        (mixed ^ mixed >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Names by number, from 0 in the order in which they came.
#[derive(Debug)]
pub(super) struct Names {
    known: Vec<(Mark, Box<str>)>,
    /// By the upper bits of the hash: the number of a name plus one, 0 for none. At most half full.
    table: Vec<u16>,
    shift: u32,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { known: Vec::new(), table: vec![0; 4], shift: 62 }
    }

    /// The number of a name.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let mark = Mark::of(name.as_bytes());
        let mut place = self.place(mark);
        loop {
            let number = usize::from(*self.table.get(place)?).checked_sub(1)?;
            let (known, text) = self.known.get(number)?;
            if *known == mark && (mark.is_whole() || **text == *name) {
                return Some(number);
            }
            place = (place + 1) & (self.table.len() - 1);
        }
    }

    /// The number of a name, which is new if it was not known.
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.find(name) {
            return number;
        }
        self.known.push((Mark::of(name.as_bytes()), name.into()));
        if self.known.len() * 2 > self.table.len() {
            self.shift -= 1;
            self.table = vec![0; self.table.len() * 2];
            for number in 0..self.known.len() {
                self.enter(number);
            }
        } else {
            self.enter(self.known.len() - 1);
        }
        self.known.len() - 1
    }

    fn enter(&mut self, number: usize) {
        let Some((mark, _)) = self.known.get(number) else { return };
        let mut place = self.place(*mark);
        while self.table.get(place).is_some_and(|taken| *taken != 0) {
            place = (place + 1) & (self.table.len() - 1);
        }
        if let Some(free) = self.table.get_mut(place) {
            *free = u16::try_from(number + 1).unwrap_or_default();
        }
    }

    #[inline]
    fn place(&self, mark: Mark) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "below the length of the table")]
        let place = (mark.hash() >> self.shift) as usize;
        place
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_have_the_numbers_of_their_order(
            names in prop::collection::vec("[ab]{0,20}", 0..80),
            others in prop::collection::vec("[ab]{0,20}|.{0,20}", 0..80),
        ) {
            let mut table = Names::new();
            let mut model: BTreeMap<&str, usize> = BTreeMap::new();
            for name in &names {
                let number = model.len();
                let number = *model.entry(name).or_insert(number);
                prop_assert_eq!(table.number(name), number);
            }
            for name in names.iter().chain(&others) {
                prop_assert_eq!(table.find(name), model.get(name.as_str()).copied(), "{}", name);
            }
        }
    }
}
