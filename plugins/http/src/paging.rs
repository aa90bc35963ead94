//! Further pages: where they are said to be, and where that is in a listing.
//!
//! Owns: the kinds of paging, positions, and the step from an answer to the next position. Must not know: how far a run goes
//! ([`crate::sweep`] decides that). Called by [`crate::answer`] and [`crate::request`].
//!
//! A listing ends where the answer says so or a page is empty. Totals are not believed, and neither is a page that is shorter than was
//! asked for: servers cap sizes, filter pages and count wrongly.

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::{HttpResponse, headers, links, uri};

use crate::envelope::Around;
use crate::pointer::Pointer;
use crate::{limits, url};

/// How further pages are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Paging {
    /// In which way.
    pub kind: Kind,
    /// Parameter (GraphQL: variable) of offset, page or cursor, where no placeholder is for it.
    pub parameter: String,
    /// Records of a page that are asked for.
    pub size: Option<u64>,
    /// Parameter (GraphQL: variable) of the size, where no placeholder is for it.
    pub size_parameter: String,
    /// Where an answer says whether more follows.
    pub more: Option<Pointer>,
    /// Hosts beside its own to which links may lead, in lower case.
    pub hosts: Vec<String>,
    /// Pages of one run.
    pub max_pages: u32,
    /// Seconds between two pages.
    pub delay_s: f64,
    /// Empty pages in a row, whose answers say that more follows, after which a run ends; twice as many are the end of the listing.
    pub empty_pages: u32,
}

/// Kinds of paging.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// There is one page.
    None,
    /// By the number of records before it.
    Offset {
        /// Of the first page.
        start: u64,
    },
    /// By its number.
    Page {
        /// Of the first page.
        start: u64,
    },
    /// By what the answer before it says.
    Cursor {
        /// Where in its body.
        next: Pointer,
    },
    /// The same in a header field.
    CursorHeader {
        /// In lower case.
        name: String,
    },
    /// By a link in the header (RFC 8288).
    LinkHeader {
        /// Its relation, in lower case.
        rel: String,
    },
    /// By a link in the body.
    LinkBody {
        /// Where.
        next: Pointer,
    },
}

/// Where in a listing a page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// At its beginning, where that needs no word.
    Start,
    /// Behind so many records.
    Offset(u64),
    /// The page of that number.
    Page(u64),
    /// Where this cursor is.
    Cursor(String),
    /// At this URL.
    Url(String),
}

impl Position {
    /// As text; two that are the same page give the same.
    pub fn written(&self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Offset(offset) => format!("o{offset}"),
            Self::Page(page) => format!("p{page}"),
            Self::Cursor(cursor) => format!("c{cursor}"),
            Self::Url(url) => format!("u{url}"),
        }
    }

    /// Whether an answer has named it.
    pub const fn is_told(&self) -> bool {
        matches!(self, Self::Cursor(_) | Self::Url(_))
    }
}

/// What an answer says about the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is there.
    At(Position),
    /// There is none.
    End,
    /// The answer contradicts itself: more follows, and nothing says where. For a person.
    Nowhere(String),
    /// It is said to be where it is not looked for. For a person.
    Refused(String),
}

impl Paging {
    /// Where a listing begins.
    pub const fn start(&self) -> Position {
        match self.kind {
            Kind::Offset { start } => Position::Offset(start),
            Kind::Page { start } => Position::Page(start),
            _ => Position::Start,
        }
    }

    /// Whether the answers themselves say where the next page is.
    pub const fn is_told(&self) -> bool {
        matches!(
            self.kind,
            Kind::Cursor { .. } | Kind::CursorHeader { .. } | Kind::LinkHeader { .. } | Kind::LinkBody { .. }
        )
    }

    /// Where the page after this one is. `at`: this one; `count`: its records; `around`: what its body says.
    pub fn next(&self, at: &Position, count: u64, around: &Around, response: &HttpResponse, endpoint: &str) -> Next {
        if around.more == Some(false) {
            return Next::End;
        }
        match self.named(at, count, around, response, endpoint) {
            Next::End if self.is_told() => self.nowhere(around).map_or(Next::End, Next::Nowhere),
            next => next,
        }
    }

    /// Why an answer that names no further page is no proof that there is none.
    fn nowhere(&self, around: &Around) -> Option<String> {
        let missing = match &self.kind {
            Kind::Cursor { next } => format!("\"{next}\" holds no cursor"),
            Kind::CursorHeader { name } => format!("the header field \"{name}\" holds no cursor"),
            Kind::LinkHeader { rel } => format!("there is no link \"{rel}\" in its header"),
            Kind::LinkBody { next } => format!("\"{next}\" holds no link"),
            Kind::None | Kind::Offset { .. } | Kind::Page { .. } => return None,
        };
        let more = self.more.as_ref().map(ToString::to_string).unwrap_or_default();
        if around.more == Some(true) {
            Some(format!(
                "the answer says that more follows, but {missing}; if that is how this API ends, leave \"more\" of the setting \
                 \"paging\" out"
            ))
        } else if around.mute {
            Some(format!("there is nothing at \"{more}\", where the answer says whether more follows, and {missing}"))
        } else {
            around.odd.then(|| format!("{missing}, but something else"))
        }
    }

