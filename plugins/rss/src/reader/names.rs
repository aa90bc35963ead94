//! Namespaces and element names.
//!
//! Owns: which element of which vocabulary a name means. Called by [`super`]. A prefix that is bound to a namespace nobody
//! knows, or to none at all, means what it usually means: feeds forget declarations.

use super::element::Element;
use crate::limits;

/// The vocabularies that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS, RDF's RSS, Atom: one vocabulary with few conflicts.
    Core,
    Content,
    Dublin,
    Terms,
    Itunes,
    Media,
    Rdf,
    Slash,
    Syndication,
    Thread,
    Wfw,
    Xhtml,
    Xml,
    Atom,
    Feedburner,
    History,
    Podcast,
    /// Known to be none of these.
    Other,
}

/// By namespace, in lower case as some feeds write them otherwise.
fn by_uri(uri: &str) -> Option<Space> {
    let lower = uri.trim().to_ascii_lowercase();
    if lower.contains("backend.userland.com/rss") {
        return Some(Space::Core);
    }
    Some(match lower.as_str() {
        ""
        | "http://blogs.law.harvard.edu/tech/rss"
        | "http://purl.org/rss/1.0/"
        | "http://my.netscape.com/rdf/simple/0.9/"
        | "http://channel.netscape.com/rdf/simple/0.9/"
        | "http://example.com/newformat#"
        | "http://example.com/necho"
        | "http://purl.org/echo/"
        | "uri/of/echo/namespace#"
        | "http://purl.org/pie/"
        | "http://purl.org/atom/ns#"
        | "http://www.w3.org/2005/atom"
        | "http://purl.org/rss/1.0/modules/rss091#" => Space::Core,
        "http://purl.org/rss/1.0/modules/content/" => Space::Content,
        "http://purl.org/dc/elements/1.1/" | "http://purl.org/dc/elements/1.0/" => Space::Dublin,
        "http://purl.org/dc/terms/" => Space::Terms,
        "http://www.itunes.com/dtds/podcast-1.0.dtd" | "http://example.com/dtds/podcast-1.0.dtd" => Space::Itunes,
        "http://search.yahoo.com/mrss" | "http://search.yahoo.com/mrss/" => Space::Media,
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#" => Space::Rdf,
        "http://purl.org/rss/1.0/modules/slash/" => Space::Slash,
        "http://purl.org/rss/1.0/modules/syndication/" => Space::Syndication,
        "http://purl.org/syndication/thread/1.0" | "http://purl.org/rss/1.0/modules/threading/" => Space::Thread,
        "http://wellformedweb.org/commentapi/" => Space::Wfw,
        "http://www.w3.org/1999/xhtml" => Space::Xhtml,
        "http://www.w3.org/xml/1998/namespace" => Space::Xml,
        "http://rssnamespace.org/feedburner/ext/1.0" => Space::Feedburner,
        "http://purl.org/syndication/history/1.0" => Space::History,
        "https://podcastindex.org/namespace/1.0" => Space::Podcast,
        "http://www.w3.org/2000/svg"
        | "http://www.w3.org/1998/math/mathml"
        | "http://schemas.google.com/g/2005"
        | "http://a9.com/-/spec/opensearch/1.1/"
        | "http://webns.net/mvcb/" => Space::Other,
        _ => return None,
    })
}

/// By the prefix everybody uses.
fn by_prefix(prefix: &str) -> Space {
    match prefix.to_ascii_lowercase().as_str() {
        "" => Space::Core,
        "atom" | "atom10" => Space::Atom,
        "content" => Space::Content,
        "dc" => Space::Dublin,
        "dcterms" => Space::Terms,
        "itunes" => Space::Itunes,
        "media" => Space::Media,
        "rdf" => Space::Rdf,
        "slash" => Space::Slash,
        "sy" => Space::Syndication,
        "thr" => Space::Thread,
        "wfw" => Space::Wfw,
        "xhtml" => Space::Xhtml,
        "xml" => Space::Xml,
        "feedburner" => Space::Feedburner,
        "fh" => Space::History,
        "podcast" => Space::Podcast,
        _ => Space::Other,
    }
}

/// The bindings in force.
#[derive(Debug, Default)]
pub(super) struct Bindings<'t> {
    bound: Vec<(&'t str, Space)>,
}

impl<'t> Bindings<'t> {
    /// How many there are, for [`Self::shrink`].
    pub(super) fn len(&self) -> usize {
        self.bound.len()
    }

    /// Forgets all but the first `length`.
    pub(super) fn shrink(&mut self, length: usize) {
        self.bound.truncate(length);
    }

    /// Binds a prefix ("" for the default namespace).
    pub(super) fn bind(&mut self, prefix: &'t str, uri: &str) {
        if self.bound.len() >= limits::BINDINGS {
            return;
        }
        self.bound.push((prefix, by_uri(uri).unwrap_or_else(|| by_prefix(prefix))));
    }

    /// The vocabulary of a prefix.
    pub(super) fn space(&self, prefix: &str) -> Space {
        let bound = self.bound.iter().rev().find(|(known, _)| *known == prefix);
        bound.map_or_else(|| by_prefix(prefix), |(_, space)| *space)
    }

    /// Whether a prefix is bound, or needs no binding.
    pub(super) fn knows(&self, prefix: &str) -> bool {
        prefix.is_empty() || prefix == "xml" || self.bound.iter().any(|(known, _)| *known == prefix)
    }
}

/// Splits `prefix:local`.
pub(super) fn parts(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The element that a local name (any case) of a vocabulary means.
pub(super) fn element(space: Space, local: &str) -> Element {
    let mut buffer = [0_u8; 24];
    let Some(lower) = buffer.get_mut(..local.len()) else { return Element::Unknown };
    lower.copy_from_slice(local.as_bytes());
    lower.make_ascii_lowercase();
    let Ok(lower) = std::str::from_utf8(lower) else { return Element::Unknown };
    Element::of(space, lower)
}
