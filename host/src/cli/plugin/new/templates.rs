//! What new projects are made of, as it lies in the repository.
//!
//! Owns: the lists of files. Must not know: what becomes of them. The example in Rust is `plugins/template`, which is built and
//! tested with the workspace; the ones in other languages stand beside it and read the same fixtures, which
//! `tests/tests/languages` builds and runs.

/// A file: its path in a new project, and its content.
pub(super) type File = (&'static str, &'static [u8]);

macro_rules! files {
    ($from:literal, $to:literal: $($path:literal),+ $(,)?) => {
        files!(root $from, $to: $(($path, $path)),+)
    };
    // Under another name in the repository, where tools would take it for their own.
    (renamed $from:literal, $to:literal: $($here:literal => $there:literal),+ $(,)?) => {
        files!(root $from, $to: $(($here, $there)),+)
    };
    (root $from:literal, $to:literal: $(($here:literal, $there:literal)),+) => {
        &[$((
            concat!($to, $there),
            include_bytes!(concat!("../../../../../", $from, $here)).as_slice(),
        )),+]
    };
}

/// The contract.
pub(super) const WIT: &[File] = files!("wit/", "wit/": "v0.1/deliveries.wit", "v0.1/log.wit", "v0.1/source.wit",
    "v0.1/types.wit", "v0.1/world.wit");

/// What every project has, whatever its language. The README's end is appended to that of the language.
pub(super) const README_END: &str = include_str!("../../../../../plugins/template/any/readme.md");
/// The profile, whose name holds the project's.
pub(super) const PROFILE: &str = include_str!("../../../../../plugins/template/any/profile.toml");

/// Recorded pages with the batches they give, in every language the same.
pub(super) const FIXTURES: &[File] = files!("plugins/template/", "":
    "fixtures/first-page/meta.json", "fixtures/first-page/page.json", "fixtures/first-page/expected.json",
    "fixtures/next-page/meta.json", "fixtures/next-page/page.json", "fixtures/next-page/expected.json",
    "fixtures/not-json/meta.json", "fixtures/not-json/page.html", "fixtures/not-json/expected.json",
    "fixtures/status-404/meta.json", "fixtures/status-404/expected.json",
    "fixtures/status-410/meta.json", "fixtures/status-410/expected.json",
    "fixtures/up-to-date/meta.json", "fixtures/up-to-date/page.json", "fixtures/up-to-date/expected.json",
);

/// The kit as it is, listed by the build script: `wit_bindgen` finds the contract from `vendor/kit` as it does from `plugins/kit`.
pub(super) const KIT: &[File] = include!(concat!(env!("OUT_DIR"), "/kit.rs"));
/// What the kit asks for at home, and what the workspace says of it.
pub(super) const KIT_MANIFEST: &str = include_str!("../../../../../plugins/kit/Cargo.toml");
pub(super) const WORKSPACE_MANIFEST: &str = include_str!("../../../../../Cargo.toml");

pub(super) const RUST: &[File] = files!("plugins/template/", "": "src/lib.rs", "tests/fixtures.rs");
pub(super) const RUST_AROUND: &[File] = files!(renamed "plugins/template/rust/", "":
    "manifest.toml" => "Cargo.toml", "config.toml" => ".cargo/config.toml",
    "gitignore" => ".gitignore", "README.md" => "README.md",
);

pub(super) const JS: &[File] =
    files!("plugins/template/js/", "": "plugin.js", "guarded.js", "shapes.js", "package.json", "README.md");
pub(super) const JS_AROUND: &[File] = files!(renamed "plugins/template/js/", "": "gitignore" => ".gitignore");

pub(super) const PYTHON: &[File] = files!("plugins/template/python/", "":
    "app.py", "contract.py", "requirements.txt", "build.sh", "README.md");
pub(super) const PYTHON_AROUND: &[File] = files!(renamed "plugins/template/python/", "": "gitignore" => ".gitignore");

pub(super) const C: &[File] = files!("plugins/template/c/", "":
    "plugin.c", "json.c", "json.h", "border.c", "border.h", "bindings/plugin.c", "bindings/plugin.h",
    "bindings/plugin_component_type.o", "package.json", "requirements.txt", "Makefile", "README.md",
);
pub(super) const C_AROUND: &[File] = files!(renamed "plugins/template/c/", "": "gitignore" => ".gitignore");
