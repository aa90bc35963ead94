//! Every fixture of every plugin through the built component and the plugin room: the same pages that its own tests run
//! natively must give the same batches. A plugin whose fixtures nobody runs here, or that has none, fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::path::{Path, PathBuf};

use tidegate_plugin_kit::fixtures::{load, settle};
use tidegate_tests::component::Component;
use tidegate_tests::guests;
use tidegate_tests::recorded::through;

/// Folders of `plugins/` that are no plugin.
const NO_PLUGIN: [&str; 1] = ["kit"];

#[test]
fn every_plugin_gives_the_same_as_a_component() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    for folder in folders(&plugins) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if NO_PLUGIN.contains(&name.as_str()) {
            continue;
        }
        let all = load(&folder.join("fixtures")).unwrap_or_default();
        assert!(!all.is_empty(), "plugins/{name} has no fixtures: write some (plugins/template shows how)");
        let bytes = guests::build(&format!("tidegate-plugin-{name}"), &[]).unwrap();
        let component = Component::of(bytes, &name).unwrap();
        let wrong: Vec<String> =
            all.iter().filter_map(|fixture| settle(fixture, &through(&component, fixture), false).err()).collect();
        assert!(wrong.is_empty(), "plugins/{name}, as a component:\n{}", wrong.join("\n\n"));
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
