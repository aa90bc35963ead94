//! `cargo xtask plugins`: the guests as components.
//!
//! Owns: finding the guests (every folder of `plugins/` whose crate is a cdylib) and building them one by one, as the
//! host's build script does for those it ships. Must not know: what they do. Called by people and by `.ci/run`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{guest_cargo, root};
use crate::step::Steps;
use crate::stop::Stop;
use crate::toolchain::{self, WASM};

/// First bytes of a component (layer 1 of the binary format); a core module begins otherwise.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Builds all guests; with `--from-scratch` in an emptied target directory.
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    let dir = match args {
        [] => root().join("target").join("guests"),
        [flag] if flag == "--from-scratch" => emptied(root().join("target").join("guests-from-scratch"))?,
        _ => return Err(Stop::Usage("cargo xtask plugins [--from-scratch]".to_owned())),
    };
    toolchain::ensure()?;
    let mut steps = Steps::default();
    for package in guests(&root().join("plugins"))? {
        // One at a time: together, cargo would unify the features of what they share.
        let mut command = guest_cargo(["build", "--profile", "guest", "--target", WASM, "--package", &package]);
        command.arg("--target-dir").arg(&dir);
        steps.run(&package, command)?;
        let file = dir.join(WASM).join("guest").join(format!("{}.wasm", package.replace('-', "_")));
        println!("{}  {} KiB", file.display(), component_size(&file)? / 1024);
    }
    steps.report();
    Ok(())
}

fn emptied(dir: PathBuf) -> Result<PathBuf, Stop> {
    match fs::remove_dir_all(&dir) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(Stop::File { attempt: format!("could not empty {}", dir.display()), cause })
        }
        _ => Ok(dir),
    }
}

/// Package names of the guests below `plugins`, in order of name.
fn guests(plugins: &Path) -> Result<Vec<String>, Stop> {
    let folders = fs::read_dir(plugins)
        .map_err(|cause| Stop::File { attempt: format!("could not list {}", plugins.display()), cause })?;
    let manifests = folders.flatten().filter_map(|folder| fs::read_to_string(folder.path().join("Cargo.toml")).ok());
    let mut names: Vec<String> = manifests.filter_map(|manifest| guest_name(&manifest)).collect();
    names.sort();
    Ok(names)
}

/// The package's name if the crate is a component.
fn guest_name(manifest: &str) -> Option<String> {
    let mut lines = manifest.lines().map(str::trim);
    lines.clone().find(|line| line.starts_with("crate-type") && line.contains("\"cdylib\""))?;
    let name = lines.find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='))?;
    Some(name.trim().trim_matches('"').to_owned())
}

fn component_size(file: &Path) -> Result<usize, Stop> {
    let bytes = fs::read(file)
        .map_err(|cause| Stop::File { attempt: format!("could not read the component {}", file.display()), cause })?;
    if bytes.starts_with(&COMPONENT) {
        return Ok(bytes.len());
    }
    Err(Stop::Missing(format!(
        "{} is not a component: .cargo/config.toml has to set the linker of {WASM} to wasm-component-ld",
        file.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_a_crate_that_is_a_component() {
        let cases = [
            ("[package]\nname = \"g\"\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n", Some("g")),
            ("[package]\nname = \"kit\"\n", None),
            ("[lib]\ncrate-type = [\"rlib\"]\n[package]\nname = \"n\"\n", None),
        ];
        for (manifest, expected) in cases {
            assert_eq!(guest_name(manifest).as_deref(), expected, "{manifest}");
        }
    }

    #[test]
    fn the_projects_own_guests_are_found() {
        let found = guests(&root().join("plugins")).unwrap_or_default();
        assert!(found.iter().any(|name| name == "tidegate-plugin-rss"), "{found:?}");
        assert!(!found.iter().any(|name| name == "tidegate-plugin-kit"), "the kit is no guest: {found:?}");
    }
}
