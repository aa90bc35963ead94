//! Authors: written as elements, as a mail address with a name, or as a name alone.
//!
//! Owns: telling the two apart. Called by [`super::finish`].

use crate::model::{Node, Person};

/// Brings the flat author of a node and the last of its list into line: whichever is known makes the other.
pub(super) fn sync(node: &mut Node) {
    let Some(last) = node.authors.last_mut() else { return };
    if *last == Person::default() {
        if let Some(flat) = node.author.as_deref().filter(|flat| !flat.is_empty()) {
            *last = parse(flat);
        }
        return;
    }
    let flat = match (last.name.as_deref().filter(|n| !n.is_empty()), last.email.as_deref().filter(|e| !e.is_empty())) {
        (Some(name), Some(email)) => Some(format!("{name} ({email})")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    };
    node.author = flat.or(node.author.take());
}

/// A person from one line: "me@e.example (Name)", "Name <me@e.example>", "Name".
pub(super) fn parse(line: &str) -> Person {
    let Some((start, end)) = find_email(line) else {
        return Person { name: Some(line.to_owned()), ..Person::default() };
    };
    let email = &line[start..end];
    let rest = line.replace(email, "").replace("()", "").replace("<>", "").replace("&lt;&gt;", "");
    let rest = rest.trim();
    let rest = rest.strip_prefix('(').unwrap_or(rest);
    let rest = rest.strip_suffix(')').unwrap_or(rest).trim();
    let name = (!rest.is_empty()).then(|| rest.to_owned());
    Person { name, email: Some(email.to_owned()), url: None }
}

/// Where the first mail address is: start and end byte.
fn find_email(line: &str) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    for (at, _) in line.match_indices('@') {
        let local = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+');
        let start = at - bytes[..at].iter().rev().take_while(|b| local(b)).count();
        let domain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let mut end = at + 1 + bytes[at + 1..].iter().take_while(|b| domain(b)).count();
        while bytes[end - 1] == b'.' || bytes[end - 1] == b'-' {
            end -= 1;
        }
        let host = &line[(at + 1).min(end)..end];
        let top = host.rsplit('.').next().unwrap_or_default();
        if start < at && host.contains('.') && top.len() >= 2 {
            let query = bytes[end..].starts_with(b"?subject=");
            let tail = if query { bytes[end..].iter().take_while(|b| !b.is_ascii_whitespace()).count() } else { 0 };
            return Some((start, end + tail));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, name, email) in [
            ("me@e.example (Ann Onym)", Some("Ann Onym"), Some("me@e.example")),
            ("Ann Onym <me+x@mail.e.example>", Some("Ann Onym"), Some("me+x@mail.e.example")),
            ("Ann Onym", Some("Ann Onym"), None),
            ("me@e.example", None, Some("me@e.example")),
            ("@ann at home", Some("@ann at home"), None),
            ("a@b", Some("a@b"), None),
        ] {
            let person = parse(line);
            assert_eq!((person.name.as_deref(), person.email.as_deref()), (name, email), "{line}");
        }
    }
}
