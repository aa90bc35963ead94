//! A released track of the contract never changes: components built for it are out there.
//!
//! Owns: the digest of each track in `wit/`. A change of types needs a new track (`wit/v0.2`, package
//! `tidegate:plugin@0.2.0`) beside the old one, and an adapter in the plugin room.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Track, whether a release has carried it, SHA-256 as [`digest`] makes it.
const TRACKS: [(&str, bool, &str); 1] =
    [("v0.1", false, "0463e18b651c2fd8228d3f0b225b9d7cb0270ca4736680adccea975259e4366e")];

/// Of all `.wit` files in order of name: name, NUL, length as 8 bytes little endian, content. Line ends count as LF.
fn digest(track: &Path) -> String {
    let files: BTreeMap<String, String> = fs::read_dir(track)
        .expect("the track's folder")
        .flatten()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "wit"))
        .map(|file| {
            let text = fs::read_to_string(file.path()).expect("a readable file");
            (file.file_name().to_string_lossy().into_owned(), text.replace("\r\n", "\n"))
        })
        .collect();
    let mut sum = Sha256::new();
    for (name, text) in &files {
        sum.update(name.as_bytes());
        sum.update([0]);
        sum.update((text.len() as u64).to_le_bytes());
        sum.update(text.as_bytes());
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_track_is_what_it_was() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    for (track, released, expected) in TRACKS {
        let found = digest(&wit.join(track));
        let remedy = if released {
            "it is released and frozen: take the change back, and make it in a new track beside this one (CONTRIBUTING.md)"
                .to_owned()
        } else {
            format!(
                "no release has carried it yet: if the change is meant, and its adapter follows, write {found} into TRACKS here"
            )
        };
        assert_eq!(found, expected, "wit/{track} has changed; {remedy}");
    }
}

#[test]
fn every_track_is_listed() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    for folder in fs::read_dir(wit).expect("wit/").flatten().filter(|entry| entry.path().is_dir()) {
        let name = folder.file_name().to_string_lossy().into_owned();
        assert!(
            TRACKS.iter().any(|(track, ..)| *track == name),
            "wit/{name} is not listed: add its digest to TRACKS here"
        );
    }
}
