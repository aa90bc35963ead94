//! Plugins and profiles that are dropped into a running daemon's directories: taken, swapped, refused, rolled back, gone.
//!
//! Owns: the real binary with files changed under it, and nobody telling it so. What each look at a directory decides is told by
//! `catalogue`, what SIGHUP does by `reload`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod profiles;

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tidegate::plugins::Digest;
use tidegate::plugins::shipped::shipped;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::feed::Feed;
use tidegate_tests::guests;
use tidegate_tests::hook::get;
use tidegate_tests::place::{Place, list, word};

const LONG: Duration = Duration::from_secs(120);

/// The rss plugin, as so many components as there are marks.
fn rss(mark: &str) -> (Vec<u8>, String) {
    let (_, shipped) = shipped().iter().find(|(name, _)| *name == "rss").unwrap();
    let component = guests::marked(shipped, mark);
    let digest = Digest::of(&component).to_string();
    (component, digest)
}

fn profile(plugin: &str, kind: &str, more: &str) -> String {
    format!(
        "plugin = \"{plugin}\"\nkind = \"{kind}\"\n{more}\nschedule = {{ every = \"1s\", min_interval = \"1s\", jitter = \"none\" }}\n\
         retry = {{ in_run = [], runs = [\"1s\"], max_failures = 1000 }}\nnet = {{ allow_private = [\"127.0.0.1\"] }}\n"
    )
}

/// A place whose daemon listens, with this added to its configuration.
fn place(more: &str) -> Place {
    let place = Place::with_profile("feeds", &profile("rss", "feed", "")).unwrap();
    let config = format!("[budget]\nruns_per_day = 1000000\n[http]\nlisten = \"127.0.0.1:0\"\n{more}");
    place.put("tidegate.toml", config).unwrap();
    place
}

fn serving(place: &Place) -> (Daemon, String) {
    let daemon = place.serve().unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    let line = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split(": ").next().unwrap().to_owned();
    (daemon, address)
}

/// Waits until a run of the source has ended that was done with this component, and began after so many runs.
fn done_with(daemon: &mut Daemon, source: &str, digest: &str) {
    // The newest: an older one may have been done with it before.
    let args = ["runs", "list", "--source", source, "--stage", "ended", "--limit", "1"];
    let by = |run: &Value| word(&run["plugin"], "digest") == digest;
    let what = format!("a run done with {digest}");
    daemon.wait_until(&what, LONG, &args, |answer| list(answer, "runs").iter().any(by)).unwrap();
}

/// Waits until two more runs of the source have ended.
fn goes_on(daemon: &mut Daemon, source: &str) {
    let args = ["runs", "list", "--source", source, "--stage", "ended", "--limit", "1"];
    let newest = |answer: &Value| list(answer, "runs").first().map(|run| word(run, "id"));
    let mut seen = newest(&daemon.wait_until("its last run", LONG, &args, |answer| newest(answer).is_some()).unwrap());
    for _ in 0..2 {
        let next = daemon.wait_until("its next run", LONG, &args, |answer| newest(answer) != seen).unwrap();
        seen = newest(&next);
    }
}

/// The runs of a source that have ended, newest first: the digest of the component each was done with.
fn digests(place: &Place, source: &str) -> Vec<String> {
    let runs = place.runs(&["--source", source, "--stage", "ended"]).unwrap();
    runs.iter().map(|run| word(&run["plugin"], "digest")).collect()
}

fn state(daemon: &mut Daemon, source: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let shown = daemon.wait_until("the source's state", LONG, &["source", "show", source], |answer| {
        holds(&answer["source"]["state"])
    });
    shown.unwrap()["source"]["state"].clone()
}

fn metric(daemon: &Daemon, address: &str, line: &str) {
    // Told to the metrics before the log.
    let (_, metrics) = get(address, "/metrics").unwrap();
    assert!(metrics.lines().any(|one| one == line), "{line}: {metrics} {:?}", daemon.log().last());
}

/// The entry of a file, as `plugin list` shows it.
fn listed(place: &Place, file: &str) -> Value {
    let answer = place.json(&["plugin", "list"]).unwrap();
    let found = list(&answer, "plugins").iter().find(|plugin| word(plugin, "origin").ends_with(file)).cloned();
    found.unwrap_or_default()
}

fn end(daemon: Daemon) {
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
}

