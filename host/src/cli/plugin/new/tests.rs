//! New projects as they are put together and written; `tests/tests/languages` builds and runs them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::project::{PluginName, Project};
use super::templates::{C, FIXTURES, File, KIT, WIT};
use super::write::{WriteError, write};
use crate::cli::args::Language;
use crate::config::parse_profile;

const LANGUAGES: [Language; 4] = [Language::Rust, Language::Js, Language::Python, Language::C];

fn project(language: Language) -> Project {
    Project::new(&"tide-tables".parse().unwrap(), language)
}

#[test]
fn names_are_those_the_contract_allows() {
    let long = "a".repeat(32);
    for right in ["a", "x2", "tide-tables", "if", long.as_str()] {
        assert_eq!(right.parse::<PluginName>().unwrap().to_string(), right);
    }
    let longer = "a".repeat(33);
    for wrong in ["", "A", "2x", "-a", "a_b", "a b", "../a", "ä", "a/b", longer.as_str()] {
        let told = wrong.parse::<PluginName>().unwrap_err().to_string();
        assert!(told.contains("like \"my-platform\""), "{wrong}: {told}");
    }
}

#[test]
fn the_name_of_a_shipped_plugin_is_told() {
    for (name, _) in crate::plugins::shipped::shipped() {
        let note = super::note(&name.parse().unwrap()).unwrap();
        assert!(note.starts_with(&format!("tidegate ships a plugin {name}:")), "{note}");
    }
    assert!(super::note(&"http".parse().unwrap()).is_some() && super::note(&"tides".parse().unwrap()).is_none());
}

#[test]
fn every_project_is_whole_and_has_its_name() {
    for language in LANGUAGES {
        let project = project(language);
        let paths: Vec<&str> = project.files.iter().map(|(path, _)| path.as_str()).collect();
        let unique: BTreeSet<&str> = paths.iter().copied().collect();
        assert_eq!(unique.len(), paths.len(), "{language:?}: {paths:?}");
        for wanted in ["README.md", ".gitignore", "tide-tables_profile.toml", "wit/v0.1/world.wit"] {
            assert!(unique.contains(wanted), "{language:?} has no {wanted}");
        }
        assert!(paths.iter().any(|path| path.starts_with("fixtures/")), "{language:?}");
        for (path, content) in &project.files {
            assert!(!path.starts_with('/') && !path.contains(".."), "{path}");
            let text = String::from_utf8_lossy(content);
            for left in ["{{", "\"template\"", "plugin_template"] {
                assert!(!text.contains(left) || path.starts_with("vendor/kit/src/"), "{language:?}: {path} has {left}");
            }
        }
        let (_, profile) = project.files.iter().find(|(path, _)| path.ends_with("_profile.toml")).unwrap();
        let profile = String::from_utf8_lossy(profile);
        let read = parse_profile("tide-tables_profile", &profile, "the template").unwrap();
        assert_eq!((read.plugin.as_str(), read.kind.as_str()), ("tide-tables", "articles"));
    }
}

#[test]
fn commands_are_those_of_the_readme() {
    let all = LANGUAGES.map(|language| project(language).commands.join("\n"));
    insta::assert_snapshot!("plugin_new_commands", all.join("\n---\n"));
}

/// The files below a folder of the repository, as a project names them.
fn below(root: &Path, folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            below(root, &path, found);
        } else {
            found.insert(path);
        }
    }
}

#[test]
fn nothing_of_the_repository_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cases: [(&str, &str, &str, &[File]); 2] =
        [("wit", "v0.1", "wit/", WIT), ("plugins/template", "fixtures", "", FIXTURES)];
    for (place, folder, prefix, listed) in cases {
        let mut found = BTreeSet::new();
        below(&root.join(place), folder, &mut found);
        let found: BTreeSet<String> = found.into_iter().map(|path| format!("{prefix}{path}")).collect();
        let listed: BTreeSet<String> = listed.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(listed, found, "{place}: mend the list in templates.rs");
    }
}

/// Of the contract, and of what wit-bindgen 0.63.0 made of it. The tool itself stays out of the tests: its libraries would be compiled
/// with the daemon.
const BINDINGS: (&str, &str) = (
    "82819511da498de456982f43712aa2e95de7330584c898b41d77efbc758dc56d",
    "7e09053e841811808cf492442339be416972813e697931ae8dd7bf8bc6b4f549",
);

