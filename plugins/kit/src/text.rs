//! Texts of items: how long they may be, alone and together.
//!
//! Owns: cutting at the end of a character, and [`Room`], which a batch has for all of them. Must not know: markup (`html` does), or
//! what a text is for. Called by plugins for each item in order.

use crate::limits;

/// Cuts a text to at most `bytes` bytes, at the end of a character.
#[must_use]
pub fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
    }
    text
}

/// The text, if there is any.
#[must_use]
pub fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// How many bytes of texts a batch may still take: an answer that is too large is a fault, and all of it is lost.
#[derive(Debug)]
pub struct Room {
    left: usize,
    overdrawn: usize,
    /// Texts that were left out.
    pub shortened: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: limits::BATCH_BYTES, overdrawn: 0, shortened: 0 }
    }
}

impl Room {
    /// Takes a text if there is room for it, and counts it if there is none.
    pub fn take(&mut self, text: Option<String>) -> Option<String> {
        text.filter(|text| self.has(text.len()))
    }

    /// Takes so many bytes if there is room for them; if there is none, counts what they are for as left out.
    pub fn has(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        self.shortened += usize::from(left.is_none());
        left.is_some()
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Leaves out of a list what there is no room for, and counts it.
    pub fn fit<T>(&mut self, list: &mut Vec<T>, cost: impl Fn(&T) -> usize) {
        list.retain(|one| self.has(cost(one)));
    }

    /// Bytes that were taken without there being room for them.
    pub fn overdrawn(&self) -> usize {
        self.overdrawn
    }

    /// Takes what has no text of its own: ids, records.
    pub fn spend(&mut self, bytes: usize) {
        self.overdrawn = self.overdrawn.saturating_add(bytes.saturating_sub(self.left));
        self.left = self.left.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        for (text, bytes, expected) in
            [("äöü", 3, "ä"), ("äöü", 4, "äö"), ("äöü", 6, "äöü"), ("a", 0, ""), ("€", 2, "")]
        {
            assert_eq!(cut(text.to_owned(), bytes), expected, "{text} {bytes}");
        }
    }

    #[test]
    fn what_no_longer_fits_is_left_out_and_counted() {
        let mut room = Room::default();
        room.spend(limits::BATCH_BYTES - 5);
        let given = [Some("abc".to_owned()), None, Some("abc".to_owned()), Some("ab".to_owned()), Some("a".to_owned())];
        let taken = given.map(|text| room.take(text));
        assert_eq!(taken, [Some("abc".to_owned()), None, None, Some("ab".to_owned()), None]);
        assert_eq!((room.shortened, room.left(), room.overdrawn()), (2, 0, 0));
        let mut list = vec![0, 1, 0];
        room.fit(&mut list, |bytes| *bytes);
        assert_eq!((list, room.shortened), (vec![0, 0], 3));
        room.spend(7);
        assert_eq!((room.left(), room.overdrawn()), (0, 7));
    }
}
