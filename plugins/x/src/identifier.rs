//! Identifiers: handles, search texts and URLs of posts, in their normal forms.
//!
//! Owns: what a person may type, and the one form it is kept in. An account is its handle in lower case without "@"; a
//! search is its text with single blanks, in lower case unless operators are allowed (they mind the case); a post is
//! `https://x.com/i/status/<id>`, which does not change with the handle. Must not know: actors. Called by `validate`.

use crate::{limits, snowflake};

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The posts of an account.
    Account,
    /// The posts that match a search.
    Search,
    /// One post.
    Post,
}

impl Kind {
    /// By its name in the manifest.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "account" => Some(Self::Account),
            "search" => Some(Self::Search),
            "post" => Some(Self::Post),
            _ => None,
        }
    }

    /// Its name in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Search => "search",
            Self::Post => "post",
        }
    }
}

/// The normal form.
///
/// # Errors
///
/// What is wrong and what would be right.
pub fn normalize(kind: Kind, identifier: &str, operators: bool) -> Result<String, String> {
    let typed = identifier.trim();
    match kind {
        Kind::Account => account(typed),
        Kind::Search => search(typed, operators),
        Kind::Post => post(typed),
    }
}

/// Words that stand where a handle does in the site's URLs.
const NO_HANDLES: [&str; 12] = [
    "i",
    "home",
    "explore",
    "search",
    "hashtag",
    "intent",
    "share",
    "settings",
    "messages",
    "notifications",
    "login",
    "tos",
];

fn account(typed: &str) -> Result<String, String> {
    let path = path_of(typed);
    let handle = match path {
        Some(path) => {
            if snowflake::of_url(typed).is_some() {
                return Err("this is the URL of a post: use kind \"post\", or give the account's handle".to_owned());
            }
            path.split('/').next().unwrap_or_default()
        }
        None => typed,
    };
    let handle = handle.strip_prefix('@').unwrap_or(handle).to_ascii_lowercase();
    let letters = handle.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !letters || handle.is_empty() || handle.len() > limits::HANDLE_CHARS {
        return Err(format!(
            "\"{typed}\" is no handle: 1 to {} letters, digits or \"_\", such as \"nasa\", \"@nasa\" or \"https://x.com/nasa\"",
            limits::HANDLE_CHARS
        ));
    }
    if path.is_some() && NO_HANDLES.contains(&handle.as_str()) {
        return Err(format!("\"{typed}\" is no URL of an account; give its handle, such as \"nasa\""));
    }
    Ok(handle)
}

fn post(typed: &str) -> Result<String, String> {
    let id = match path_of(typed) {
        Some(_) => snowflake::of_url(typed),
        None => Some(typed).filter(|typed| snowflake::id(typed).is_some()),
    };
    id.map(|id| format!("https://x.com/i/status/{id}")).ok_or_else(|| {
        format!("\"{typed}\" is no URL of a post, such as \"https://x.com/nasa/status/1983971132162549693\"")
    })
}

/// The id of a post in its normal form.
pub fn post_id(identifier: &str) -> Option<&str> {
    snowflake::of_url(identifier)
}

/// What follows the host, if this is a URL of the site (with or without its scheme).
fn path_of(typed: &str) -> Option<&str> {
    let lower = typed.to_ascii_lowercase();
    let mut start = ["https://", "http://"].iter().find(|scheme| lower.starts_with(**scheme)).map_or(0, |s| s.len());
    for part in ["www.", "mobile.", "m."] {
        if lower.get(start..)?.starts_with(part) {
            start += part.len();
            break;
        }
    }
    let host = ["x.com/", "twitter.com/"]
        .iter()
        .find(|host| lower.get(start..).is_some_and(|rest| rest.starts_with(**host)))?;
    let path = typed.get(start + host.len()..)?;
    path.split(['?', '#']).next()
}

