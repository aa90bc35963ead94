//! Components that were built for a released track, under today's host.
//!
//! Owns: which there are, and what they have to answer for ever: the same as on the day they were built. They are kept in
//! `tests/golden`, whose README says how they were made, and are never built again: what would be proved is that today's tools
//! work with today's host, and `tests/languages` proves that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_core::limits;
use tidegate_plugin_kit::fixtures::{load, settle};
use tidegate_tests::component::Component;
use tidegate_tests::recorded::through;

/// Track, language, SHA-256 of the component.
const GOLDEN: [(&str, &str, &str); 4] = [
    ("v0.1", "c", "b80e28e5231a86ef22f48f15724f299149117c0773c1011489192ef9b6c5650c"),
    ("v0.1", "js", "8429c617dfd297ad5dde02f794ab933d9c3a21f63283a0ec2b46257ff7c163e8"),
    ("v0.1", "python", "42b17378332c22a0e266a78b144f92586cafff7d45c2d903a7aff7b9dc664388"),
    ("v0.1", "rust", "472d6f19cacac9423b553c417981642b47e9ec57855eb19504fc481e02013e44"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What a plugin says of itself, with the schemas opened: their spelling is the language's own.
fn described(component: &Component) -> Value {
    let mut manifest = json!(component.plugin().manifest());
    for kind in manifest["kinds"].as_array_mut().unwrap() {
        kind["overrides_schema"] = serde_json::from_str(kind["overrides_schema"].as_str().unwrap()).unwrap();
    }
    manifest
}

fn stands(lang: &str) {
    for (track, _, digest) in GOLDEN.into_iter().filter(|(_, of, _)| *of == lang) {
        let folder = root().join(track);
        let packed = fs::read(folder.join(format!("{lang}.wasm.zst"))).unwrap();
        let bytes = zstd::bulk::decompress(&packed, limits::COMPONENT_BYTES).unwrap();
        let component = Component::of(bytes, lang).unwrap_or_else(|trouble| panic!("{track} {lang}: {trouble}"));
        let plugin = component.plugin();
        assert_eq!(plugin.digest().to_string(), digest, "{track} {lang} is not the component it was");
        assert_eq!(format!("v{}", plugin.track()), track, "{lang}");
        assert!(plugin.wasi_imports().is_empty(), "{track} {lang}");
        assert_eq!(described(&component), read(&folder.join("manifest.json")), "{track} {lang}");
        for case in read(&folder.join("validate.json")).as_array().unwrap() {
            let typed = case["typed"].as_str().unwrap();
            let came = match component.validate("articles", typed, "{\"page_size\":20}") {
                Ok(normal) => json!({ "typed": typed, "normal": normal }),
                Err(problems) => json!({ "typed": typed, "problems": problems }),
            };
            assert_eq!(came, *case, "{track} {lang}");
        }
        let all = load(&folder.join("fixtures")).unwrap();
        assert!(all.len() >= 5, "{track}: only {} fixtures", all.len());
        let wrong: Vec<String> =
            all.iter().filter_map(|fixture| settle(fixture, &through(&component, fixture), false).err()).collect();
        assert!(wrong.is_empty(), "{track} {lang}:\n{}", wrong.join("\n\n"));
    }
}

#[test]
fn c_stands() {
    stands("c");
}

#[test]
fn javascript_stands() {
    stands("js");
}

#[test]
fn python_stands() {
    stands("python");
}

#[test]
fn rust_stands() {
    stands("rust");
}

#[test]
fn every_track_has_its_components_and_every_component_is_listed() {
    let folders = |at: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(at).unwrap().flatten().filter(|entry| entry.path().is_dir());
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let tracks = folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit"));
    assert_eq!(folders(&root()), tracks, "tests/golden/README.md says how the components of a track are made");
    for track in &tracks {
        let entries = fs::read_dir(root().join(track)).unwrap().flatten();
        let kept: BTreeSet<String> = entries
            .filter_map(|entry| entry.file_name().to_string_lossy().strip_suffix(".wasm.zst").map(str::to_owned))
            .collect();
        let listed: BTreeSet<String> =
            GOLDEN.iter().filter(|(of, ..)| of == track).map(|(_, lang, _)| (*lang).to_owned()).collect();
        assert_eq!(kept, listed, "{track}");
        assert_eq!(listed.len(), 4, "{track}: one in each language of `plugin new`");
    }
}
