//! The `http` plugin through the real binary against an API on loopback: every kind of paging, every manner that breaks connectors,
//! GraphQL, 429 in the middle, credentials. What counts is what stands in the database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod api;
mod credentials;
mod forgotten;

use std::time::Duration;

use api::{Api, KINDS, MANNERS, SIZE};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tidegate_tests::daemon::Daemon;
use tidegate_tests::place::Place;

const LONG: Duration = Duration::from_secs(60);
/// How often the database is looked at.
const LOOK: Duration = Duration::from_millis(50);
const RECORDS: usize = 23;
/// Fetches of a run, at most.
const PAGES: u64 = 12;

/// A profile for one kind of paging.
fn profile(kind: &str, more: &str) -> String {
    let paging = match kind {
        "offset" | "page" | "none" => format!("kind = \"{kind}\"\nmore = \"/more\""),
        "cursor" => "kind = \"cursor\"\nnext = \"/next\"".to_owned(),
        "cursor-header" => "kind = \"cursor\"\nheader = \"X-Next-Cursor\"".to_owned(),
        "link-body" => "kind = \"link-body\"\nnext = \"/links/next\"".to_owned(),
        other => format!("kind = \"{other}\""),
    };
    format!(
        "plugin = \"http\"\nkind = \"rest\"\nschedule = {{ every = \"1s\", min_interval = \"1s\" }}\n\
         caps = {{ max_items = 1000, bootstrap_max_items = 1000, max_pages = {PAGES}, deadline = \"30s\" }}\n\
         retry = {{ in_run = [], runs = [\"1s\"], max_failures = 1000 }}\nnet = {{ allow_private = [\"127.0.0.1\"] }}\n\
         [overrides]\nrecords = \"/items\"\n{more}\n[overrides.paging]\n{paging}\nmax_pages = 100\n"
    )
}

const NEWEST_FIRST: &str = "incremental = { by = \"time\", order = \"newest-first\" }";

/// Distinct records of a source that can be had from it in this manner.
fn wanted(kind: &str, manner: &str, records: usize) -> usize {
    match (kind, manner) {
        ("none", _) => records,
        (_, "ignores") => SIZE,
        (_, "repeats") => 3 * SIZE,
        ("link-header" | "link-body", "elsewhere") => SIZE,
        _ => records,
    }
}

/// What stands in the database: the ids of the items of each source, by its identifier.
struct Stored {
    runtime: tokio::runtime::Runtime,
    pool: sqlx::SqlitePool,
}