    fn named(&self, at: &Position, count: u64, around: &Around, response: &HttpResponse, endpoint: &str) -> Next {
        match (&self.kind, at) {
            (Kind::None, _) => Next::End,
            (Kind::Offset { .. }, Position::Offset(_)) if count == 0 => Next::End,
            (Kind::Offset { .. }, Position::Offset(before)) => Next::At(Position::Offset(before.saturating_add(count))),
            (Kind::Page { .. }, Position::Page(_)) if count == 0 && around.more != Some(true) => Next::End,
            (Kind::Page { .. }, Position::Page(number)) => Next::At(Position::Page(number.saturating_add(1))),
            (Kind::Offset { .. } | Kind::Page { .. }, _) => Next::End,
            (Kind::Cursor { .. }, _) => cursor(around.next.as_deref()),
            (Kind::CursorHeader { name }, _) => cursor(headers::first(&response.headers, name)),
            (Kind::LinkHeader { rel }, _) => {
                let found = links::of(&response.headers, &response.final_url);
                links::target(&found, rel, &response.final_url).map_or(Next::End, |link| self.link(link, endpoint))
            }
            (Kind::LinkBody { .. }, _) => match around.next.as_deref().filter(|link| !link.is_empty()) {
                Some(link) => self.link(&uri::resolve(&response.final_url, link), endpoint),
                None => Next::End,
            },
        }
    }

    /// A link to the next page: to where the listing itself is, or to a host that the settings name.
    fn link(&self, link: &str, endpoint: &str) -> Next {
        let shown: String = link.chars().take(200).collect();
        let Some(url) = url::for_request(link) else {
            return Next::Refused(format!(
                "the answer says that its next page is at \"{shown}\", which is no URL of http or https that can be asked"
            ));
        };
        // Behind a proxy that speaks TLS for it, a server believes that it is asked over http.
        let url = match (url.strip_prefix("http://"), uri::scheme(endpoint)) {
            (Some(rest), Some("https")) if uri::same_origin(&format!("https://{rest}"), endpoint) => {
                format!("https://{rest}")
            }
            _ => url,
        };
        let host = uri::split(&url).authority.map(uri::host_of).unwrap_or_default().to_owned();
        let known = uri::same_origin(&url, endpoint) || self.hosts.contains(&host);
        if known {
            return Next::At(Position::Url(url));
        }
        Next::Refused(format!(
            "the answer says that its next page is at \"{shown}\", which is another origin than the source's; if that is right, add \
             \"{host}\" to \"hosts\" of the setting \"paging\""
        ))
    }
}

/// A cursor that is empty, null or false is none.
fn cursor(text: Option<&str>) -> Next {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Next::End,
        Some(long) if long.len() > limits::CURSOR_BYTES => Next::Refused(format!(
            "the cursor of the next page has {} bytes; at most {} can be sent",
            long.len(),
            limits::CURSOR_BYTES
        )),
        Some(text) => Next::At(Position::Cursor(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(kind: Kind) -> Paging {
        Paging {
            kind,
            parameter: String::new(),
            size: None,
            size_parameter: String::new(),
            more: None,
            hosts: vec!["other.example".to_owned()],
            max_pages: 10,
            delay_s: 0.0,
            empty_pages: 3,
        }
    }

    #[test]
    fn links_lead_to_the_source_s_own_origin_or_a_named_host() {
        let paging = paging(Kind::LinkBody { next: Pointer::default() });
        let endpoint = "https://api.example/items";
        for (link, leads) in [
            ("https://api.example/items?page=2#x", Some("https://api.example/items?page=2")),
            ("?page=2", Some("https://api.example/items?page=2")),
            ("http://api.example/items?page=2", Some("https://api.example/items?page=2")),
            ("https://other.example/2", Some("https://other.example/2")),
            ("//other.example/2", Some("https://other.example/2")),
            ("https://evil.example/2", None),
            ("https://api.example:8443/2", None),
            ("http://127.0.0.1/2", None),
            ("file:///etc/passwd", None),
            ("https://user@api.example/2", None),
        ] {
            let around = Around { next: Some(link.to_owned()), ..Around::default() };
            let response = HttpResponse::new(200, endpoint, "");
            let next = paging.next(&Position::Start, 1, &around, &response, endpoint);
            match leads {
                Some(url) => assert_eq!(next, Next::At(Position::Url(url.to_owned())), "{link}"),
                None => assert!(matches!(next, Next::Refused(_)), "{link}: {next:?}"),
            }
        }
    }

    #[test]
    fn ends() {
        let response = HttpResponse::new(200, "https://api.example/", "");
        let offset = paging(Kind::Offset { start: 0 });
        let page = paging(Kind::Page { start: 1 });
        let cursor = paging(Kind::Cursor { next: Pointer::default() });
        let says = |more, next: Option<&str>| Around { more, next: next.map(str::to_owned), ..Around::default() };
        for (paging, at, count, around, next) in [
            (&offset, Position::Offset(40), 7, says(None, None), Some(Position::Offset(47))),
            (&offset, Position::Offset(47), 0, says(Some(true), None), None),
            (&offset, Position::Offset(40), 7, says(Some(false), None), None),
            (&page, Position::Page(3), 1, says(None, None), Some(Position::Page(4))),
            (&page, Position::Page(3), 0, says(None, None), None),
            (&page, Position::Page(3), 0, says(Some(true), None), Some(Position::Page(4))),
            (&cursor, Position::Start, 0, says(None, Some("a")), Some(Position::Cursor("a".to_owned()))),
            (&cursor, Position::Start, 9, says(Some(false), Some("a")), None),
            (&cursor, Position::Start, 9, says(None, Some(" ")), None),
            (&cursor, Position::Start, 9, says(None, None), None),
        ] {
            let found = paging.next(&at, count, &around, &response, "https://api.example/");
            assert_eq!(found, next.map_or(Next::End, Next::At), "{at:?} {count} {around:?}");
        }
    }
}
