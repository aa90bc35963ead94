//! Words that must not stand in the project.
//!
//! Owns: the list. They belong to the places where the project is worked on, and mean nothing to its readers. Each is put
//! together from parts, so that the list does not contain what it looks for.

use super::Breach;
use super::sources::Sources;

/// Parts of each word; looked for without regard to case.
const PARTS: [&[&str]; 6] =
    [&["farm", "-studio"], &["farm", "-bench"], &["sub", "agent"], &["/wor", "k/"], &["/tmp", "/wt"], &["C", "EO"]];

/// All places, also in documents and settings.
pub(crate) fn breaches(sources: &Sources) -> Vec<Breach> {
    let words: Vec<String> = PARTS.iter().map(|parts| parts.concat().to_lowercase()).collect();
    let mut found = Vec::new();
    // Made by tools, and full of other people's names and hashes.
    for file in sources.files.iter().filter(|file| !file.path.ends_with("-lock.json") && !file.path.ends_with(".lock"))
    {
        for (number, line) in file.text.lines().enumerate() {
            let line = line.to_lowercase();
            if let Some(word) = words.iter().find(|word| stands_in(&line, word)) {
                let what = format!("{word:?} says where the project was worked on: say it in the project's own words");
                found.push(Breach { file: file.path.clone(), line: number + 1, what });
            }
        }
    }
    found
}

/// As a word of its own, where it begins and ends with a letter.
fn stands_in(line: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    line.match_indices(word).any(|(at, _)| {
        let before = letter(word.chars().next()) && letter(line[..at].chars().next_back());
        let after = letter(word.chars().next_back()) && letter(line[at + word.len()..].chars().next());
        !before && !after
    })
}

#[test]
fn words_are_found_as_words() {
    let cases = [("the @ said", true), ("vid@", false), ("@s", false), ("(@)", true)];
    let word = PARTS[5].concat().to_lowercase();
    for (line, expected) in cases {
        assert_eq!(stands_in(&line.replace('@', &word), &word), expected, "{line}");
    }
}