impl Stored {
    fn open(place: &Place) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = SqliteConnectOptions::new().filename(place.dir().join("tidegate.db")).read_only(true);
        let pool = runtime.block_on(SqlitePoolOptions::new().max_connections(1).connect_with(options)).unwrap();
        Self { runtime, pool }
    }

    fn ids(&self, identifier: &str) -> Vec<u64> {
        let sql =
            "SELECT item.external_id FROM item JOIN source ON source.id = item.source WHERE source.identifier = ?1";
        let rows = self.runtime.block_on(sqlx::query(sql).bind(identifier).fetch_all(&self.pool)).unwrap();
        let mut ids: Vec<u64> = rows.iter().map(|row| row.get::<String, _>(0).parse().unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    /// Waits until a source has so many items, and gives their ids.
    fn wait(&self, daemon: &Daemon, identifier: &str, count: usize) -> Vec<u64> {
        for _ in 0..LONG.as_millis() / LOOK.as_millis() {
            let ids = self.ids(identifier);
            if ids.len() >= count {
                return ids;
            }
            daemon.wait_line("more", LOOK, |_| false).unwrap_err();
        }
        panic!("{identifier} has {:?}, not {count} items:\n{}", self.ids(identifier), daemon.log().join("\n"));
    }
}

fn serve(place: &Place) -> Daemon {
    let daemon = place.serve().unwrap();
    daemon.wait_line("the daemon's first line", LONG, |line| line.contains("tidegate serves")).unwrap();
    daemon
}

#[test]
fn every_kind_of_paging_in_every_manner() {
    let api = Api::start(RECORDS);
    let place = Place::empty().unwrap();
    place.put("tidegate.toml", "[budget]\nruns_per_day = 1000000\n").unwrap();
    for kind in KINDS {
        place.put(&format!("profiles/{kind}.toml"), profile(kind, NEWEST_FIRST)).unwrap();
    }
    let mut daemon = serve(&place);
    let mut sources = Vec::new();
    for kind in KINDS {
        let urls: Vec<String> = MANNERS.iter().map(|manner| format!("{}/{kind}/{manner}", api.origin)).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        for (manner, id) in MANNERS.iter().zip(place.add(kind, &urls).unwrap()) {
            sources.push((kind, *manner, id));
        }
    }
    let stored = Stored::open(&place);
    // No loss: everything that can be had is there, once, and what comes later comes too.
    for (round, more) in [0, 7].into_iter().enumerate() {
        api.publish(more);
        let records = RECORDS + more;
        for (kind, manner, _) in &sources {
            let count = wanted(kind, manner, records) + if round > 0 { kept(kind, manner, more) } else { 0 };
            let found = stored.wait(&daemon, &format!("{}/{kind}/{manner}", api.origin), count);
            let newest = 1_000 + u64::try_from(records).unwrap() - 1;
            assert_eq!((found.len(), found.last()), (count, Some(&newest)), "{kind} {manner}: {found:?}");
        }
    }
    // No loop, and bounded: no run made more fetches than it may; a link to another host is a failure that names it.
    let runs = place.runs(&[]).unwrap();
    for (kind, manner, id) in &sources {
        let ended: Vec<&Value> = runs.iter().filter(|run| run["source"] == **id && !run["ending"].is_null()).collect();
        assert!(!ended.is_empty(), "{kind} {manner}");
        for run in ended {
            assert!(run["fetches"].as_u64().unwrap() <= PAGES, "{kind} {manner}: {run}");
            let failed = kind.starts_with("link") && *manner == "elsewhere";
            assert_eq!(run["ending"] == "failed", failed, "{kind} {manner}: {run}");
            if failed {
                assert!(run["failure"].to_string().contains("http://127.0.0.2:9"), "{run}");
            }
        }
    }
    // A listing whose newest are known is left after its first page.
    let (path, id) =
        ("/cursor/good", &sources.iter().find(|(kind, manner, _)| (*kind, *manner) == ("cursor", "good")).unwrap().2);
    let runs = place.runs(&["--source", id]).unwrap().len();
    let before = api.asked(path);
    let more = |answer: &Value| answer["source"]["total_runs"].as_u64() >= Some(u64::try_from(runs).unwrap() + 2);
    let shown = daemon.wait_until("two more runs", LONG, &["source", "show", id], more).unwrap();
    let made = usize::try_from(shown["source"]["total_runs"].as_u64().unwrap()).unwrap() - runs;
    assert!(api.asked(path) <= before + made + 2, "{} requests for {made} runs", api.asked(path) - before);
}

/// What was read before stays, although the server does not show it any more.
fn kept(kind: &str, manner: &str, more: usize) -> usize {
    match (kind, manner) {
        ("none", _) => 0,
        (_, "ignores") => SIZE.min(more),
        (_, "repeats") => more,
        ("link-header" | "link-body", "elsewhere") => SIZE.min(more),
        _ => 0,
    }
}

/// Every third request of a run is refused with 429. Failing there would begin at the top again, and never get further than two pages.
#[test]
fn a_listing_that_is_cut_by_429_is_read_to_its_end() {
    let api = Api::start(RECORDS);
    let place = Place::with_profile("slow", &profile("cursor", NEWEST_FIRST)).unwrap();
    let daemon = serve(&place);
    let url = format!("{}/slow/good", api.origin);
    let id = place.add("slow", &[&url]).unwrap().remove(0);
    let stored = Stored::open(&place);
    assert_eq!(stored.wait(&daemon, &url, RECORDS).len(), RECORDS);
    api.publish(3 * SIZE);
    assert_eq!(stored.wait(&daemon, &url, RECORDS + 3 * SIZE).len(), RECORDS + 3 * SIZE);
    // The host's gate was closed by it, for everybody.
    let runs = place.runs(&["--source", &id]).unwrap();
    assert!(runs.iter().any(|run| run["warnings"].to_string().contains("the next run goes on there")), "{runs:?}");
}

/// Pages are further apart than a run's deadline allows. Each run goes on where the one before it had come to.
#[test]
fn a_listing_that_takes_longer_than_a_run_may_is_read_to_its_end() {
    let api = Api::start(RECORDS);
    let slow = profile("cursor", NEWEST_FIRST)
        .replace("deadline = \"30s\"", "deadline = \"2s\"")
        .replace("max_pages = 100", "max_pages = 100\ndelay_s = 0.8");
    let place = Place::with_profile("long", &slow).unwrap();
    let daemon = serve(&place);
    let url = format!("{}/cursor/good", api.origin);
    let id = place.add("long", &[&url]).unwrap().remove(0);
    let stored = Stored::open(&place);
    assert_eq!(stored.wait(&daemon, &url, RECORDS).len(), RECORDS);
    let runs = place.runs(&["--source", &id]).unwrap();
    assert!(runs.iter().all(|run| run["ending"] != "failed"), "{runs:?}");
    let warning = "more follows, but was not fetched: not done after 2 s, the run's deadline";
    assert!(runs.iter().any(|run| run["warnings"].to_string().contains(warning)), "{runs:?}");
}

#[test]
fn graphql_with_cursors_and_errors_in_200() {
    let api = Api::start(RECORDS);
    let profile = r#"
plugin = "http"
kind = "graphql"
schedule = { every = "1h" }
caps = { max_items = 1000, bootstrap_max_items = 1000, max_pages = 20 }
retry = { in_run = [], runs = [], max_failures = 3 }
net = { allow_private = ["127.0.0.1"] }
[overrides]
query = "query($login: String!, $first: Int, $after: String) { user(login: $login) { posts(first: $first, after: $after) { edges { node { id title created_at } } pageInfo { hasNextPage endCursor } } } }"
variables = { login = "{{name}}" }
records = "/data/user/posts/edges/*/node"
[overrides.paging]
kind = "cursor"
size = 4
next = "/data/user/posts/pageInfo/endCursor"
more = "/data/user/posts/pageInfo/hasNextPage"
"#;
    let place = Place::with_profile("posts", profile).unwrap();
    let mut daemon = serve(&place);
    let urls = [format!("{}/graphql#ada", api.origin), format!("{}/graphql#nobody", api.origin)];
    let added = place.add("posts", &[&urls[0], &urls[1]]).unwrap();
    assert_eq!(Stored::open(&place).wait(&daemon, &urls[0], RECORDS).len(), RECORDS);
    let failed = |answer: &Value| answer["source"]["failure_count"] == 1;
    daemon.wait_until("an error in 200", LONG, &["source", "show", &added[1]], failed).unwrap();
    let run = place.runs(&["--source", &added[1]]).unwrap().remove(0);
    assert_eq!(run["failure"][0], "not-found", "{run}");
    // A mistake in the settings is told where it is made.
    for (option, words) in [
        ("query=", "a GraphQL query is needed"),
        ("variables={\"a\":\"{{cursr}}\"}", "there is no placeholder {{cursr}}"),
        ("records=data", "/records"),
    ] {
        let said = place
            .run(&["source", "add", "--profile", "posts", "--set", option, &format!("{}/graphql#x", api.origin)])
            .unwrap();
        assert_eq!(said.code, Some(4), "{option}: {said:?}");
        assert!(said.sentence().contains(words), "{option}: {said:?}");
    }
}
