//! What files look like.
//!
//! Owns: docs at the head of a module, lengths, names of folders, places of `unsafe`, lints, numbers of migrations. Must not
//! know: what the code does.

use std::collections::{BTreeMap, BTreeSet};

use super::Breach;
use super::sources::Sources;

/// Lines of a file, at most; past 250 look for the second idea.
const LINES: usize = 400;

/// Files that are longer, how long they may be, and why. Entries only shrink; one that fits [`LINES`] goes.
const LONGER: [(&str, usize, &str); 1] =
    [("plugins/kit/src/html/named.rs", 522, "a table of names from the HTML standard")];

/// Files, or folders with `/` at the end, where `unsafe` is argued for.
const UNSAFE: [(&str, &str); 3] = [
    ("host/src/plugins/cache.rs", "maps precompiled code, after its digest was checked"),
    ("plugins/kit/src/export.rs", "the export names of a component are unsafe attributes"),
    ("tests/guests/hostile/", "a guest that misbehaves on purpose, inside the sandbox"),
];

/// Names under which anything could stand.
const LEFTOVERS: [&str; 9] = ["utils", "util", "common", "helpers", "helper", "models", "misc", "shared", "stuff"];

/// A sentence says more than this.
const SHORTEST_DOC: usize = 12;

/// Every Rust file says what it owns. Inner attributes may stand before.
pub(crate) fn module_docs(sources: &Sources) -> Vec<Breach> {
    let rooms = ["host/", "platforms/", "emulator/", "plugins/", "xtask/", "tests/"];
    let files = sources.rust().filter(|file| rooms.iter().any(|room| file.path.starts_with(room)));
    let bare = files.filter(|file| {
        let first = file.text.lines().find(|line| !line.starts_with("#!["));
        let doc = first.and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        doc.trim().len() < SHORTEST_DOC
    });
    let what = "open it with `//!`: what it owns, what it must not know, who calls it";
    bare.map(|file| breach(&file.path, 1, what)).collect()
}

/// One idea each.
pub(crate) fn long_files(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for file in sources.rust() {
        let lines = file.text.lines().count();
        let entry = LONGER.iter().find(|(path, ..)| *path == file.path);
        match entry {
            None if lines > LINES => found.push(breach(
                &file.path,
                LINES + 1,
                &format!("{lines} lines: find the second idea and give it a file"),
            )),
            Some((_, most, why)) if lines > *most => {
                found.push(breach(
                    &file.path,
                    *most + 1,
                    &format!("{lines} lines; it may have {most} ({why}) and only shrink: split it"),
                ));
            }
            Some(_) if lines <= LINES => found.push(breach(
                &file.path,
                1,
                &format!("{lines} lines: it fits now, take it out of LONGER in tests/tests/tidy/shape.rs"),
            )),
            _ => {}
        }
    }
    found
}

/// A newcomer finds a thing by its name.
pub(crate) fn leftovers(sources: &Sources) -> Vec<Breach> {
    let named = sources.files.iter().filter_map(|file| {
        let part = file
            .path
            .split('/')
            .map(|part| part.strip_suffix(".rs").unwrap_or(part))
            .find(|part| LEFTOVERS.contains(part))?;
        Some(breach(&file.path, 1, &format!("{part:?} says nothing: name it after what it holds")))
    });
    named.collect()
}

/// The lint denies it; this keeps the list of exceptions in one place.
pub(crate) fn unsafe_code(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for file in sources.rust().filter(|file| !UNSAFE.iter().any(|(path, _)| file.path.starts_with(path))) {
        for (number, line) in file.code.lines().enumerate() {
            if line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe") {
                found.push(breach(
                    &file.path,
                    number + 1,
                    "find a safe way, or argue for it in UNSAFE of tests/tests/tidy/shape.rs",
                ));
            }
        }
    }
    found
}

/// `[lints] workspace = true` in every member.
pub(crate) fn lints(sources: &Sources) -> Vec<Breach> {
    let manifests = sources.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let without = manifests.filter(|file| !file.text.contains("\n[lints]\nworkspace = true\n"));
    without.map(|file| breach(&file.path, 1, "add the two lines `[lints]` and `workspace = true`")).collect()
}

/// Per store: 0001, 0002, ... without a gap or a repetition, and every store the same names.
pub(crate) fn migrations(sources: &Sources) -> Vec<Breach> {
    let mut stores: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in &sources.files {
        let Some((store, name)) = file.path.strip_prefix("migrations/").and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        if name.ends_with(".sql") {
            stores.entry(store).or_default().insert(name);
        }
    }
    let mut found = Vec::new();
    for (store, names) in &stores {
        for (at, name) in names.iter().enumerate() {
            let number = format!("{:04}_", at + 1);
            if !name.starts_with(&number) {
                found.push(breach(
                    &format!("migrations/{store}/{name}"),
                    1,
                    &format!("the next number is {number}: no gaps, none twice"),
                ));
            }
        }
        for (other, others) in stores.iter().filter(|(other, _)| *other != store) {
            for name in others.difference(names) {
                found.push(breach(
                    &format!("migrations/{other}/{name}"),
                    1,
                    &format!("{store} has none of this name: add it there too"),
                ));
            }
        }
    }
    found
}

fn breach(file: &str, line: usize, what: &str) -> Breach {
    Breach { file: file.to_owned(), line, what: what.to_owned() }
}

#[test]
fn each_rule_finds_what_breaks_it() {
    type Rule = fn(&Sources) -> Vec<Breach>;
    type Case<'a> = (Rule, &'a [(&'a str, &'a str)], usize);
    let long = "\n".repeat(LINES + 1);
    let cases: [Case<'_>; 15] = [
        (module_docs, &[("host/src/a.rs", "//! Owns the things of a.\n")], 0),
        (module_docs, &[("host/src/a.rs", "#![allow(x)]\n//! Owns the things of a.\n")], 0),
        (module_docs, &[("host/src/a.rs", "//! x\n")], 1),
        (module_docs, &[("host/src/a.rs", "use a;\n")], 1),
        (long_files, &[("host/src/a.rs", &long)], 1),
        (long_files, &[("plugins/kit/src/html/named.rs", &long)], 0),
        (long_files, &[("plugins/kit/src/html/named.rs", "short")], 1),
        (leftovers, &[("host/src/utils/a.rs", ""), ("host/src/common.rs", ""), ("host/src/commons.rs", "")], 2),
        (unsafe_code, &[("host/src/a.rs", "// unsafe\nunsafe { f() }\n")], 1),
        (unsafe_code, &[("host/src/plugins/cache.rs", "unsafe { f() }\n")], 0),
        (lints, &[("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"), ("b/Cargo.toml", "[package]\n")], 1),
        (migrations, &[("migrations/sqlite/0001_a.sql", ""), ("migrations/sqlite/0003_b.sql", "")], 1),
        (migrations, &[("migrations/sqlite/0001_a.sql", ""), ("migrations/sqlite/0001_b.sql", "")], 1),
        (migrations, &[("migrations/sqlite/0001_a.sql", ""), ("migrations/postgres/0001_a.sql", "")], 0),
        (migrations, &[("migrations/sqlite/0001_a.sql", ""), ("migrations/postgres/0001_b.sql", "")], 2),
    ];
    for (rule, files, breaches) in cases {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let sources = Sources::of(files);
        let found = rule(&sources);
        assert_eq!(found.len(), breaches, "{:?}: {found:?}", sources.files);
    }
}
