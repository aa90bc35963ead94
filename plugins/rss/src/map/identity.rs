//! The identity of an entry.
//!
//! Owns: the external id. It is what the feed calls its entry; where it calls it nothing, the page; where there is no page,
//! the file; and last a hash of the words. The id is taken as it is written, not resolved against the feed's URL, so that a
//! feed that moves keeps the identity of its entries. Never a position, a time of fetching, anything random.

use crate::limits;
use crate::model::Node;

/// The external id of an entry: stable over fetches, not empty, at most 1 KiB.
pub fn external_id(entry: &Node) -> String {
    let enclosure = || entry.links.iter().filter(|link| link.rel == "enclosure").find_map(|link| link.href.as_deref());
    let alternate = || entry.links.iter().filter(|link| link.rel == "alternate").find_map(|link| link.href.as_deref());
    let filled = |id: &&str| !id.trim().is_empty();
    let given = entry.id.as_deref().filter(filled).or(entry.link.as_deref().filter(filled));
    match given.or_else(alternate).or_else(enclosure).map(str::trim) {
        Some(id) if id.len() <= limits::EXTERNAL_ID_BYTES => id.to_owned(),
        Some(long) => format!("hash:{:032x}", hash([long])),
        None => {
            let text =
                |text: &Option<crate::model::Text>| text.as_ref().map(|t| t.value.to_string()).unwrap_or_default();
            let date =
                entry.published.as_ref().or(entry.updated.as_ref()).map(|stamp| stamp.raw.clone()).unwrap_or_default();
            let content = entry.contents.first().cloned();
            let parts = [text(&entry.title), date, text(&content.or_else(|| entry.summary.clone()))];
            format!("hash:{:032x}", hash(parts.iter().map(String::as_str)))
        }
    }
}

/// FNV-1a with 128 bits over the parts, each ended by a byte that text cannot hold. Written out here because stored
/// identities depend on it: it must never change.
fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Link, Markup, Text};

    #[test]
    fn what_stands_in_for_a_missing_id() {
        let mut entry =
            Node { title: Some(Text { value: "a".into(), markup: Markup::Plain, base: "".into() }), ..Node::default() };
        assert_eq!(external_id(&entry), "hash:69722162e0757277b806e9775a6d4aef");
        entry.links.push(Link {
            rel: "enclosure".into(),
            href: Some("https://e.example/a.mp3".into()),
            ..Link::default()
        });
        assert_eq!(external_id(&entry), "https://e.example/a.mp3");
        entry.link = Some("https://e.example/a".into());
        assert_eq!(external_id(&entry), "https://e.example/a");
        entry.id = Some(" 7 ".into());
        assert_eq!(external_id(&entry), "7");
        entry.id = Some("x".repeat(2_000));
        assert_eq!(external_id(&entry).len(), 37);
    }
}
