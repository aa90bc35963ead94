//! Looking up header fields.
//!
//! Owns: name matching and the joining of repeated fields. Must not know: what any field means. The host hands over
//! names in lower case; other hosts of the contract may not, so case is ignored all the same.

use crate::Header;

/// The first value of the field `name`.
pub fn first<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    all(headers, name).next()
}

/// Every value of the field `name`, in the order received.
pub fn all<'h>(headers: &'h [Header], name: &str) -> impl Iterator<Item = &'h str> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

/// The values of a list field joined as RFC 9110 section 5.3 says, or none if the field is absent.
pub fn joined(headers: &[Header], name: &str) -> Option<String> {
    let values: Vec<&str> = all(headers, name).collect();
    if values.is_empty() { None } else { Some(values.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn names_match_in_any_case_and_repeats_are_joined() {
        let headers = [header("Age", "1"), header("link", "<a>"), header("LINK", "<b>")];
        assert_eq!(first(&headers, "age"), Some("1"));
        assert_eq!(first(&headers, "etag"), None);
        assert_eq!(joined(&headers, "link").as_deref(), Some("<a>, <b>"));
        assert_eq!(joined(&headers, "etag"), None);
    }
}