#[test]
fn bindings_for_c_are_those_of_the_contract() {
    let sum = |files: &[File]| {
        let mut sum = Sha256::new();
        for (path, content) in files {
            sum.update(path.as_bytes());
            sum.update((content.len() as u64).to_le_bytes());
            sum.update(content);
        }
        sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let made: Vec<File> = C.iter().copied().filter(|(path, _)| path.starts_with("bindings/")).collect();
    let found = (sum(WIT), sum(&made));
    assert_eq!(
        (found.0.as_str(), found.1.as_str()),
        BINDINGS,
        "make them again from wit/v0.1 (plugins/template/README.md has the command), and write both digests here"
    );
}

#[test]
fn the_kit_comes_without_its_tests_and_asks_for_what_it_asks_for_at_home() {
    let project = project(Language::Rust);
    let kit: Vec<&str> = KIT.iter().map(|(path, _)| *path).collect();
    assert!(kit.contains(&"vendor/kit/src/lib.rs") && kit.contains(&"vendor/kit/src/json/mod.rs"), "{kit:?}");
    assert!(!kit.iter().any(|path| path.ends_with("/tests.rs") || path.ends_with("/chance.rs")), "{kit:?}");
    let (_, manifest) = project.files.iter().find(|(path, _)| path == "vendor/kit/Cargo.toml").unwrap();
    let manifest: toml::Table = String::from_utf8_lossy(manifest).parse().unwrap();
    let home: toml::Table = super::templates::KIT_MANIFEST.parse().unwrap();
    let workspace: toml::Table = super::templates::WORKSPACE_MANIFEST.parse().unwrap();
    assert_eq!(manifest["package"]["version"], workspace["workspace"]["package"]["version"]);
    let names = |of: &toml::Value| -> BTreeSet<String> { of.as_table().unwrap().keys().cloned().collect() };
    let mut expected = (names(&home["features"]), names(&home["dependencies"]));
    assert!(expected.0.remove("chance") && expected.1.remove("proptest"));
    assert_eq!((names(&manifest["features"]), names(&manifest["dependencies"])), expected);
    for (name, asked) in manifest["dependencies"].as_table().unwrap() {
        let shared = &workspace["workspace"]["dependencies"][name];
        let version = shared.get("version").unwrap_or(shared);
        assert_eq!(&asked["version"], version, "{name}");
        assert_eq!(asked.get("default-features"), shared.get("default-features"), "{name}");
        assert!(asked.get("workspace").is_none(), "{name}");
    }
}

#[test]
fn a_project_is_written_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let files = project(Language::C).files;
    let at = |name: &str| place.path().join(name);
    let entries = || fs::read_dir(place.path()).unwrap().count();

    write(&at("new"), &files).unwrap();
    fs::create_dir(at("empty")).unwrap();
    write(&at("empty"), &files).unwrap();
    write(&at("deep/down"), &files).unwrap();
    for folder in ["new", "empty", "deep/down"] {
        for (path, content) in &files {
            assert_eq!(fs::read(at(folder).join(path)).unwrap(), content.as_ref(), "{folder}/{path}");
        }
    }
    let modes = |name: &str| fs::metadata(at(name)).unwrap().permissions();
    assert_eq!(modes("new"), modes("new/fixtures"));

    fs::write(at("file"), "mine").unwrap();
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/notes.txt"), "mine").unwrap();
    let before = entries();
    for taken in ["file", "full", "new"] {
        assert!(matches!(write(&at(taken), &files), Err(WriteError::NotEmpty { .. })), "{taken}");
    }
    assert!(matches!(write(&at("file/below"), &files), Err(WriteError::Io { .. } | WriteError::NotEmpty { .. })));
    // One file that cannot be written: nothing of the others is left.
    let odd = [("a".to_owned(), b"x".as_slice().into()), ("a/b".to_owned(), b"y".as_slice().into())];
    assert!(matches!(write(&at("odd"), &odd), Err(WriteError::Io { .. })));
    assert_eq!(entries(), before);
    assert_eq!(fs::read_to_string(at("full/notes.txt")).unwrap(), "mine");
}
