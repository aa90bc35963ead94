//! Texts and URLs made comparable, by the rules of the corpus.
//!
//! Owns: those rules. Called by the comparisons beside it.

use sha2::{Digest, Sha256};
use tidegate_plugin_kit::uri;

/// Without white space, zero-width space, byte order mark and C0 controls: two readers agree if they keep the same words.
pub(super) fn squash(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{feff}') && *c >= ' ').collect()
}

/// SHA-256 of the squashed text, in hex.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(squash(text)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The words of markup, squashed.
pub(super) fn words(markup: &str) -> String {
    squash(&tidegate_plugin_rss::html::plain(markup))
}

/// A URL with scheme and host in lower case and without a last `/`.
pub(super) fn url(text: &str) -> String {
    let text = text.trim();
    let parts = uri::split(text);
    let whole = match (parts.scheme, parts.authority) {
        (Some(scheme), Some(authority)) => {
            let head = scheme.len() + 3 + authority.len();
            format!("{}://{}{}", scheme.to_lowercase(), authority.to_lowercase(), &text[head..])
        }
        _ => text.to_owned(),
    };
    whole.strip_suffix('/').unwrap_or(&whole).to_owned()
}

/// Whether two URLs are the same, the expected one perhaps relative to the document's.
pub(super) fn same_url(ours: &str, expected: &str, document_url: &str) -> bool {
    let ours = url(ours);
    ours == url(expected) || ours == url(&uri::resolve(document_url, expected).replace(' ', "%20"))
}
