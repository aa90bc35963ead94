//! Builds the shipped plugins as components, so that one `cargo build` gives a whole daemon, and lists the kit, which new projects in
//! Rust bring along.
//!
//! Owns: the list of shipped plugins, the cargo call that builds them, and what of the kit stays at home. That call has a target directory of its own
//! (one for all profiles of the host, so that check, clippy, debug and release share one build) and none of the outer
//! call's settings: its flags and wrappers are meant for the host's target.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a build script hears cargo in the environment and answers on stdout"
)]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The shipped plugins: name, package, file.
const SHIPPED: [(&str, &str, &str); 4] = [
    ("http", "tidegate-plugin-http", "tidegate_plugin_http.wasm"),
    ("instagram", "tidegate-plugin-instagram", "tidegate_plugin_instagram.wasm"),
    ("rss", "tidegate-plugin-rss", "tidegate_plugin_rss.wasm"),
    ("x", "tidegate-plugin-x", "tidegate_plugin_x.wasm"),
];

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "guest";

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("..");
    for path in ["plugins", "wit", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    target_is_there(&root)?;
    let guests = target_dir(&out, &root).join("guests");
    let components = components(&root, &guests)?;
    let mut list = String::from("const SHIPPED: &[(&str, &[u8])] = &[\n");
    for (name, file) in components {
        let bytes = fs::read(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        // Layer 1 of the binary format; a core module here means that the component linker was not used.
        if !bytes.starts_with(b"\0asm\x0d\0\x01\0") {
            return Err(format!(
                "{} is not a component; .cargo/config.toml has to set linker = \"wasm-component-ld\" for {TARGET}",
                file.display()
            ));
        }
        let copy = out.join(format!("{name}.wasm"));
        fs::write(&copy, bytes).map_err(|error| format!("{} cannot be written: {error}", copy.display()))?;
        writeln!(list, "    ({name:?}, include_bytes!({copy:?})),").map_err(|error| error.to_string())?;
    }
    list.push_str("];\n");
    write(&out.join("shipped.rs"), &list)?;
    write(&out.join("kit.rs"), &kit(&root.join("plugins/kit"))?)
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}

/// The sources of the kit, as a list of paths and contents. Its tests stay at home, and with them the values that only they need.
fn kit(root: &Path) -> Result<String, String> {
    let mut folders = vec![PathBuf::from("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let failed = |error: std::io::Error| format!("{} cannot be listed: {error}", root.join(&folder).display());
        for entry in fs::read_dir(root.join(&folder)).map_err(failed)? {
            let path = folder.join(entry.map_err(failed)?.file_name());
            let at_home = path.ends_with("tests.rs") || path == Path::new("src/chance.rs");
            if root.join(&path).is_dir() {
                folders.push(path);
            } else if !at_home {
                found.push(path);
            }
        }
    }
    found.sort();
    let mut list = String::from("&[\n");
    for path in found {
        let source = root.join(&path).canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
        writeln!(list, "    (\"vendor/kit/{}\", include_bytes!({source:?}).as_slice()),", path.display())
            .map_err(|error| error.to_string())?;
    }
    list.push_str("]\n");
    Ok(list)
}

/// Builds all shipped plugins in one call and gives their files.
fn components(root: &Path, guests: &Path) -> Result<Vec<(&'static str, PathBuf)>, String> {
    let mut cargo = nested("CARGO", "cargo", root);
    cargo.args(["build", "--profile", PROFILE, "--target", TARGET, "--target-dir"]).arg(guests);
    for (_, package, _) in SHIPPED {
        cargo.args(["-p", package]);
    }
    let done = cargo.output().map_err(|error| format!("cargo could not be started for the plugins: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("the shipped plugins could not be built; cargo said:\n{}", said.trim_end()));
    }
    let dir = guests.join(TARGET).join(PROFILE);
    Ok(SHIPPED.iter().map(|(name, _, file)| (*name, dir.join(file))).collect())
}

/// Without the target the guests break at E0463, after a while and in the middle of other output: say it first.
fn target_is_there(root: &Path) -> Result<(), String> {
    let asked = nested("RUSTC", "rustc", root).args(["--print", "target-libdir", "--target", TARGET]).output();
    let there = asked.ok().filter(|done| done.status.success()).is_some_and(|done| {
        let dir = PathBuf::from(String::from_utf8_lossy(&done.stdout).trim());
        fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
    });
    if there { Ok(()) } else { Err(format!("the plugins need the target {TARGET}; run: rustup target add {TARGET}")) }
}

/// A tool of the outer call's toolchain, without the outer call's settings.
fn nested(variable: &str, usual: &str, root: &Path) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| usual.into()));
    command.current_dir(root);
    const KEPT: [&str; 3] = ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_TERM_COLOR"];
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let cargos = name.starts_with("CARGO") && !KEPT.contains(&name) && !name.starts_with("CARGO_HTTP_");
        // RUSTUP_* stays: it says which toolchain this is.
        let rustcs = name.starts_with("RUSTC") || name.starts_with("RUSTFLAGS") || name == "RUSTDOCFLAGS";
        if cargos || rustcs {
            command.env_remove(name);
        }
    }
    for name in ["TARGET", "HOST", "OUT_DIR", "PROFILE", "OPT_LEVEL", "DEBUG", "NUM_JOBS", "MAKEFLAGS"] {
        command.env_remove(name);
    }
    command
}

/// The outer call's target directory: the one that holds `OUT_DIR` (target/[triple/]profile/build/name-hash/out).
fn target_dir(out: &Path, root: &Path) -> PathBuf {
    let holds = |dir: &&Path| dir.join("CACHEDIR.TAG").is_file();
    out.ancestors().find(holds).map_or_else(|| root.join("target"), Path::to_path_buf)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name} for the build script"))
}
