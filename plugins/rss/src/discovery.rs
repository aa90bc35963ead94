//! From a web page to the feed it names.
//!
//! Owns: reading `<link rel="alternate">` and `<base>` of a page. Called by [`crate::answer`] when an answer is no feed.
//! Feeds are given in the order of the page: the first is the one its author means.

use tidegate_plugin_kit::uri;

use crate::decode::Media;
use crate::limits;
use crate::tokenize::{Entities, Token, Tokenizer, decode_into};

/// A feed a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Absolute.
    pub url: String,
    /// Media type as written, in lower case.
    pub kind: String,
    /// Title as written.
    pub title: Option<String>,
}

/// Whether a text is a web page, by its beginning and content type.
pub fn is_page(text: &str, media: &Media) -> bool {
    let head: String = text.trim_start().chars().take(2_048).collect::<String>().to_ascii_lowercase();
    head.starts_with("<!doctype html")
        || head.contains("<html")
        || head.contains("<head")
        || (media.is_html() && head.contains('<'))
}

/// The feeds a page that came from `page_url` names.
pub fn feeds(text: &str, page_url: &str) -> Vec<Found> {
    let mut end = text.len().min(limits::DISCOVERY_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut tokens = Tokenizer::new(&text[..end]);
    let mut base = page_url.to_owned();
    let mut found: Vec<Found> = Vec::new();
    while let Some(token) = tokens.next_token() {
        let Token::Start { name, .. } = token else { continue };
        if name.eq_ignore_ascii_case("base") {
            if let Some(href) = attribute(&tokens, "href").filter(|href| !href.trim().is_empty()) {
                base = uri::resolve(page_url, &href);
            }
        } else if name.eq_ignore_ascii_case("link")
            && found.len() < limits::DISCOVERED
            && let Some(feed) = link(&tokens, &base).filter(|feed| found.iter().all(|known| known.url != feed.url))
        {
            found.push(feed);
        }
    }
    found
}

fn attribute(tokens: &Tokenizer<'_>, name: &str) -> Option<String> {
    let attribute = tokens.attributes().iter().find(|a| a.name.eq_ignore_ascii_case(name))?;
    let mut value = String::new();
    decode_into(attribute.value, &Entities::default(), &mut value);
    Some(value)
}

fn link(tokens: &Tokenizer<'_>, base: &str) -> Option<Found> {
    let rel = attribute(tokens, "rel")?;
    let rels = rel.split_ascii_whitespace().map(str::to_ascii_lowercase);
    let (alternate, feed) = rels.fold((false, false), |(a, f), rel| (a || rel == "alternate", f || rel == "feed"));
    let kind = attribute(tokens, "type").unwrap_or_default().trim().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let by_type = matches!(
        kind.as_str(),
        "application/atom+xml"
            | "application/rss+xml"
            | "application/rdf+xml"
            | "application/feed+json"
            | "application/x.atom+xml"
            | "application/x-atom+xml"
            | "application/json"
            | "text/xml"
            | "application/xml"
            | "text/rss+xml"
            | "text/atom+xml"
    );
    let href = attribute(tokens, "href").filter(|href| !href.trim().is_empty())?;
    let is_oembed = kind == "application/json" && (href.contains("oembed") || href.contains("wp-json"));
    if !((alternate && by_type && !is_oembed) || (feed && (by_type || kind.is_empty()))) {
        return None;
    }
    let url = uri::resolve(base, &href);
    uri::is_http(&url).then(|| Found { url, kind, title: attribute(tokens, "title") })
}
