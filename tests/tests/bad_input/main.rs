//! What an operator may get wrong, and what the world may send: each has its message and its exit code, and changes nothing.
//!
//! Owns: the table of point 7 of the walking skeleton, driven through the binary. What the rooms refuse in detail is tried
//! in their own tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod disks;
mod money;

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::place::{Place, QUICK_PROFILE, Said, left_out, list, word};
use tidegate_tests::{daemon, guests};

const LONG: Duration = Duration::from_secs(120);
static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build("tidegate-guest-hostile", &[]).unwrap());

/// Runs the command; it must end with this code, say these words and leave the directory as it was.
fn refused(place: &Place, args: &[&str], code: i32, words: &[&str]) {
    let before = place.contents().unwrap();
    let said = place.run(args).unwrap();
    says(&said, code, words);
    assert!(said.stdout.is_empty() || code == 4, "an error goes to standard error: {said:?}");
    assert_eq!(place.contents().unwrap(), before, "{args:?} changed something");
}

fn says(said: &Said, code: i32, words: &[&str]) {
    let sentence = said.sentence();
    assert_eq!(said.code, Some(code), "{said:?}");
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {sentence}\n{}", said.stdout);
    }
}

/// A directory whose database is there, so that a test sees whether it changes.
fn settled() -> Place {
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    place.json(&["run-scheduled"]).unwrap();
    // The one that closes what it opened: nothing waits in SQLite's log to be folded into the file later.
    place.json(&["doctor"]).unwrap();
    place
}

fn add<'a>(profile: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    ["source", "add", "--profile", profile].iter().chain(rest).copied().collect()
}

#[test]
fn a_profile_that_is_not_there_is_answered_with_the_nearest_name() {
    let place = settled();
    refused(
        &place,
        &add("rss_profil", &["https://example.org/"]),
        3,
        &["no profile \"rss_profil\"", "did you mean rss_profile?"],
    );
    assert!(place.sources().unwrap().is_empty());
}

