//! The guide (`docs/guide`): what it lists is there, what it links to exists, and its limits are the host's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_core::limits;

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src")
}

fn read(page: &str) -> String {
    fs::read_to_string(pages().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn names() -> BTreeSet<String> {
    let files = fs::read_dir(pages()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect()
}

/// Targets of the links of a page: what stands between `](` and `)`, code left out.
fn links(text: &str) -> Vec<String> {
    let prose: String = text
        .lines()
        .filter(|line| !line.starts_with("    "))
        .flat_map(|line| line.split('`').step_by(2))
        .collect::<Vec<_>>()
        .join("\n");
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// The anchor that mdBook gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_page_is_listed_once_and_every_listed_page_is_there() {
    let listed = links(&read("SUMMARY.md"));
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a page is listed twice: {listed:?}");
    assert_eq!(unique, names());
}

#[test]
fn every_link_within_the_guide_leads_somewhere() {
    let mut looked_at = 0;
    for name in names() {
        for link in links(&read(&name)).iter().filter(|link| !link.contains("://")) {
            looked_at += 1;
            let (page, fragment) = link.split_once('#').unwrap_or((link, ""));
            let page = if page.is_empty() { name.as_str() } else { page };
            assert!(pages().join(page).is_file(), "{name} links to {link}, and there is no {page}");
            let text = read(page);
            let anchors =
                text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#')));
            assert!(fragment.is_empty() || anchors.into_iter().any(|a| a == fragment), "{name}: no heading for {link}");
        }
    }
    assert!(looked_at > 3, "links are not found any more");
}

/// The indented block after the heading `## Build`.
fn build_commands(text: &str) -> Vec<String> {
    let after = text.split("## Build\n").nth(1).expect("a page has a heading Build");
    let block = after.trim_start_matches('\n').lines().take_while(|line| line.starts_with("    "));
    block.map(|line| line.trim().to_owned()).collect()
}

/// What the guide tells people to type is what a new project's README tells them, and that is run in `languages`.
#[test]
fn each_language_is_built_by_the_commands_of_its_project() {
    for (page, folder) in [("rust.md", "rust"), ("javascript.md", "js"), ("python.md", "python"), ("c.md", "c")] {
        let readme = pages().join(format!("../../../plugins/template/{folder}/README.md"));
        let readme = fs::read_to_string(readme).unwrap().replace("{{name}}", "harbour").replace("{{ident}}", "harbour");
        let commands = build_commands(&readme);
        assert!(commands.len() >= 4, "{folder}: {commands:?}");
        assert_eq!(build_commands(&read(page)), commands, "{page}");
        assert!(read(page).contains(&format!("tidegate plugin new --lang {folder} harbour")), "{page}");
    }
}

/// A limit as a number: a count, bytes, or seconds.
trait Figure {
    fn figure(self) -> f64;
}

impl Figure for usize {
    fn figure(self) -> f64 {
        f64::from(u32::try_from(self).unwrap())
    }
}

impl Figure for u32 {
    fn figure(self) -> f64 {
        f64::from(self)
    }
}

impl Figure for Duration {
    fn figure(self) -> f64 {
        self.as_secs_f64()
    }
}

macro_rules! figures {
    ($($name:ident)*) => { BTreeMap::from([$((stringify!($name), limits::$name.figure())),*]) };
}

/// "32 MiB", "50,000", "10 s" as a number.
fn told(cell: &str) -> f64 {
    let (number, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let number: f64 = number.replace(',', "").parse().unwrap_or_else(|_| panic!("{cell:?} is no limit"));
    number
        * match unit {
            "MiB" => 1_048_576.0,
            "KiB" => 1_024.0,
            "" | "s" | "bytes" => 1.0,
            other => panic!("{cell:?}: {other:?} is no unit"),
        }
}

#[test]
fn the_limits_it_names_are_those_of_the_host() {
    let real = figures!(COMPONENT_BYTES COMPONENT_FUNCTIONS COMPONENT_MODULES FUNCTION_BYTES COMPILE_CPU
        COMPILE_MEMORY_BYTES PROBE_CPU
        MEMORY_BYTES TABLE_ELEMENTS CORE_INSTANCES MEMORIES TABLES STACK_BYTES CALL_CPU CALL_WALL ANSWER_BYTES LOG_LINES
        LOG_BYTES URL_BYTES REQUEST_HEADERS REQUEST_HEADER_BYTES REQUEST_BODY_BYTES STATE_BYTES PAGES_PER_RUN
        STEP_DELAY_MOST BODY_BYTES BODY_BYTES_MOST REDIRECTS FETCH_TIMEOUT BATCH_ITEMS BATCH_REJECTS BATCH_WARNINGS
        MESSAGE_BYTES EXTERNAL_ID_BYTES TITLE_BYTES TEXT_BYTES SUMMARY_BYTES HTML_BYTES ITEM_MEDIA ITEM_TAGS ITEM_LIST
        EXTRA_BYTES MANIFEST_KINDS KIND_EXAMPLES PLUGIN_NAME_BYTES KIND_LIST SCHEMA_BYTES);
    let mut said = BTreeMap::new();
    for row in read("limits.md").lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[2].trim_matches('`').to_owned();
        assert!(said.insert(name.clone(), told(cells[1])).is_none(), "{name} is there twice");
    }
    let real: BTreeMap<String, f64> = real.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect();
    assert_eq!(said, real);
}
