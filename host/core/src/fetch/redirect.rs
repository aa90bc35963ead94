//! The fate of a redirect.
//!
//! Owns: whether an answer is a redirect that is followed, with which method, and what of the request survives (RFC
//! 9110, 15.4; Fetch standard, "HTTP-redirect fetch"). Must not know: how a request is sent. Called by egress after each
//! answer.

use super::target::{Place, Target, UrlRefused};
use crate::limits;

/// What is to be done with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is the last one: no redirect, or one without a usable `Location`.
    HandOver,
    /// Ask there.
    Follow(Follow),
}

/// The next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Where it leads. Its form is checked, its host not yet.
    pub target: Target,
    /// Whether the method becomes GET and the body is dropped.
    pub becomes_get: bool,
    /// Whether it leaves the origin: credentials and validators stay behind, for the rest of the chain.
    pub crosses: bool,
}

/// Why a redirect ends the fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectRefused {
    /// One more than [`limits::REDIRECTS`].
    #[error("it is redirect number {}; at most {limit} are followed", limit + 1)]
    TooMany {
        /// How many were followed.
        limit: usize,
    },
    /// From https to http.
    #[error("it leads from https to http ({to}), where everyone on the way can read and change the answer")]
    Downgrade {
        /// Where it led.
        to: Place,
    },
    /// To a URL that is not fetched.
    #[error("it leads to {to}: {why}")]
    Url {
        /// Where it led.
        to: Place,
        /// What is wrong there.
        why: UrlRefused,
    },
}

/// Decides about one answer.
///
/// `followed` counts the redirects behind us, `most` how many are followed (lower than [`limits::REDIRECTS`] or that).
/// `location` is the text of the `Location` field. 300 asks a person to choose and 304 ends a conditional request:
/// neither is followed. A missing, empty or unparsable `Location` hands the answer over as it is.
///
/// # Errors
/// [`RedirectRefused`] where following would be wrong and handing over would hide it.
pub fn decide(
    from: &Target,
    status: u16,
    method: &str,
    location: Option<&str>,
    followed: usize,
    most: usize,
) -> Result<Decision, RedirectRefused> {
    let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location.map(str::trim)) else {
        return Ok(Decision::HandOver);
    };
    let Ok(url) = from.url().join(location) else { return Ok(Decision::HandOver) };
    if location.is_empty() {
        return Ok(Decision::HandOver);
    }
    let limit = most.min(limits::REDIRECTS);
    if followed >= limit {
        return Err(RedirectRefused::TooMany { limit });
    }
    let to = Place::of_text(url.as_str());
    if from.url().scheme() == "https" && url.scheme() == "http" {
        return Err(RedirectRefused::Downgrade { to });
    }
    let target = Target::from_url(url).map_err(|why| RedirectRefused::Url { to, why })?;
    let becomes_get = match status {
        303 => !matches!(method, "GET" | "HEAD"),
        301 | 302 => method == "POST",
        _ => false,
    };
    let crosses = !from.same_origin(&target);
    Ok(Decision::Follow(Follow { target, becomes_get, crosses }))
}

/// Whether a request's field is sent again at the next hop. `name` in lower case.
#[must_use]
pub fn field_survives(name: &str, follow: &Follow) -> bool {
    if follow.becomes_get && (name.starts_with("content-") || name == "digest") {
        return false;
    }
    // A validator made by one server means nothing to another, and tells it what was read there.
    let stays_behind = matches!(
        name,
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "if-none-match"
            | "if-modified-since"
            | "if-match"
            | "if-unmodified-since"
            | "if-range"
            | "range"
    );
    !(follow.crosses && stays_behind)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::parse(url).unwrap()
    }

    fn follow(from: &str, status: u16, method: &str, location: &str) -> Follow {
        match decide(&target(from), status, method, Some(location), 0, 5) {
            Ok(Decision::Follow(follow)) => follow,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn where_it_leads() {
        let from = "https://a.example/x/y?q";
        for (location, to, crosses) in [
            ("z", "https://a.example/x/z", false),
            ("/z#f", "https://a.example/z", false),
            ("?r", "https://a.example/x/y?r", false),
            ("//b.example/", "https://b.example/", true),
            ("https://a.example:443/z", "https://a.example/z", false),
            ("https://a.example:444/z", "https://a.example:444/z", true),
            ("https://A.EXAMPLE/é", "https://a.example/%C3%A9", false),
            (" /padded ", "https://a.example/padded", false),
        ] {
            let got = follow(from, 302, "GET", location);
            assert_eq!((got.target.url().as_str(), got.crosses), (to, crosses), "{location}");
        }
        assert!(follow("http://a.example/", 301, "GET", "https://a.example/").crosses, "an upgrade is another origin");
    }

    #[test]
    fn methods() {
        for (status, method, becomes_get) in [
            (301, "GET", false),
            (301, "POST", true),
            (301, "PUT", false),
            (302, "POST", true),
            (302, "PATCH", false),
            (303, "POST", true),
            (303, "PUT", true),
            (303, "HEAD", false),
            (307, "POST", false),
            (308, "POST", false),
        ] {
            assert_eq!(follow("http://a.example/", status, method, "/b").becomes_get, becomes_get, "{status} {method}");
        }
    }

    #[test]
    fn handed_over() {
        let from = target("http://a.example/");
        for (status, location) in [
            (300, Some("/b")),
            (304, Some("/b")),
            (305, Some("/b")),
            (306, Some("/b")),
            (200, Some("/b")),
            (201, Some("/b")),
            (302, None),
            (302, Some("")),
            (302, Some("  ")),
            (301, Some("http://[")),
            (301, Some("http://a:b/")),
        ] {
            assert_eq!(decide(&from, status, "GET", location, 0, 5), Ok(Decision::HandOver), "{status} {location:?}");
        }
    }

    #[test]
    fn refused() {
        let https = target("https://a.example/");
        let get = |location: &str, followed| decide(&https, 302, "GET", Some(location), followed, 5).unwrap_err();
        assert!(matches!(get("http://a.example/", 0), RedirectRefused::Downgrade { .. }));
        assert!(matches!(get("file:///etc/passwd", 0), RedirectRefused::Url { why: UrlRefused::Scheme(_), .. }));
        assert!(matches!(get("https://u:p@a.example/", 0), RedirectRefused::Url { why: UrlRefused::UserInfo, .. }));
        assert!(matches!(get("https://a.example:22/", 0), RedirectRefused::Url { why: UrlRefused::Port(22), .. }));
        assert_eq!(get("/b", 5), RedirectRefused::TooMany { limit: 5 });
        assert!(decide(&https, 302, "GET", Some("/b"), 4, 5).is_ok());
        let shown = get("http://a.example/?token=canary", 0).to_string();
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn what_survives() {
        let same = follow("https://a.example/", 302, "GET", "/b");
        let cross = follow("https://a.example/", 302, "GET", "https://b.example/");
        let get = follow("https://a.example/", 303, "POST", "/b");
        for name in ["authorization", "cookie", "if-none-match", "if-modified-since"] {
            assert!(field_survives(name, &same) && !field_survives(name, &cross), "{name}");
        }
        assert!(field_survives("accept", &cross) && field_survives("content-type", &cross));
        assert!(!field_survives("content-type", &get) && field_survives("accept", &get));
    }
}