fn search(typed: &str, operators: bool) -> Result<String, String> {
    let given = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = if operators { given.clone() } else { given.to_lowercase() };
    if text.is_empty() || text.len() > limits::SEARCH_BYTES {
        return Err(format!("a search has 1 to {} bytes; this one has {}", limits::SEARCH_BYTES, text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err("a search has no control characters".to_owned());
    }
    if text.matches('"').count() % 2 == 1 {
        return Err("a quotation mark is missing: exact words stand between two".to_owned());
    }
    if operators {
        return Ok(text);
    }
    // Also as given: OR and AND are operators in capitals only.
    match operator_in(&given).or_else(|| operator_in(&text)) {
        Some(operator) => Err(format!(
            "\"{operator}\" is a search operator. Put it into quotation marks to search for these words, or set \
             \"operators\" to true where the profile allows it"
        )),
        None => Ok(text),
    }
}

/// The first word outside quotation marks that X would take for an operator.
pub fn operator_in(text: &str) -> Option<&str> {
    // Every second part stands between quotation marks.
    text.split('"').step_by(2).flat_map(str::split_whitespace).find(|word| is_operator(word))
}

fn is_operator(word: &str) -> bool {
    if matches!(word, "OR" | "AND" | "NOT") || word.contains(['(', ')']) {
        return true;
    }
    if word.len() > 1 && word.starts_with('-') {
        return true;
    }
    let Some((name, value)) = word.split_once(':') else { return false };
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    named && !value.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accounts() {
        for typed in [
            "nasa",
            " @NASA ",
            "https://x.com/NASA",
            "x.com/nasa/",
            "http://www.twitter.com/nasa?lang=en",
            "https://mobile.twitter.com/nasa/with_replies",
            "HTTPS://X.com/@nasa",
        ] {
            assert_eq!(normalize(Kind::Account, typed, false).as_deref(), Ok("nasa"), "{typed}");
        }
        for typed in [
            "",
            "@",
            "a b",
            "na-sa",
            "sixteen_letters_",
            "https://example.org/nasa",
            "https://x.com/",
            "https://x.com/home",
            "https://x.com/i/lists/1",
            "https://x.com/nasa/status/1983971132162549693",
            "n\u{e4}sa",
        ] {
            assert!(normalize(Kind::Account, typed, false).is_err(), "{typed}");
        }
    }

    #[test]
    fn posts() {
        for typed in [
            "https://x.com/nasa/status/1983971132162549693",
            "twitter.com/NASA/status/1983971132162549693/photo/1?s=20",
            "1983971132162549693",
            "https://x.com/i/web/status/1983971132162549693",
            "https://x.com/i/status/1983971132162549693",
        ] {
            let normal = normalize(Kind::Post, typed, false);
            assert_eq!(normal.as_deref(), Ok("https://x.com/i/status/1983971132162549693"), "{typed}");
        }
        for typed in
            ["nasa", "https://x.com/nasa", "https://example.org/a/status/1", "https://x.com/a/status/x", "-1", "0"]
        {
            assert!(normalize(Kind::Post, typed, false).is_err(), "{typed}");
        }
    }

    #[test]
    fn searches() {
        for (typed, operators, normal) in [
            ("  Space   Walk ", false, Some("space walk")),
            ("#Artemis @nasa $NASA", false, Some("#artemis @nasa $nasa")),
            ("\"exact Words\" too", false, Some("\"exact words\" too")),
            ("\"from:nasa\" at 12:30 https://a.example/", false, Some("\"from:nasa\" at 12:30 https://a.example/")),
            ("from:nasa moon", false, None),
            ("moon -filter:replies", false, None),
            ("moon -sun", false, None),
            ("moon OR sun", false, None),
            ("(moon)", false, None),
            ("min_faves:10 moon", false, None),
            ("from:nasa  Moon OR sun", true, Some("from:nasa Moon OR sun")),
            ("a \"b", true, None),
            ("", false, None),
        ] {
            assert_eq!(normalize(Kind::Search, typed, operators).ok().as_deref(), normal, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays(typed in ".{0,60}", operators in any::<bool>()) {
            for kind in [Kind::Account, Kind::Search, Kind::Post] {
                if let Ok(normal) = normalize(kind, &typed, operators) {
                    prop_assert_eq!(normalize(kind, &normal, operators), Ok(normal.clone()));
                }
            }
        }
    }
}
