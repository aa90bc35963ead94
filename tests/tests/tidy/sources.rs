//! The files of the project, as the rules see them.
//!
//! Owns: finding them, and which Rust files exist for tests only. Must not know: any rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::code;

/// One text file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// For Rust: without comments, texts and tests; the lines keep their numbers.
    pub(crate) code: String,
    /// A Rust file that is compiled for tests only.
    pub(crate) test_only: bool,
}

/// All of them, in order of path.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) files: Vec<Source>,
}

/// What is built or brought, not written.
const NOT_OURS: [&str; 4] = ["target", "node_modules", ".git", ".jj"];

impl Sources {
    /// Reads the workspace.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent");
        let mut texts = Vec::new();
        walk(root, "", &mut texts);
        assert!(
            texts.iter().any(|(path, _)| path == "host/core/src/lib.rs"),
            "the sources are not below {}",
            root.display()
        );
        Self::of(texts)
    }

    /// Of given paths and texts; the rules' own tests make theirs.
    pub(crate) fn of(mut texts: Vec<(String, String)>) -> Self {
        texts.sort();
        let paths: BTreeSet<&str> = texts.iter().map(|(path, _)| path.as_str()).collect();
        let tests: BTreeSet<String> = texts
            .iter()
            .filter(|(path, _)| is_rust(path))
            .flat_map(|(path, text)| test_files(path, text, &paths))
            .collect();
        let test_only = |path: &str| tests.iter().any(|test| path == test || below(path, test));
        let files = texts.iter().map(|(path, text)| {
            let code = if is_rust(path) { code::without_tests(&code::bare(text)) } else { String::new() };
            Source { path: path.clone(), text: text.clone(), code, test_only: test_only(path) }
        });
        Self { files: files.collect() }
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().filter(|file| is_rust(&file.path))
    }

    /// The Rust files below a folder that are compiled into the product.
    pub(crate) fn product(&self, folder: &str) -> impl Iterator<Item = &Source> {
        self.rust().filter(move |file| !file.test_only && file.path.starts_with(folder))
    }
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Whether `path` is a file of the folder that belongs to the module file `of`: `a/b/c.rs` of `a/b.rs` and of `a/b/mod.rs`.
fn below(path: &str, of: &str) -> bool {
    let folder = of.strip_suffix("/mod.rs").or_else(|| of.strip_suffix(".rs")).unwrap_or(of);
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The files of the modules that `text` declares under `#[cfg(test)]`.
fn test_files(path: &str, text: &str, known: &BTreeSet<&str>) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.trim_end_matches(".rs");
    let home = if ["mod", "lib", "main"].contains(&stem) { folder.to_owned() } else { format!("{folder}/{stem}") };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| **line == "#[cfg(test)]") {
        let mut named = None;
        for line in lines.iter().skip(at + 1) {
            if let Some(file) = line.strip_prefix("#[path = \"").and_then(|rest| rest.split('"').next()) {
                named = Some(format!("{folder}/{file}"));
            }
            if line.starts_with("#[") {
                continue;
            }
            let module =
                line.trim_start_matches("pub(crate) ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
            let places = module.map(|module| [format!("{home}/{module}.rs"), format!("{home}/{module}/mod.rs")]);
            found.extend(places.into_iter().flatten().chain(named).filter(|place| known.contains(place.as_str())));
            break;
        }
    }
    found
}

/// Collects what is text. Files that are not UTF-8 are data.
fn walk(dir: &Path, prefix: &str, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).expect("a readable folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("a kind of file");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), out);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            out.push((path, text));
        }
    }
}

#[test]
fn files_of_test_modules_are_known_as_such() {
    let of = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let sources = Sources::of(vec![
        of("a/lib.rs", "mod b;\n#[cfg(test)]\nmod tests;\n"),
        of("a/tests.rs", ""),
        of("a/b.rs", "#[cfg(test)]\n#[path = \"b_cases.rs\"]\nmod tests;\nmod d;\n"),
        of("a/b_cases.rs", ""),
        of("a/b/d.rs", "#[cfg(test)]\nmod deep;\n"),
        of("a/b/d/deep/mod.rs", ""),
        of("a/b/d/deep/more.rs", ""),
    ]);
    let product: Vec<&str> = sources.product("a/").map(|file| file.path.as_str()).collect();
    assert_eq!(product, ["a/b.rs", "a/b/d.rs", "a/lib.rs"]);
}
