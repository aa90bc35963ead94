//! Writing feeds: RSS 2.0, Atom 1.0, JSON Feed 1.1, RDF (RSS 1.0).
//!
//! Owns: the four forms of one channel. Must not know: where its entries come from. Called by the demo, the load and the
//! faults.

mod atom;
mod json;
mod rdf;
mod rss;

use jiff::Timestamp;

/// The form in which a feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Rss,
    Atom,
    Json,
    Rdf,
}

/// A feed, newest entry first.
pub(crate) struct Channel {
    pub(crate) title: String,
    pub(crate) about: String,
    /// The page for people.
    pub(crate) home: String,
    /// The feed's own address.
    pub(crate) own: String,
    pub(crate) author: String,
    pub(crate) updated: Timestamp,
    pub(crate) entries: Vec<Entry>,
}

/// One entry. `link` is also its `rdf:about`; the other forms carry `id`.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) link: String,
    pub(crate) title: String,
    pub(crate) html: String,
    pub(crate) author: String,
    pub(crate) published: Timestamp,
    pub(crate) tags: Vec<String>,
}

impl Format {
    /// The `Content-Type`.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json",
            Self::Rdf => "application/rdf+xml; charset=utf-8",
        }
    }

    /// The type as an HTML page's `<link rel="alternate">` names it.
    pub(crate) fn link_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
            Self::Rdf => "application/rdf+xml",
        }
    }

    pub(crate) fn write(self, channel: &Channel) -> String {
        match self {
            Self::Rss => rss::write(channel),
            Self::Atom => atom::write(channel),
            Self::Json => json::write(channel),
            Self::Rdf => rdf::write(channel),
        }
    }
}

/// Text for element content and quoted attributes of XML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// `Sun, 01 Nov 2026 06:00:00 +0000`, as RSS wants it (RFC 822 with the year of RFC 2822).
pub(crate) fn rfc822(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Channel, Entry, Format, escape};
    use jiff::Timestamp;

    fn channel() -> Channel {
        let at = Timestamp::from_second(1_793_512_800).unwrap();
        let entry = Entry {
            id: "tag:x,2026:1".to_owned(),
            link: "https://x.example/1?a=1&b=2".to_owned(),
            title: "Salt & <light>".to_owned(),
            html: "<p>\"Quoted\" &amp; ]]> bold</p>".to_owned(),
            author: "Ada & Bo".to_owned(),
            published: at,
            tags: vec!["sea & shore".to_owned()],
        };
        Channel {
            title: "A & B".to_owned(),
            about: "<about>".to_owned(),
            home: "https://x.example/".to_owned(),
            own: "http://127.0.0.1/x?y&z".to_owned(),
            author: "Ada".to_owned(),
            updated: at,
            entries: vec![entry],
        }
    }

    #[test]
    fn every_xml_form_is_well_formed_and_carries_the_entry() {
        for format in [Format::Rss, Format::Atom, Format::Rdf] {
            let text = format.write(&channel());
            let mut reader = quick_xml::Reader::from_str(&text);
            while reader.read_event().map_err(|error| format!("{format:?}: {error}\n{text}")).unwrap()
                != quick_xml::events::Event::Eof
            {}
            assert!(text.contains("Salt &amp; &lt;light&gt;"), "{text}");
            assert!(text.contains("https://x.example/1?a=1&amp;b=2"), "{text}");
        }
    }

    #[test]
    fn the_json_form_is_a_json_feed() {
        let value: serde_json::Value = serde_json::from_str(&Format::Json.write(&channel())).unwrap();
        assert_eq!(value["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(value["items"][0]["id"], "tag:x,2026:1");
        assert_eq!(value["items"][0]["date_published"], "2026-11-01T06:00:00Z");
    }

    #[test]
    fn escapes_what_xml_reserves() {
        assert_eq!(escape("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    }
}
