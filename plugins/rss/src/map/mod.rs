//! From a feed as read to the contract's batch.
//!
//! Owns: which value of a feed becomes which field, and the contract's limits. Must not know: how a feed is written, HTTP.
//! Called by [`crate::answer`].

mod extra;
mod facts;
mod identity;
mod item;
mod media;

pub use extra::of_batch;
pub use facts::{facts, newest};
pub use identity::external_id;
pub use item::item;

use tidegate_plugin_kit::text::{cut, filled};
use tidegate_plugin_kit::uri;

use crate::html;
use crate::limits;
use crate::model::{Markup, Text};

/// Whether a text is a URL that an item may carry: absolute, of a scheme that leads somewhere, not too long.
pub fn is_url(text: &str) -> bool {
    const SCHEMES: [&str; 12] =
        ["http", "https", "ftp", "gopher", "irc", "ircs", "magnet", "mailto", "news", "nntp", "rtsp", "xmpp"];
    let known = uri::scheme(text).is_some_and(|scheme| SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    known && text.len() <= limits::URL_BYTES && !text.chars().any(|c| c.is_control() || c == ' ')
}

/// A URL of a document: with blanks encoded, as feeds forget it; none if it leads nowhere.
fn url(text: &str) -> Option<String> {
    let text = text.trim();
    let url = if text.contains(' ') { text.replace(' ', "%20") } else { text.to_owned() };
    is_url(&url).then_some(url)
}

/// A text on one line, at most `bytes` long; none if nothing is left.
fn line(text: &Text, bytes: usize) -> Option<String> {
    let line = match text.markup {
        Markup::Plain => html::fold(&text.value),
        Markup::Html => html::plain(&text.value),
    };
    filled(cut(line, bytes))
}
