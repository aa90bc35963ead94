//! Identifiers: handles, hashtags and URLs of posts, in their normal forms.
//!
//! Owns: what a person may type, and the one form it is kept in. An account or profile is its handle in lower case without
//! "@", a hashtag is its word in lower case without "#", a post is `https://www.instagram.com/p/<short code>/`. Must not
//! know: actors. Called by `validate`; the reading of URLs also by [`crate::rows`].

use crate::{limits, shortcode};

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The posts of an account.
    Account,
    /// The posts under a hashtag.
    Hashtag,
    /// One post.
    Post,
    /// What is known of an account: followers, number of posts.
    Profile,
}

impl Kind {
    /// By its name in the manifest.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "account" => Some(Self::Account),
            "hashtag" => Some(Self::Hashtag),
            "post" => Some(Self::Post),
            "profile" => Some(Self::Profile),
            _ => None,
        }
    }

    /// Its name in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Hashtag => "hashtag",
            Self::Post => "post",
            Self::Profile => "profile",
        }
    }
}

/// The normal form.
///
/// # Errors
///
/// What is wrong and what would be right.
pub fn normalize(kind: Kind, identifier: &str) -> Result<String, String> {
    let typed = identifier.trim();
    match kind {
        Kind::Account | Kind::Profile => account(typed),
        Kind::Hashtag => hashtag(typed),
        Kind::Post => post(typed),
    }
}

/// Words that stand where a handle does in the site's URLs.
const NO_HANDLES: [&str; 11] =
    ["p", "reel", "reels", "tv", "explore", "stories", "accounts", "direct", "about", "legal", "developer"];

fn account(typed: &str) -> Result<String, String> {
    let handle = match path_of(typed) {
        Some(path) => {
            if shortcode::of_url(typed).is_some() {
                return Err("this is the URL of a post: use kind \"post\", or give the account's handle".to_owned());
            }
            path.split('/')
                .next()
                .filter(|word| !NO_HANDLES.contains(&word.to_ascii_lowercase().as_str()))
                .unwrap_or_default()
        }
        None => typed,
    };
    handle_of_word(handle).ok_or_else(|| {
        format!(
            "\"{typed}\" is no handle: 1 to {} letters, digits, \".\" or \"_\", such as \"nasa\", \"@nasa\" or \
             \"https://www.instagram.com/nasa/\"",
            limits::HANDLE_CHARS
        )
    })
}

fn handle_of_word(word: &str) -> Option<String> {
    let handle = word.strip_prefix('@').unwrap_or(word).to_ascii_lowercase();
    let letters = handle.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
    (letters && !handle.is_empty() && handle.len() <= limits::HANDLE_CHARS).then_some(handle)
}

fn hashtag(typed: &str) -> Result<String, String> {
    let word = match path_of(typed) {
        Some(path) => {
            let tag = path.strip_prefix("explore/tags/").unwrap_or_default();
            decoded(tag.split('/').next().unwrap_or_default())
        }
        None => Some(typed.strip_prefix('#').unwrap_or(typed).to_owned()),
    };
    let word = word.unwrap_or_default().to_lowercase();
    let letters = word.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || is_mark(letter));
    if word.is_empty() || !letters || word.chars().count() > limits::HASHTAG_CHARS {
        return Err(format!(
            "\"{typed}\" is no hashtag: 1 to {} letters, digits or \"_\", such as \"tides\", \"#tides\" or \
             \"https://www.instagram.com/explore/tags/tides/\"",
            limits::HASHTAG_CHARS
        ));
    }
    Ok(word)
}

/// Marks that belong to the letter before them in many scripts; not alphanumeric by themselves.
fn is_mark(letter: char) -> bool {
    matches!(u32::from(letter), 0x300..=0x36f | 0x591..=0x5c7 | 0x610..=0x65f | 0x900..=0xdff | 0xe31..=0xe4e | 0x200c..=0x200d)
}

/// Percent-encoded UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let digit = |at: usize| char::from(*behind.get(at)?).to_digit(16);
            bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
            rest = behind.get(2..)?;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The URL of a hashtag's page.
pub fn hashtag_url(word: &str) -> String {
    let mut url = "https://www.instagram.com/explore/tags/".to_owned();
    for byte in word.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url.push('/');
    url
}

/// The URL of an account's page.
pub fn account_url(handle: &str) -> String {
    format!("https://www.instagram.com/{handle}/")
}

