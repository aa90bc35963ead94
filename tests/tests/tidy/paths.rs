//! The paths that code names.
//!
//! Owns: `use` trees written out, paths in the middle of code, and `super` and `self` resolved. Must not know: any rule.

/// A path named at a line (from 1), as `std::time::Instant` or `crate::store::sqlite`.
pub(crate) type Named = (usize, String);

/// All paths that bare code names. `module` is the path of the file's own module, as `crate::store::sqlite`.
pub(crate) fn named(code: &str, module: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut rest = String::with_capacity(code.len());
    let mut in_use: Option<(usize, String)> = None;
    for (number, line) in code.lines().enumerate() {
        let start = line.trim_start();
        let after_use =
            ["use ", "pub use ", "pub(crate) use ", "pub(super) use "].iter().find_map(|k| start.strip_prefix(k));
        match (&mut in_use, after_use) {
            (None, Some(tree)) => in_use = Some((number + 1, tree.to_owned())),
            (Some((_, tree)), _) => tree.push_str(start),
            (None, None) => rest.push_str(line),
        }
        rest.push('\n');
        if let Some((at, tree)) = in_use.take_if(|(_, tree)| tree.contains(';')) {
            let tree = tree.split(';').next().unwrap_or_default();
            found.extend(written_out(tree).into_iter().map(|path| (at, path)));
        }
    }
    found.extend(inline(&rest));
    found.into_iter().map(|(line, path)| (line, resolved(&path, module))).collect()
}

/// `a::{b, c::{d, self}}` as `a::b`, `a::c::d`, `a::c`.
fn written_out(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        return if path.is_empty() { Vec::new() } else { vec![path.to_owned()] };
    };
    let (prefix, inner) = (tree[..open].trim(), tree[open + 1..].trim_end());
    // The last brace closes this tree; those of inner trees are balanced.
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let full = |path: String| {
        if path == "self" { prefix.trim_end_matches("::").to_owned() } else { format!("{prefix}{path}") }
    };
    top_level_parts(inner).into_iter().flat_map(written_out).map(full).collect()
}

fn top_level_parts(inner: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[from..]);
    parts
}

/// Paths with at least one `::`.
fn inline(code: &str) -> Vec<Named> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for word in line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let word = word.trim_matches(':');
            if word.contains("::") {
                found.push((number + 1, word.to_owned()));
            }
        }
    }
    found
}

/// With `self::` and `super::` at its start replaced by what they mean in `module`.
fn resolved(path: &str, module: &str) -> String {
    let mut home: Vec<&str> = module.split("::").collect();
    let mut rest = path;
    let mut relative = false;
    loop {
        if let Some(after) = rest.strip_prefix("self::") {
            (rest, relative) = (after, true);
        } else if let Some(after) = rest.strip_prefix("super::") {
            home.pop();
            (rest, relative) = (after, true);
        } else {
            break;
        }
    }
    if relative { format!("{}::{rest}", home.join("::")) } else { path.to_owned() }
}

/// The module of a file of `host/src`: `host/src/store/sqlite/mod.rs` is `crate::store::sqlite`.
pub(crate) fn module_of(path: &str) -> String {
    let inner = path.strip_prefix("host/src/").unwrap_or(path).trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    if inner == "lib" || inner == "main" { "crate".to_owned() } else { format!("crate::{}", inner.replace('/', "::")) }
}

/// Whether `path` is `of` or something within it.
pub(crate) fn within(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn paths_are_found_wherever_they_are_named() {
    let code = "use std::time::{Duration, Instant as I};\npub use a::{\n  b::{c, self},\n  d::*,\n};\nlet x = std::env::var(y);\n\
                fn f(s: &super::store::Row) { self::g::h(); Vec::<tokio::net::TcpStream>::new() }\nuse sqlx;";
    let mut paths: Vec<Named> = named(code, "crate::engine::admit");
    paths.sort();
    let expected = [
        (1, "std::time::Duration"),
        (1, "std::time::Instant"),
        (2, "a::b"),
        (2, "a::b::c"),
        (2, "a::d::*"),
        (6, "std::env::var"),
        (7, "crate::engine::admit::g::h"),
        (7, "crate::engine::store::Row"),
        (7, "tokio::net::TcpStream"),
        (8, "sqlx"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
}

#[test]
fn a_path_is_within_itself_and_its_parents() {
    assert!(within("std::env::var", "std::env") && within("std::env", "std::env"));
    assert!(!within("std::environment", "std::env"));
}