/// New, swapped under a run that is under way, broken, mended by the old file, and gone: nobody told the daemon.
#[test]
fn a_component_is_dropped_in_swapped_refused_and_rolled_back() {
    let feed = Feed::start(usize::MAX).unwrap();
    let place = place("");
    let (mut daemon, address) = serving(&place);
    let source = place.add("feeds", &[&feed.url]).unwrap().remove(0);
    let shipped = Digest::of(shipped().iter().find(|(name, _)| *name == "rss").unwrap().1).to_string();
    done_with(&mut daemon, &source, &shipped);
    let ((one, first), (two, second)) = (rss("one"), rss("two"));

    // The directory comes into being with its first file, written in pieces.
    fs::create_dir(place.dir().join("plugins")).unwrap();
    let mut file = fs::File::create(place.dir().join("plugins/rss.wasm")).unwrap();
    for piece in one.chunks(one.len() / 7) {
        file.write_all(piece).unwrap();
        file.sync_all().unwrap();
    }
    drop(file);
    done_with(&mut daemon, &source, &first);

    // A run under way keeps the version it began with, however long it takes.
    let come = feed.hold();
    feed.asked(come + 1);
    let before = digests(&place, &source).len();
    place.put("new.wasm", &two).unwrap();
    fs::rename(place.dir().join("new.wasm"), place.dir().join("plugins/rss.wasm")).unwrap();
    let live = |answer: &Value| {
        list(answer, "plugins").iter().any(|plugin| word(plugin, "digest") == second && !plugin["served_at"].is_null())
    };
    daemon.wait_until("the daemon's word that it serves", LONG, &["plugin", "list"], live).unwrap();
    feed.open();
    done_with(&mut daemon, &source, &second);
    let mut all = digests(&place, &source);
    all.reverse();
    assert_eq!(all.get(before).map(String::as_str), Some(first.as_str()), "the one that was under way: {all:?}");
    assert!(all.iter().skip(before + 1).all(|digest| *digest == second), "those after it: {all:?}");

    // Broken: told with cause and remedy wherever a person looks; the last good one serves on.
    place.put("plugins/rss.wasm", &two[..two.len() / 2]).unwrap();
    let line = daemon.wait_line("the refusal", LONG, |line| line.contains("was refused: it is cut off")).unwrap();
    assert!(line.contains("copy it again"), "{line}");
    metric(&daemon, &address, "tidegate_plugins_refused{reason=\"truncated\"} 1");
    let entry = listed(&place, "rss.wasm");
    assert_eq!((word(&entry, "state"), word(&entry, "refusal")), ("refused".into(), "truncated".into()), "{entry}");
    assert_eq!(word(&entry["serving"], "digest"), second, "{entry}");
    assert!(word(&entry, "remedy").contains("copy it again"), "{entry}");
    let doctor = place.run(&["doctor"]).unwrap();
    assert!(doctor.code == Some(1) && doctor.stdout.contains("was refused: it is cut off"), "{doctor:?}");
    goes_on(&mut daemon, &source);
    assert_eq!(digests(&place, &source).first(), Some(&second));

    // Rolled back: the old file is compiled already.
    let compiled = || fs::read_dir(place.dir().join(".tidegate-cache")).unwrap().count();
    let kept = compiled();
    place.put("plugins/rss.wasm", &one).unwrap();
    done_with(&mut daemon, &source, &first);
    assert_eq!(compiled(), kept, "nothing was compiled");
    metric(&daemon, &address, "tidegate_plugin_swaps_total{plugin=\"rss\"} 3");
    let counted = |answer: &Value| {
        let of = |digest: &str| {
            list(answer, "plugins").iter().find(|one| word(one, "digest") == digest).cloned().unwrap_or_default()
        };
        let one = of(&first);
        one["calls"].as_u64() > Some(3) && one["items"].as_u64() > Some(0) && one["bytes_in"].as_u64() > Some(0)
    };
    let shown = daemon.wait_until("what it was asked for", LONG, &["plugin", "list"], counted).unwrap();
    assert!(list(&shown, "plugins").iter().all(|one| one["limits"]["memory_mb"] == 64), "{shown}");
    let (_, metrics) = get(&address, "/metrics").unwrap();
    for name in ["calls", "cpu_seconds", "items"] {
        assert!(metrics.contains(&format!("tidegate_plugin_{name}_total{{plugin=\"rss\"}} ")), "{name}: {metrics}");
    }

    // Gone: the shipped one serves again.
    fs::remove_file(place.dir().join("plugins/rss.wasm")).unwrap();
    done_with(&mut daemon, &source, &shipped);
    end(daemon);
}