/// The URL of a post.
pub fn post_url(code: &str) -> String {
    format!("https://www.instagram.com/p/{code}/")
}

fn post(typed: &str) -> Result<String, String> {
    let code = path_of(typed).and_then(|_| shortcode::of_url(typed));
    // One spelling for each id: leading letters that stand for nothing are left out.
    code.and_then(shortcode::to_id)
        .map(|id| post_url(&shortcode::of_id(id)))
        .ok_or_else(|| format!("\"{typed}\" is no URL of a post, such as \"https://www.instagram.com/p/Dbm3x30EwWu/\""))
}

/// Whose page a URL (or handle) is, as actors give it back; none if it is not that of an account.
pub fn handle_in(text: &str) -> Option<String> {
    match path_of(text) {
        Some(path) => {
            let word = path.split('/').next().unwrap_or_default();
            handle_of_word(word).filter(|word| !NO_HANDLES.contains(&word.as_str()))
        }
        None => handle_of_word(text),
    }
}

/// What follows the host, if this is a URL of the site (with or without its scheme).
fn path_of(typed: &str) -> Option<&str> {
    let lower = typed.to_ascii_lowercase();
    let mut start = ["https://", "http://"].iter().find(|scheme| lower.starts_with(**scheme)).map_or(0, |s| s.len());
    for part in ["www.", "m."] {
        if lower.get(start..)?.starts_with(part) {
            start += part.len();
            break;
        }
    }
    let host = "instagram.com/";
    lower.get(start..)?.starts_with(host).then_some(())?;
    typed.get(start + host.len()..)?.split(['?', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accounts() {
        for typed in [
            "tide.gauge",
            " @Tide.Gauge ",
            "https://www.instagram.com/TIDE.gauge/",
            "instagram.com/tide.gauge?igsh=1",
            "http://m.instagram.com/@tide.gauge/reels/",
        ] {
            for kind in [Kind::Account, Kind::Profile] {
                assert_eq!(normalize(kind, typed).as_deref(), Ok("tide.gauge"), "{typed}");
            }
        }
        for typed in [
            "",
            "@",
            "a b",
            "tide-gauge",
            "a23456789012345678901234567890b",
            "https://example.org/gauge",
            "https://www.instagram.com/",
            "https://www.instagram.com/p/Dbm3x30EwWu/",
            "https://www.instagram.com/explore/tags/a/",
        ] {
            assert!(normalize(Kind::Account, typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn hashtags() {
        for (typed, normal) in [
            ("#Tides", Some("tides")),
            ("tides_2026", Some("tides_2026")),
            ("https://www.instagram.com/explore/tags/Mar%C3%A9e/", Some("mar\u{e9}e")),
            ("#\u{65e5}\u{672c}", Some("\u{65e5}\u{672c}")),
            ("two words", None),
            ("#", None),
            ("https://www.instagram.com/tides/", None),
            ("https://www.instagram.com/explore/tags/%zz/", None),
        ] {
            assert_eq!(normalize(Kind::Hashtag, typed).ok().as_deref(), normal, "{typed}");
        }
        assert_eq!(hashtag_url("mar\u{e9}e"), "https://www.instagram.com/explore/tags/mar%C3%A9e/");
    }

    #[test]
    fn posts() {
        for typed in [
            "https://www.instagram.com/p/Dbm3x30EwWu/",
            "instagram.com/reel/Dbm3x30EwWu?igsh=x",
            "https://www.instagram.com/tide.gauge/p/Dbm3x30EwWu",
            "https://instagram.com/tv/Dbm3x30EwWu/",
        ] {
            let normal = normalize(Kind::Post, typed);
            assert_eq!(normal.as_deref(), Ok("https://www.instagram.com/p/Dbm3x30EwWu/"), "{typed}");
        }
        for typed in ["Dbm3x30EwWu", "https://www.instagram.com/tides/", "https://example.org/p/Dbm3x30EwWu/"] {
            assert!(normalize(Kind::Post, typed).is_err(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays(typed in "(https://www.instagram.com/)?(explore/tags/|p/|@|#)?.{0,40}") {
            for kind in [Kind::Account, Kind::Hashtag, Kind::Post, Kind::Profile] {
                if let Ok(normal) = normalize(kind, &typed) {
                    prop_assert_eq!(normalize(kind, &normal), Ok(normal.clone()));
                }
            }
        }
    }
}
