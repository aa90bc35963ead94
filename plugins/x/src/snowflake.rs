//! Ids of posts, which carry their time.
//!
//! Owns: reading an id, and the time in it: the upper bits are milliseconds since the service's epoch. Ids from before
//! November 2010 were counted one by one and carry none.

use tidegate_plugin_kit::moment::Moment;

/// 2010-11-04T01:42:54.657Z, the service's epoch in milliseconds since 1970.
const EPOCH_MS: i64 = 1_288_834_974_657;
/// The first id that carries its time.
const FIRST: u64 = 29_700_859_247;
/// Bits below the time.
const SHIFT: u32 = 22;

/// An id of a post: decimal digits, not zero.
pub fn id(text: &str) -> Option<u64> {
    /// So many digits fit whatever they are, and need no check for overflow, which 32-bit machines do the long way.
    const SURE: usize = 19;
    if text.is_empty() || text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text.len() > SURE {
        return text.parse().ok();
    }
    Some(text.bytes().fold(0, |id, digit| id * 10 + u64::from(digit - b'0')))
}

/// When a post of that id was made.
pub fn time(id: u64) -> Option<Moment> {
    let since_epoch = i64::try_from(id >> SHIFT).ok()?;
    (id >= FIRST).then(|| Moment(since_epoch + EPOCH_MS))
}

/// The id in a permalink: what follows `/status/`.
pub fn of_url(url: &str) -> Option<&str> {
    let behind = behind(url, "/status/").or_else(|| behind(url, "/statuses/"))?;
    let digits = behind.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(behind.len());
    behind.get(..digits).filter(|digits| id(digits).is_some())
}

/// What follows the first `word`, which begins with a slash. Addresses are short and have few: looking at each costs less
/// than a general search.
fn behind<'u>(url: &'u str, word: &str) -> Option<&'u str> {
    let slashes = url.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    slashes.filter_map(|(at, _)| url.get(at..)).find_map(|rest| rest.strip_prefix(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_ids() {
        let at = |text: &str| id(text).and_then(time).and_then(Moment::to_rfc3339);
        assert_eq!(at("1983971132162549693").as_deref(), Some("2025-10-30T18:55:52.965Z"));
        assert_eq!(at("29700859247").as_deref(), Some("2010-11-04T01:43:01.738Z"));
        assert_eq!(at("20"), None);
        assert_eq!(id("18446744073709551615"), Some(u64::MAX));
        assert_eq!(id("9999999999999999999"), Some(9_999_999_999_999_999_999));
        for wrong in ["", "-1", "0", "01", "1e3", "18446744073709551616", "99999999999999999999", " 1"] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
        for (url, found) in [
            ("https://x.com/a/status/123?s=20", Some("123")),
            ("https://twitter.com/a/statuses/123/photo/1", Some("123")),
            ("https://x.com/a/status/", None),
            ("https://x.com/a", None),
        ] {
            assert_eq!(of_url(url), found, "{url}");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_its_number(number in 1..=u64::MAX) {
            prop_assert_eq!(id(&number.to_string()), Some(number));
        }

        #[test]
        fn times_grow_with_ids(one in any::<u64>(), other in any::<u64>()) {
            if let (Some(a), Some(b)) = (time(one.min(other)), time(one.max(other))) {
                prop_assert!(a <= b);
            }
        }
    }
}
