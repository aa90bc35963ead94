//! The components that are there.
//!
//! Owns: where they are looked for: the golden components of the released track, the template built from its source, the JavaScript
//! plugin of the tests where npm is there. Must not know: what is measured. Called by the bench.

use std::path::{Path, PathBuf};
use std::process::Command;

use tidegate_tests::guests;

/// A component and the shape of the pages it reads.
pub(crate) struct Component {
    /// What it was written in.
    pub(crate) language: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) shape: Shape,
}

/// How a page of 100 articles is written for a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{"articles": [...]}`, as the template reads it.
    Articles,
    /// `{"posts": [...]}`, as `tests/js` reads it.
    Posts,
}

/// What is there, and what is not and why.
#[derive(Default)]
pub(crate) struct Components {
    pub(crate) found: Vec<Component>,
    pub(crate) missing: Vec<String>,
}

/// All components, those in Rust first.
pub(crate) fn all() -> Components {
    let mut all = Components::default();
    match guests::build("tidegate-plugin-template", &[]) {
        Ok(bytes) => all.add("rust (template)", bytes, Shape::Articles),
        Err(why) => all.missing.push(format!("rust (template): {why}")),
    }
    let golden = here().join("golden/v0.1");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&golden).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    if files.is_empty() {
        all.missing.push(format!("c, python: {} holds no component", golden.display()));
    }
    for file in files {
        all.golden(&file);
    }
    match javascript() {
        Ok(bytes) => all.add("js (tests/js)", bytes, Shape::Posts),
        Err(why) => all.missing.push(format!("js (tests/js): {why}")),
    }
    all
}

impl Components {
    fn add(&mut self, language: &str, bytes: Vec<u8>, shape: Shape) {
        self.found.push(Component { language: language.to_owned(), bytes, shape });
    }

    /// A file `LANGUAGE.wasm` or `LANGUAGE.wasm.zst`; others are left alone.
    fn golden(&mut self, file: &Path) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (language, packed) = match (name.strip_suffix(".wasm"), name.strip_suffix(".wasm.zst")) {
            (Some(language), _) => (language, false),
            (_, Some(language)) => (language, true),
            _ => return,
        };
        let bytes = std::fs::read(file).and_then(|bytes| if packed { zstd::decode_all(&*bytes) } else { Ok(bytes) });
        match bytes {
            Ok(bytes) => self.add(&format!("{language} (golden)"), bytes, Shape::Articles),
            Err(error) => self.missing.push(format!("{}: {error}", file.display())),
        }
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The plugin of `tests/js`, built by its own script.
fn javascript() -> Result<Vec<u8>, String> {
    let js = here().join("js");
    if !js.join("node_modules/.bin/jco").is_file() {
        return Err("its packages are not there: `npm install` in tests/js".to_owned());
    }
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let out = dir.path().join("plugin.wasm");
    let done = Command::new("sh").arg(js.join("build.sh")).arg(&out).output().map_err(|error| error.to_string())?;
    if !done.status.success() {
        return Err(format!("build.sh did not pass: {}", String::from_utf8_lossy(&done.stderr).trim()));
    }
    std::fs::read(&out).map_err(|error| error.to_string())
}