/// A plugin that nothing stands behind: its sources wait for it, and for nothing else.
#[test]
fn sources_of_a_plugin_that_is_gone_wait_for_it() {
    let component = guests::build("tidegate-guest-hostile", &[]).unwrap();
    let place = place("[plugins]\nwatch = \"poll\"\n");
    place.put("profiles/tricks.toml", profile("hostile-guest", "trick", "")).unwrap();
    let file = place.put("plugins/tricks.wasm", &component).unwrap();
    let ids = place.add("tricks", &["count", "fail", "echo"]).unwrap();
    place.run(&["source", "pause", &ids[1], "--reason", "tea"]).unwrap();
    let (mut daemon, _) = serving(&place);
    let args = ["runs", "list", "--source", &ids[0], "--stage", "ended"];
    daemon.wait_until("a run", LONG, &args, |answer| !list(answer, "runs").is_empty()).unwrap();

    fs::remove_file(&file).unwrap();
    let paused = state(&mut daemon, &ids[0], |state| state["state"] == "paused");
    assert_eq!(
        (word(&paused, "by"), word(&paused, "reason")),
        ("plugin-missing".into(), "plugin hostile-guest is not loaded".into())
    );
    state(&mut daemon, &ids[2], |state| state["by"] == "plugin-missing");
    assert_eq!(state(&mut daemon, &ids[1], |_| true)["by"], "operator");
    let explained = place.json(&["source", "explain", &ids[0]]).unwrap();
    let rule = list(&explained, "rules").iter().find(|rule| rule["rule"] == "not-paused").unwrap();
    assert_eq!((word(rule, "verdict"), word(rule, "changes")), ("no".into(), "when the plugin is there again".into()));
    // A person's pause is another one, and stays.
    place.run(&["source", "pause", &ids[2], "--reason", "coffee"]).unwrap();
    assert_eq!(state(&mut daemon, &ids[2], |_| true)["by"], "operator");

    // While it is away nobody can say what is wrong with a profile of it; when it is back, the version that was right holds.
    place.put("profiles/tricks.toml", profile("hostile-guest", "nope", "")).unwrap();
    daemon.wait_line("the other version", LONG, |line| line.contains("profile tricks was read and holds now")).unwrap();

    // It comes back under another name, as another version.
    place.put("plugins/other.wasm", guests::patched(&component, "0.1.0+seal", "0.2.0+seal")).unwrap();
    state(&mut daemon, &ids[0], |state| state["state"] == "active");
    let by = |run: &Value| word(&run["plugin"], "version") == "0.2.0+seal";
    let args = ["runs", "list", "--source", &ids[0]];
    daemon.wait_until("its runs", LONG, &args, |answer| list(answer, "runs").iter().any(by)).unwrap();
    let older = "profile refused, a version of it that held before holds on: ";
    daemon.wait_line("the refusal", LONG, |line| line.contains(older) && line.contains("kind = \"nope\"")).unwrap();
    for (id, reason) in [(&ids[1], "tea"), (&ids[2], "coffee")] {
        let stays = state(&mut daemon, id, |_| true);
        assert_eq!((word(&stays, "by"), word(&stays, "reason")), ("operator".into(), reason.into()));
    }
    // Another file of its name is refused; whoever only sees the directory is told which one the daemon serves.
    let third = place.put("plugins/third.wasm", guests::patched(&component, "0.1.0+seal", "0.3.0+seal")).unwrap();
    daemon
        .wait_line("the other file", LONG, |line| line.contains("third.wasm") && line.contains("is also used by"))
        .unwrap();
    let serves = |answer: &Value| {
        let other = list(answer, "plugins").iter().find(|entry| word(entry, "origin").ends_with("other.wasm"));
        other.is_some_and(|entry| entry["state"] == "refused" && entry["serving"]["version"] == "0.2.0+seal")
    };
    daemon.wait_until("what serves on", LONG, &["plugin", "list"], serves).unwrap();
    fs::remove_file(third).unwrap();
    end(daemon);

    // A start knows no older version, and says so.
    let (daemon, _) = serving(&place);
    let as_it_is = "profile refused, but it holds all the same";
    daemon.wait_line("the refusal", LONG, |line| line.contains(as_it_is) && line.contains("kind = \"nope\"")).unwrap();
    end(daemon);
}

