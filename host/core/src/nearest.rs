//! The name a person probably meant.
//!
//! Owns: the distance between two names and when it is small enough to be worth a suggestion. Must not know: what the
//! names stand for. Called wherever an unknown name is refused (plugins, profiles, settings, commands).

/// The known name closest to `wanted`, if one is close: at most a third of its letters differ, at least one may.
///
/// Among equally close names the first one is given. Case is not looked at.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(wanted);
    let most = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        let distance = distance(&wanted, &letters(name));
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Longer names are not compared: nobody mistypes 64 letters, and the work is the product of both lengths.
const LETTERS: usize = 64;

fn letters(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).take(LETTERS).collect()
}

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours count one each.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let cell = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX - 1);
            let replaced = cell(&above, j) + usize::from(x != y);
            let mut least = replaced.min(cell(&above, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(cell(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["rss", "instagram", "x", "http", "limit", "max-items"];
        let table = [
            ("rss", Some("rss")),
            ("rrs", Some("rss")),
            ("RSS", Some("rss")),
            ("instagarm", Some("instagram")),
            ("intsagram", Some("instagram")),
            ("htpp", Some("http")),
            ("limits", Some("limit")),
            ("max_items", Some("max-items")),
            ("y", Some("x")),
            ("", Some("x")),
            ("mastodon", None),
            ("completely-else", None),
        ];
        for (wanted, meant) in table {
            assert_eq!(nearest(wanted, known), meant, "{wanted}");
        }
    }

    #[test]
    fn distances() {
        let table = [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("ab", "ba", 1), ("kitten", "sitting", 3)];
        for (a, b, expected) in table {
            assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
            assert_eq!(distance(&letters(b), &letters(a)), expected, "{b} {a}");
        }
    }
}
