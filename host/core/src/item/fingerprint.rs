//! A fingerprint of an item's content: 64 bits of FNV-1a (RFC 9923), stable over versions and machines.
//!
//! Owns: which fields count as content. Must not know: why it is asked. Called by `accept`. Not a defence against
//! anybody: a source that forges collisions only hides its own edits.

use super::{Detail, Item};

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

struct Fnv(u64);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        // Eight bytes a step: this runs over every byte that is ingested.
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.iter().rev().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
            self.0 = (self.0 ^ word).wrapping_mul(PRIME).rotate_left(23);
        }
        for byte in chunks.remainder() {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.bytes(&[0xff]),
            Some(text) => {
                self.bytes(text.as_bytes());
                // The length keeps "ab" + "c" and "a" + "bc" apart.
                self.bytes(&(text.len() as u64).to_le_bytes());
            }
        }
    }
}

/// The fingerprint of an item's content, metrics and fingerprint field left out.
///
/// The URLs of media are left out too where they say when they expire: signed links change with every fetch.
pub(super) fn of(item: &Item) -> u64 {
    let mut fnv = Fnv(OFFSET);
    fnv.text(Some(&item.kind));
    for text in [&item.url, &item.title, &item.text, &item.html, &item.summary] {
        fnv.text(text.as_deref());
    }
    for time in [item.published_at, item.updated_at] {
        fnv.bytes(&time.map_or(i64::MIN, crate::time::UtcMillis::as_millis).to_le_bytes());
    }
    detail(&mut fnv, &item.detail);
    fnv.0
}

fn detail(fnv: &mut Fnv, detail: &Detail) {
    for author in &detail.authors {
        for text in [&author.handle, &author.id, &author.name] {
            fnv.text(text.as_deref());
        }
    }
    for media in &detail.media {
        fnv.text(Some(&media.role));
        fnv.text(media.expires_at.is_none().then_some(media.url.as_str()));
    }
    for reference in &detail.references {
        fnv.text(reference.external_id.as_deref());
        fnv.text(reference.url.as_deref());
    }
    for tag in &detail.tags {
        fnv.text(Some(tag));
    }
    fnv.text(detail.language.as_deref());
    if !detail.data.is_null() {
        // serde_json keeps keys sorted, so equal objects print equal.
        fnv.text(Some(&detail.data.to_string()));
    }
}
