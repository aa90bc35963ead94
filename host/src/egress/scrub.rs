//! What a server says back of a credential it was sent.
//!
//! Owns: finding it in answers, addresses and messages, and taking it out before a plugin, a page that is kept, an item or a log can
//! hold it. Must not know: requests; which texts give it away (`spelled`). Called by the fetch for each answer it hands over, for each
//! redirect, and for what it says of a failure.
//!
//! Where it stood is [`HIDDEN`]: an address that a server gives (its next page) can be asked for all the same, as the parameter with that
//! value is taken for the credential's own (`chain`).

use core::ops::Range;

use memchr::memmem::Finder;
use tidegate_core::fetch::HIDDEN;
use tidegate_core::limits;

use super::secret::Credential;
use super::spelled;
use super::undone::{Undone, undone};

/// What is looked for.
pub(super) struct Scrub {
    /// With the length of what stands in front of the secret and is none.
    sought: Vec<(Finder<'static>, usize)>,
    /// The values themselves, for where an accident would make an escape of their first letters: `100%3f9a`.
    plain: Vec<Finder<'static>>,
    /// The longest of them in bytes.
    longest: usize,
}

impl Scrub {
    /// For these credentials.
    pub(super) fn of<'a>(credentials: impl IntoIterator<Item = &'a Credential>) -> Self {
        let (mut sought, mut plain) = (Vec::new(), Vec::new());
        for credential in credentials {
            sought.extend(spelled::of(credential));
            let values =
                credential.value.sought().into_iter().filter(|value| value.len() >= limits::SECRET_BYTES_LEAST);
            plain.extend(values.map(|value| Finder::new(&value).into_owned()));
        }
        let longest = sought.iter().map(|sought| sought.text.len()).max().unwrap_or(0);
        let sought = sought.iter().map(|sought| (Finder::new(&sought.text).into_owned(), sought.public)).collect();
        Self { sought, plain, longest }
    }

    /// Whether it stands there.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        !self.found(text.as_bytes()).is_empty()
    }

    /// Takes it out of a text.
    pub(super) fn text(&self, text: &mut String) {
        let found = self.found(text.as_bytes());
        if !found.is_empty() {
            *text = String::from_utf8_lossy(&without(text.as_bytes(), &found)).into_owned();
        }
    }

    /// Takes it out of a body.
    pub(super) fn bytes(&self, body: Vec<u8>) -> Vec<u8> {
        let found = self.found(&body);
        if found.is_empty() { body } else { without(&body, &found) }
    }

    /// `text` without it, and without its beginning where the text was cut off (`…`): what quotes an answer cuts first.
    pub(super) fn message(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.text(&mut text);
        let mut clean = String::with_capacity(text.len());
        for piece in text.split_inclusive('…') {
            let Some((before, start)) = piece.strip_suffix('…').and_then(|before| Some((before, self.begins(before)?)))
            else {
                clean.push_str(piece);
                continue;
            };
            clean.push_str(before.get(..start).unwrap_or_default());
            clean.push_str(HIDDEN);
            clean.push('…');
        }
        clean
    }

    /// Where it begins, if `text` ends within it.
    fn begins(&self, text: &str) -> Option<usize> {
        let all = undone(text.as_bytes());
        // The cut may have gone through an escape.
        let tail = memchr::memrchr(b'%', all.bytes()).filter(|at| at + 2 >= all.bytes().len());
        let end = tail.unwrap_or(all.bytes().len());
        let (bytes, _) = all.bytes().split_at(end);
        let beginnings = self.sought.iter().filter_map(|(finder, public)| {
            let lengths = (public + BEGINNING..finder.needle().len()).rev();
            let length = lengths.into_iter().find(|length| bytes.ends_with(&finder.needle()[..*length]))?;
            Some(all.stood(end - length + public, end).start)
        });
        beginnings.min()
    }

    /// Where it stands: ranges that do not overlap, in order.
    fn found(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.sought.is_empty() {
            return found;
        }
        for finder in &self.plain {
            found.extend(finder.find_iter(text).map(|at| at..at + finder.needle().len()));
        }
        // The first look is quick: nearly no text holds it, and only of one that does is asked where.
        let there =
            self.walk(text, false, |piece| self.sought.iter().any(|(one, _)| one.find(piece.bytes()).is_some()));
        if there {
            self.walk(text, true, |piece| {
                self.find(piece, &mut found);
                false
            });
        }
        found.sort_unstable_by_key(|range| range.start);
        found.dedup_by(|next, before| {
            let overlap = next.start < before.end;
            before.end = if overlap { before.end.max(next.end) } else { before.end };
            overlap
        });
        found
    }

    /// Looks at a text piece by piece, until `look` has seen enough; each piece begins with the end of the one before.
    fn walk(&self, text: &[u8], mapped: bool, mut look: impl FnMut(&Undone) -> bool) -> bool {
        let (mut piece, mut at) = (Undone::new(mapped), 0);
        while at < text.len() {
            at = piece.fill(text, at, self.longest + limits::SCRUB_BYTES);
            if look(&piece) {
                return true;
            }
            piece.keep(self.longest);
        }
        false
    }

    fn find(&self, piece: &Undone, found: &mut Vec<Range<usize>>) {
        for (finder, public) in &self.sought {
            let starts = finder.find_iter(piece.bytes());
            found.extend(starts.map(|at| piece.stood(at + public, at + finder.needle().len())));
        }
    }
}

/// So much of a secret's beginning gives something away.
const BEGINNING: usize = 4;

/// `text` with [`HIDDEN`] in these places.
fn without(text: &[u8], places: &[Range<usize>]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        clean.extend_from_slice(text.get(from..place.start).unwrap_or_default());
        // UTF-16 and UTF-32, not decoded yet: what stands there instead has to be of the same kind.
        let hidden = text.get(place.clone()).unwrap_or_default();
        let gap = hidden.iter().skip(1).take_while(|byte| **byte == 0).count();
        for (n, byte) in HIDDEN.bytes().enumerate() {
            clean.extend(std::iter::repeat_n(0, if n == 0 { 0 } else { gap }));
            clean.push(byte);
        }
        from = place.end;
    }
    clean.extend_from_slice(text.get(from..).unwrap_or_default());
    clean
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
#[path = "scrub_tests.rs"]
mod tests;
