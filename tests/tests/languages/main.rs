//! Four languages, from `plugin new` to items in the database.
//!
//! Owns: what an author types, word by word from the README of a new project, and what must come of it: the project builds with its
//! own tools, the checks pass, the daemon ingests with it, and a mistake of the author arrives with its message. Every language
//! reads the same list. One whose tools are missing says that it was skipped; named in `TIDEGATE_REQUIRE` (a list with
//! commas), as in `.ci/run`, a skip is a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "tests"
)]

mod api;
mod project;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::place::{list, word};

use project::Project;

/// Python's component is compiled by a debug build.
const LONG: Duration = Duration::from_secs(180);

/// One at a time: the host compiles components with low priority and for a minute at most, and another language's own tools
/// would take the cores from it.
static TURN: Mutex<()> = Mutex::new(());

/// What an author does wrong, in his language: the first line is in the project's source, and the second is put behind it.
struct Mistake {
    file: &'static str,
    behind: &'static str,
    line: &'static str,
}

/// What every mistake says.
const WORDS: &str = "the tide went out";

#[test]
fn rust() {
    story(
        "rust",
        &["cargo"],
        &Mistake {
            file: "src/lib.rs",
            behind: "fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {",
            line: "assert!(!job.identifier.ends_with(\"/broken\"), \"the tide went out\");",
        },
    );
}

#[test]
fn javascript() {
    story(
        "js",
        &["npm"],
        &Mistake {
            file: "plugin.js",
            behind: "function normalize(job, page) {",
            line: "if (job.identifier.endsWith(\"/broken\")) throw new TypeError(\"the tide went out\");",
        },
    );
}

#[test]
fn python() {
    story(
        "python",
        &["python3"],
        &Mistake {
            file: "app.py",
            behind: "    def normalize(self, job: wit.Job, page: wit.Page) -> wit.Batch:",
            line: "        assert not job.identifier.endswith(\"/broken\"), \"the tide went out\"",
        },
    );
}

#[test]
fn c() {
    story(
        "c",
        &["python3", "npm", "make"],
        &Mistake {
            file: "plugin.c",
            behind: "static const char *why_not(const json *article) {",
            line: "if (json_member(article, \"broken\") != NULL) abort_with(\"the tide went out\");",
        },
    );
}

fn story(lang: &'static str, programs: &[&str], mistake: &Mistake) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(project) = Project::new(lang, programs) else { return };
    project.mistake(mistake);
    let Some(checked) = project.builds_as_its_readme_says() else { return };
    assert_eq!((word(&checked, "name").as_str(), word(&checked, "track").as_str()), (project.name(), "0.1"));
    assert_eq!(checked["wasi_imports"], Value::Array(Vec::new()), "{lang}: built without WASI");

    let api = api::Articles::start();
    let mut daemon = project.serves_as_its_readme_says();
    let source = project.adds_as_its_readme_says(&api.url("/articles"));
    let items = project.daemon_json(&mut daemon, &["items", "--source", &source], "its items", |answer| {
        list(answer, "items").len() == api::IDS.len()
    });
    the_items_are_those_of_the_list(lang, &items, &api);
    let run = ended(&project, &mut daemon, &source);
    assert_eq!((word(&run, "ending").as_str(), &run["failure"]), ("ok", &Value::Null), "{lang}: {run}");
    assert_eq!((&run["counts"]["new"], &run["counts"]["rejected"]), (&json!(3), &json!(1)), "{lang}: {run}");
    the_mistake_arrives(&project, &mut daemon, &api);
}

fn the_items_are_those_of_the_list(lang: &str, items: &Value, api: &api::Articles) {
    let mut ids: Vec<String> = list(items, "items").iter().map(|item| word(item, "external_id")).collect();
    ids.sort();
    let mut expected = api::IDS.map(str::to_owned);
    expected.sort();
    assert_eq!(ids, expected, "{lang}");
    let newest = list(items, "items").iter().find(|item| word(item, "external_id") == api::IDS[0]).unwrap();
    assert_eq!(word(newest, "title"), api::TITLE, "{lang}");
    assert_eq!(word(newest, "kind"), "article", "{lang}");
    assert!(api.pages() >= 2, "{lang}: it followed `next`");
}

/// A source for which the plugin does what its author did not foresee: its run fails, and says what happened.
fn the_mistake_arrives(project: &Project, daemon: &mut Daemon, api: &api::Articles) {
    let source = project.adds_as_its_readme_says(&api.url("/broken"));
    let run = ended(project, daemon, &source);
    let told = run["failure"][1].as_str().unwrap_or_default();
    assert!(word(&run, "ending") == "failed" && told.contains(WORDS), "{}: {run}", project.lang);
    eprintln!("{}: {told}", project.lang);
}

/// The first run of a source, once it is over.
fn ended(project: &Project, daemon: &mut Daemon, source: &str) -> Value {
    let over = |run: &&Value| word(run, "stage") == "ended";
    let runs = project.daemon_json(daemon, &["runs", "list", "--source", source], "a run that ended", |answer| {
        list(answer, "runs").iter().any(|run| over(&run))
    });
    list(&runs, "runs").iter().rfind(over).cloned().unwrap()
}