#[test]
fn overrides_that_break_the_schema_are_told_with_their_pointer() {
    let place = settled();
    let table: [(&[&str], &[&str]); 4] = [
        (&["--set", "discover=7"], &["/discover: 7 is not of type \"boolean\""]),
        (&["--set", "discovr=true"], &["/discovr", "did you mean \"discover\"?"]),
        (&["--overrides", r#"{"max_pages": 0}"#], &["/max_pages"]),
        (&["--overrides", r#"{"max_pages": "many"}"#], &["/max_pages", "\"many\" is not of type \"integer\""]),
    ];
    for (options, words) in table {
        refused(&place, &add("quick", &[options, &["https://example.org/"]].concat()), 4, words);
    }
    refused(&place, &add("quick", &["--overrides", "[1]", "https://example.org/"]), 2, &["not a JSON object"]);
    let said =
        place.run(&[&["-o", "json"], add("quick", &["--set", "discover=7", "https://a.example/"]).as_slice()].concat());
    let error: Value = serde_json::from_str(&said.unwrap().stderr).unwrap();
    assert_eq!(error["error"]["problems"][0]["pointer"], "/discover", "{error}");
    assert_eq!(error["error"]["kind"], "refused");
    assert!(place.sources().unwrap().is_empty());
}

#[test]
fn an_identifier_that_is_no_feed_is_refused_and_a_password_in_it_is_not_repeated() {
    const CANARY: &str = "c4n4ry-7f3e";
    let place = settled();
    for (identifier, words) in [
        ("file:///etc/passwd", ["not \"file:\"", "https://example.org/feed"]),
        ("not a url", ["no URL", "https://example.org/feed"]),
        ("", ["identifier is empty", "quick"]),
    ] {
        refused(&place, &add("quick", &[identifier]), 4, &words);
    }
    let secret = format!("http://user:{CANARY}@feeds.example/feed");
    for args in [
        add("quick", &[&secret]),
        [&["-o", "json"], add("quick", &[&secret]).as_slice()].concat(),
        vec!["source", "show", &secret],
        vec!["items", "--source", &secret],
    ] {
        let said = place.run(&args).unwrap();
        assert!(matches!(said.code, Some(3 | 4)), "{said:?}");
        assert!(!said.stdout.contains(CANARY) && !said.stderr.contains(CANARY), "{args:?}: {said:?}");
    }
    refused(&place, &add("quick", &[&secret]), 4, &["user name or password", "***@feeds.example"]);
    nowhere_below(place.dir(), CANARY);
}

/// No file below the folder holds the text, those of the database included.
fn nowhere_below(folder: &Path, text: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere_below(&path, text);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}

/// Files that are no plugin: name, content, what is said, what helps.
fn no_plugins() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let imports = guests::patched(&GUEST, "tidegate:plugin/log@0.1.0", "acme-disk:files/log@0.1.0");
    let half = GUEST.get(..GUEST.len() / 2).unwrap().to_vec();
    let core = wat::parse_str("(module (func (export \"run\")))").unwrap();
    vec![
        ("core", core, "it is a core module", "wasm-tools component new"),
        ("truncated", half, "it is cut off", "copy it again"),
        ("text", b"hello".to_vec(), "it is text", "give it a WebAssembly component"),
        ("empty", Vec::new(), "it is empty", "give it a WebAssembly component"),
        ("greedy", imports, "acme-disk:files/log@0.1.0", "import"),
    ]
}

#[test]
fn what_is_no_plugin_is_refused_with_the_reason_and_the_remedy_and_the_others_serve_on() {
    let place = settled();
    for (name, content, why, remedy) in no_plugins() {
        let file = place.put(&format!("{name}.wasm"), &content).unwrap();
        refused(&place, &["plugin", "check", file.to_str().unwrap()], 4, &["was refused", why, remedy]);
        place.put(&format!("plugins/{name}.wasm"), &content).unwrap();
    }
    let listed = place.json(&["plugin", "list"]).unwrap();
    for (name, _, why, _) in no_plugins() {
        let of = |entry: &&Value| word(entry, "origin").ends_with(&format!("{name}.wasm"));
        let entry = list(&listed, "plugins").iter().find(of).unwrap();
        assert_eq!(entry["state"], "refused", "{entry}");
        assert!(word(entry, "reason").contains(why), "{entry}");
    }
    let shipped = list(&listed, "plugins").iter().find(|entry| entry["name"] == "rss").unwrap();
    assert_eq!(shipped["state"], "live");
    let doctor = place.run(&["doctor"]).unwrap();
    assert!(doctor.code == Some(1) && doctor.stdout.contains("core.wasm was refused"), "{doctor:?}");
}

const HOSTILE_PROFILE: &str = r#"
plugin = "hostile-guest"
kind = "trick"
schedule = { every = "1h" }
"#;

#[test]
fn a_plugin_that_loops_or_wants_four_gigabytes_fails_its_own_run_and_no_other() {
    let feeds = FeedServer::start(Script::load(1, 5, 1)).unwrap();
    let place = settled();
    place.put("plugins/hostile.wasm", GUEST.as_slice()).unwrap();
    place.put("profiles/hostile.toml", HOSTILE_PROFILE).unwrap();
    let tricks = place.add("hostile", &["loop", "grow"]).unwrap();
    let good = place.add("quick", &[&feeds.urls()[0]]).unwrap();
    let mut daemon = place.serve().unwrap();
    for (trick, words) in [
        (&tricks[0], ["plan", "CPU", "endless loop: report it to its author"]),
        (&tricks[1], ["plan", "memory", "report it to the plugin's author"]),
    ] {
        let (class, message) = failure(&mut daemon, trick);
        assert_eq!(class, "plugin-fault", "{message}");
        for word in ["hostile-guest 0.1.0+seal"].iter().chain(&words) {
            assert!(message.contains(word), "{word:?} is not in: {message}");
        }
    }
    let of_good = ["items", "--source", &good[0]];
    daemon.wait_until("items of the other source", LONG, &of_good, |answer| list(answer, "items").len() == 5).unwrap();
    small(&daemon);
}

/// Class and message of the source's first failure.
fn failure(daemon: &mut daemon::Daemon, source: &str) -> (String, String) {
    let args = ["runs", "list", "--ending", "failed", "--source", source];
    let failed = daemon.wait_until("a failed run", LONG, &args, |answer| !list(answer, "runs").is_empty()).unwrap();
    let failure = &list(&failed, "runs").last().unwrap()["failure"];
    (failure[0].as_str().unwrap().to_owned(), failure[1].as_str().unwrap().to_owned())
}

/// The daemon has never taken more memory than a few bodies and plugins need; where the system tells.
fn small(daemon: &daemon::Daemon) {
    const MOST_KIB: u64 = 512 << 10;
    let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())) else {
        return left_out("the peak of the memory", "there is no /proc");
    };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MOST_KIB, "the daemon took {peak} KiB");
}