/// Directories as an orchestrator mounts them: files are links through a link that is swapped.
#[test]
fn directories_behind_links_that_are_swapped_are_followed() {
    let feed = Feed::start(usize::MAX).unwrap();
    let place = place("");
    let ((one, first), (two, second)) = (rss("one"), rss("two"));
    let at = |name: &str| place.dir().join(name);
    let revision = |name: &str, component: &[u8], items: u32| {
        place.put(&format!("plugins/{name}/rss.wasm"), component).unwrap();
        place
            .put(
                &format!("profiles/{name}/linked.toml"),
                profile("rss", "feed", &format!("caps = {{ max_items = {items} }}")),
            )
            .unwrap();
        for dir in ["plugins", "profiles"] {
            symlink(name, at(&format!("{dir}/..new"))).unwrap();
            fs::rename(at(&format!("{dir}/..new")), at(&format!("{dir}/..data"))).unwrap();
        }
    };
    revision("..1", &one, 7);
    symlink("..data/rss.wasm", at("plugins/rss.wasm")).unwrap();
    symlink("..data/linked.toml", at("profiles/linked.toml")).unwrap();
    let (mut daemon, _) = serving(&place);
    let source = place.add("linked", &[&feed.url]).unwrap().remove(0);
    done_with(&mut daemon, &source, &first);
    revision("..2", &two, 8);
    done_with(&mut daemon, &source, &second);
    daemon.wait_line("the profile", LONG, |line| line.contains("profile linked was read and holds now")).unwrap();
    end(daemon);
}

/// A profile that pins a component gets that one, whatever is dropped in, also after a restart; or none at all.
#[test]
fn a_pinned_component_serves_whoever_pins_it() {
    let feed = Feed::start(usize::MAX).unwrap();
    let place = place("");
    let ((one, first), (two, second)) = (rss("one"), rss("two"));
    place.put("plugins/rss.wasm", &one).unwrap();
    let pinned = |digest: &str| profile("rss", "feed", &format!("plugin_digest = \"sha256:{digest}\""));
    place.put("profiles/pinned.toml", pinned(&first)).unwrap();
    let (mut daemon, _) = serving(&place);
    let free = place.add("feeds", &[&feed.url]).unwrap().remove(0);
    let held = place.add("pinned", &[&feed.url]).unwrap().remove(0);
    done_with(&mut daemon, &held, &first);
    place.put("plugins/rss.wasm", &two).unwrap();
    done_with(&mut daemon, &free, &second);
    goes_on(&mut daemon, &held);
    assert_eq!(digests(&place, &held).first(), Some(&first));
    end(daemon);

    // The file is gone for good; what was pinned was kept.
    let (mut daemon, _) = serving(&place);
    goes_on(&mut daemon, &held);
    assert!(digests(&place, &held).iter().all(|digest| *digest == first));
    let checked = place.run(&["profile", "check"]).unwrap();
    assert!(
        checked.code == Some(0) && checked.stdout.contains("is served by the component it pins, which was kept"),
        "{checked:?}"
    );
    let entry = list(&place.json(&["plugin", "list"]).unwrap(), "plugins")
        .iter()
        .find(|one| word(one, "state") == "kept")
        .cloned();
    assert_eq!(word(&entry.unwrap(), "digest"), first);

    // One that nobody has: its sources are skipped, and whoever asks is told what is there instead.
    let nobody = "0".repeat(64);
    place.put("profiles/nobody.toml", pinned(&second)).unwrap();
    daemon.wait_line("the profile", LONG, |line| line.contains("profile nobody was read")).unwrap();
    let lost = place.add("nobody", &[&feed.url]).unwrap().remove(0);
    done_with(&mut daemon, &lost, &second);
    place.put("profiles/nobody.toml", pinned(&nobody)).unwrap();
    // It holds at once, as at a start: nothing runs with what was not asked for.
    let line = daemon.wait_line("the warning", LONG, |line| line.contains("plugin_digest pins")).unwrap();
    assert!(line.contains(&nobody) && line.contains(&second), "{line}");
    let explain = ["source", "explain", &lost];
    let holds = |answer: &Value| word(answer, "reason") == "plugin-pinned";
    let explained = daemon.wait_until("its skip", LONG, &explain, |answer| {
        list(answer, "rules").iter().any(|rule| rule["rule"] == "plugin" && rule["verdict"] == "no") || holds(answer)
    });
    let rules = explained.unwrap();
    let rule = list(&rules, "rules").iter().find(|rule| rule["rule"] == "plugin").unwrap();
    assert!(word(rule, "reason") == "plugin-pinned" && word(rule, "fact").contains(&nobody), "{rule}");
    let doctor = place.run(&["doctor"]).unwrap();
    assert!(doctor.code == Some(1) && doctor.stdout.contains(&format!("is here as sha256:{second}")), "{doctor:?}");
    end(daemon);
}
