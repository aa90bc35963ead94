//! Rust without its comments, texts and tests.
//!
//! Owns: blanking out what is not code, so that a word in a message is not taken for an import. Every line keeps its
//! number and length. Must not know: any rule.

/// `text` with comments, string and character literals blanked out.
pub(crate) fn bare(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        match end {
            Some(end) => {
                out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
                at = end;
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

/// Where the comment or literal that begins at `at` ends, if one does.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next(1) == '/' => Some(position(chars, at, |c| c == '\n')),
        '/' if next(1) == '*' => Some(block_comment_end(chars, at)),
        '"' => Some(string_end(chars, at)),
        'r' if !in_word || chars[at - 1] == 'b' => raw_string_end(chars, at),
        '\'' if next(1) == '\\' => Some((position(chars, at + 3, |c| c == '\'') + 1).min(chars.len())),
        '\'' if next(2) == '\'' => Some(at + 3),
        _ => None,
    }
}

fn position(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|at| wanted(chars[*at])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes =
        |at: &usize| chars[*at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    Some((open + 1..chars.len()).find(closes).map_or(chars.len(), |at| at + 1 + hashes))
}

/// Bare code with the bodies of `#[cfg(test)]` items blanked out.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(start) = out[from..].find(MARK).map(|at| from + at) {
        let end = item_end(&out, start + MARK.len());
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
        from = start + blank.len();
    }
    out
}

/// The end of the item that begins at `from`: its `;`, or the brace that closes its first one.
fn item_end(code: &str, from: usize) -> usize {
    let (mut depth, mut brackets) = (0_usize, 0_usize);
    for (offset, c) in code[from..].char_indices() {
        match c {
            '[' | '(' => brackets += 1,
            ']' | ')' => brackets = brackets.saturating_sub(1),
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && brackets == 0 && (c == ';' || c == '}') {
            return from + offset + 1;
        }
    }
    code.len()
}

#[test]
fn what_is_not_code_is_blanked_out() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        (r#"f("x // y", g)"#, "f(        , g)"),
        (r#"f("\"x", g)"#, "f(     , g)"),
        (r##"f(r#"a"b"#, g)"##, "f(        , g)"),
        (r#"f(br"a", g)"#, "f(b    , g)"),
        ("f('\"', '\\'', 'a)", "f(   ,     , 'a)"),
        ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ("for r in v", "for r in v"),
    ];
    for (text, expected) in cases {
        assert_eq!(bare(text), expected, "{text}");
    }
}

#[test]
fn tests_are_blanked_out() {
    let code = "use a;\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n  use b; fn f() { g(); }\n}\nuse c;\n#[cfg(test)]\nmod d;\nuse e;\n";
    let left: Vec<String> = without_tests(code).split_whitespace().map(str::to_owned).collect();
    assert_eq!(left, ["use", "a;", "use", "c;", "use", "e;"]);
    assert_eq!(without_tests(code).lines().count(), code.lines().count());
}