#[test]
fn a_feed_of_a_gigabyte_a_bomb_and_one_without_end_cost_little_and_are_named() {
    let faults = FeedServer::start(Script::faults()).unwrap();
    let place = settled();
    place.put("profiles/small.toml", QUICK_PROFILE.replace("net = {", "net = { body_bytes = 1000000,")).unwrap();
    let mut daemon = place.serve().unwrap();
    for (path, words) in [
        ("/huge?bytes=1073741824", ["1000000", "bytes"]),
        ("/gzip-bomb?bytes=1073741824", ["1000000", "bytes"]),
        ("/endless", ["1000000", "bytes"]),
        ("/endless?chunked", ["1000000", "bytes"]),
    ] {
        let source = place.add("small", &[&faults.url(path)]).unwrap();
        let (class, message) = failure(&mut daemon, &source[0]);
        assert_eq!(class, "bad-answer", "{message}");
        for word in words {
            assert!(message.contains(word), "{path}: {word:?} is not in: {message}");
        }
        assert!(place.items(&source[0]).unwrap().is_empty());
    }
    let good = place.add("small", &[&faults.url("/feed")]).unwrap();
    let of_good = ["items", "--source", &good[0]];
    daemon.wait_until("items of a good feed", LONG, &of_good, |answer| !list(answer, "items").is_empty()).unwrap();
    small(&daemon);
}

#[test]
fn a_feed_that_trickles_for_ever_ends_with_the_deadline_of_the_run() {
    let faults = FeedServer::start(Script::faults()).unwrap();
    let place = settled();
    let hasty =
        QUICK_PROFILE.replace("deadline = \"20s\"", "deadline = \"2s\"").replace("in_run = [\"1s\"]", "in_run = []");
    place.put("profiles/hasty.toml", hasty).unwrap();
    let mut daemon = place.serve().unwrap();
    for path in ["/slow-body", "/silent"] {
        let source = place.add("hasty", &[&faults.url(path)]).unwrap();
        let (class, message) = failure(&mut daemon, &source[0]);
        assert_eq!(class, "transient", "{message}");
        assert!(message.contains("2 s") || message.contains("2s"), "{path}: {message}");
    }
}

#[test]
fn a_second_daemon_on_the_same_file_is_told_who_has_it() {
    let place = settled();
    let first = place.serve().unwrap();
    first.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    let who = format!("process {}", first.pid());
    for args in [&["serve"][..], &["run-scheduled"]] {
        let said = place.run(args).unwrap();
        says(&said, 5, &["is in use by another tidegate", &who, "stop process", "another --dir"]);
    }
    first.interrupt().unwrap();
    assert!(first.wait(LONG).unwrap().0.success());
    says(&place.run(&["run-scheduled"]).unwrap(), 0, &[]);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    use sqlx::Connection as _;
    let place = settled();
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(place.dir().join("tidegate.db"));
    let mut conn = sqlx::SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("INSERT INTO schema_version (version, name, done_at) VALUES (999, 'later', 0)")
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    for args in [&["serve"][..], &["source", "list"], &["run-scheduled"]] {
        refused(&place, args, 5, &["schema version 999", "knows up to", "use the newer version", "backup"]);
    }
}

#[test]
fn a_file_that_is_no_database_of_ours_is_left_alone() {
    let place = settled();
    place.put("tidegate.toml", "[store]\npath = \"notes.txt\"\n").unwrap();
    place.put("notes.txt", "not a database at all, though long enough to look at: ".repeat(40)).unwrap();
    refused(&place, &["serve"], 5, &["notes.txt", "file is not a database"]);
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let place = settled();
    place.put("file", "").unwrap();
    for (name, advice) in [("gone", "make it first"), ("file", "another --dir")] {
        let output = daemon::run(&place.dir().join(name), &["serve"]).unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(&format!("{name} is not a directory")) && told.contains(advice), "{told}");
    }
    place.put("tidegate.toml", "[store]\npath = \"missing/tidegate.db\"\n").unwrap();
    refused(&place, &["serve"], 5, &["missing/tidegate.db", "its folder does not exist; create it first"]);
}

#[test]
fn a_broken_configuration_is_told_with_its_line_and_the_nearest_key() {
    let place = settled();
    for (text, words) in [
        ("[budgte]\nruns_per_day = 7\n", ["line 1", "did you mean `budget`?"]),
        ("[budget]\nruns_per_dya = 7\n", ["line 2", "did you mean `runs_per_day`?"]),
        ("[budget]\nruns_per_day = \"many\"\n", ["line 2", "invalid type: string \"many\""]),
        ("[scheduler]\nruns_at_once = 0\n", ["out of range", "a number from 1 to 1024"]),
        ("[", ["line 1", "tidegate.toml"]),
    ] {
        place.put("tidegate.toml", text).unwrap();
        for args in [&["serve"][..], &["config", "check"], &["source", "list"]] {
            refused(&place, args, 4, &words);
        }
    }
}

#[test]
fn a_variable_that_is_no_setting_is_told_with_the_nearest_one() {
    let place = settled();
    let mut command = daemon::command(place.dir(), &["config", "check"]).unwrap();
    let output = command.env("TIDEGATE_BUDGET_RUN_PER_DAY", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("TIDEGATE_BUDGET_RUN_PER_DAY") && said.contains("TIDEGATE_BUDGET_RUNS_PER_DAY?"), "{said}");
}

#[test]
fn a_broken_profile_is_told_with_its_line_and_the_others_serve_on() {
    let place = settled();
    let right = "plugin = \"rss\"\nkind = \"feed\"\nschedule = { every = \"1h\" }\n";
    place.put("profiles/span.toml", right.replace("1h", "1x")).unwrap();
    place.put("profiles/key.toml", format!("{right}plugni = 1\n")).unwrap();
    place.put("profiles/plugin.toml", right.replace("rss", "rsss")).unwrap();
    place.put("profiles/value.toml", format!("{right}overrides = {{ discover = 7 }}\n")).unwrap();
    let checked = place.run(&["profile", "check"]).unwrap();
    assert_eq!(checked.code, Some(4));
    for words in [
        "quick: in order",
        "rss_profile: in order",
        "units are s, m, h, d and w",
        "did you mean `plugin`?",
        "did you mean \"rss\"?",
        "/discover: 7 is not of type \"boolean\"",
    ] {
        assert!(checked.stdout.contains(words), "{words:?} is not in:\n{}", checked.stdout);
    }
    refused(&place, &add("span", &["https://example.org/"]), 3, &["no profile \"span\""]);
    let daemon = place.serve().unwrap();
    daemon
        .wait_line("the refusal", LONG, |line| line.contains("profile refused") && line.contains("span.toml"))
        .unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
}
