//! `plugin run` and `plugin record`: nothing is fetched or spent unless it was said so, and what is kept is scrubbed.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::actors::{CANARY, World, quick};
use tidegate_tests::place::{Place, QUICK_PROFILE, list};

use super::{component, json, refused, repository};

fn steps(run: &Value) -> Vec<&str> {
    list(run, "steps").iter().map(|step| step["step"].as_str().unwrap()).collect()
}

fn step<'v>(run: &'v Value, name: &str) -> &'v Value {
    list(run, "steps").iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name}: {run}"))
}

#[test]
fn nothing_is_fetched_without_being_told_to() {
    let feeds = FeedServer::start(Script::load(1, 30, 1)).unwrap();
    let url = feeds.urls()[0].clone();
    let place = Place::empty().unwrap();
    let (code, planned) = json(&place, &["plugin", "run", "rss", "feed", &url]);
    assert_eq!((code, &planned["live"], steps(&planned)), (0, &Value::Bool(false), vec!["validate", "plan", "check"]));
    assert_eq!(step(&planned, "plan")["fetch"]["http"]["url"], url.as_str());
    let said = place.run(&["plugin", "run", "rss", "feed", &url]).unwrap();
    assert!(said.stdout.contains("nothing was fetched or spent; --live fetches it"), "{}", said.stdout);
    // Live, but to a private address, which only a profile may allow.
    let (code, refused) = json(&place, &["plugin", "run", "rss", "feed", &url, "--live"]);
    assert_eq!((code, &refused["well"]), (1, &Value::Bool(false)));
    let why = step(&refused, "no answer")["message"].as_str().unwrap();
    assert!(why.contains("allow_private"), "{why}");
    assert_eq!(feeds.books().total().requests, 0, "the address was dialled");
    // From recorded pages.
    let pages = repository("plugins/rss/fixtures/atom10");
    let args = ["plugin", "run", "rss", "feed", "https://example.org/feed", "--from-pages", pages.to_str().unwrap()];
    let (code, run) = json(&place, &args);
    assert_eq!((code, steps(&run).first().copied()), (0, Some("validate")), "{run}");
    assert!(step(&run, "normalize")["items"].as_u64().unwrap() > 0, "{run}");
    assert!(!place.dir().join("tidegate.db").exists(), "no database was made");
}

#[test]
fn a_live_run_tells_every_step_and_stores_nothing() {
    let feeds = FeedServer::start(Script::load(1, 30, 1)).unwrap();
    let url = feeds.urls()[0].clone();
    let place = Place::empty().unwrap();
    place.put("home.toml", QUICK_PROFILE).unwrap();
    let args = ["plugin", "run", "rss", "feed", &url, "--profile", "home.toml", "--live", "--max-items", "7"];
    let (code, run) = json(&place, &args);
    assert_eq!((code, &run["well"]), (0, &Value::Bool(true)), "{run}");
    assert_eq!(steps(&run), ["validate", "plan", "request", "answer", "normalize"]);
    assert_eq!((&run["run"]["counts"]["new"], &run["run"]["counts"]["over_cap"]), (&7.into(), &23.into()));
    assert_eq!((list(&run, "items").len(), &run["run"]["cost"]), (7, &0.into()));
    assert!(feeds.books().total().requests > 0);
    assert!(!place.dir().join("tidegate.db").exists(), "no database was made");
    let table: [(&[&str], i32, &str); 5] = [
        (&["plugin", "run", "rss", "fed", "a"], 3, "did you mean feed?"),
        (&["plugin", "run", "rsss", "feed", "a"], 3, "rss"),
        (&["plugin", "run", "rss", "feed", "a", "--set", "discovr=true"], 4, "discover"),
        (&["plugin", "run", "rss", "feed", "a", "--profile", "x_profile"], 2, "is for plugin \"x\""),
        (&["plugin", "run", "x", "account", "nasa", "--profile", "x_profile", "--live"], 4, "--spend"),
    ];
    for (args, code, words) in table {
        refused(&place, args, code, &[words]);
    }
}

/// Answers every request with a page that holds what nobody else should have.
fn private_feed(listener: &TcpListener) {
    for stream in listener.incoming() {
        let mut stream: TcpStream = stream.unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        let body = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><item><guid>1</guid>\
            <title>Write to ann@mail.example</title><link>https://a.example/1?token=hunter2</link></item></channel></rss>";
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/rss+xml\r\nset-cookie: sid=hunter2\r\nx-session-id: hunter2\r\n";
        write!(stream, "{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
    }
}

#[test]
fn a_live_run_is_recorded_without_what_is_private() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/feed", listener.local_addr().unwrap());
    std::thread::spawn(move || private_feed(&listener));
    let place = Place::empty().unwrap();
    place.put("home.toml", QUICK_PROFILE).unwrap();
    place.put("project/rss.wasm", component("rss")).unwrap();
    let args = |case: &'static str| {
        [
            "plugin",
            "record",
            "project/rss.wasm",
            "feed",
            url.as_str(),
            "--profile",
            "home.toml",
            "--out",
            "project/fixtures",
            "--case",
            case,
        ]
        .map(str::to_owned)
    };
    let record = |case| {
        let args = args(case);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        place.run(&[&["-o", "json"], args.as_slice()].concat()).unwrap()
    };
    let said = record("one");
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let recorded: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(recorded["pages"], 1);
    let scrubbed = recorded["scrubbed"].as_object().unwrap();
    assert!(scrubbed.contains_key("e-mail addresses") && scrubbed.contains_key("URL parameters"), "{recorded}");
    let folder = place.dir().join("project/fixtures/one");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("ann@"), "{}: {text}", path.display());
    }
    let page = std::fs::read_to_string(folder.join("page.xml")).unwrap();
    assert!(page.contains("person-1@example.org") && page.contains("token=scrubbed"), "{page}");
    // What was recorded passes, as a case of any other origin.
    let (code, tested) = json(&place, &["plugin", "test", "project"]);
    assert_eq!((code, &tested["passed"]), (0, &1.into()), "{tested}");
    assert_eq!(record("one").code, Some(2), "a case is not overwritten");
    assert_eq!(record("../two").code, Some(2));
    assert!(!place.dir().join("project/two").exists());
}

#[test]
fn an_actor_is_paid_for_only_up_to_what_was_granted() {
    let world = World::new(quick()).unwrap();
    let args = ["plugin", "run", "x", "account", "tideboard", "--profile", "x", "--live", "--max-items", "5"];
    refused(&world.place, &args, 4, &["costs up to $", "--spend"]);
    let (code, cheap) = json(&world.place, &[&args[..], &["--spend", "0.001"]].concat());
    assert_eq!((code, world.books().runs.len()), (1, 0), "no more was granted than it costs: {cheap}");
    let (code, run) = json(&world.place, &[&args[..], &["--spend", "0.05"]].concat());
    assert_eq!(code, 0, "{run}");
    let said = steps(&run);
    for step in ["validate", "plan", "start actor", "actor started", "dataset", "normalize"] {
        assert!(said.contains(&step), "{step}: {said:?}");
    }
    assert_eq!((world.books().runs.len(), list(&run, "items").len()), (1, 5), "{run}");
    assert!(!run.to_string().contains(CANARY), "{run}");
    assert!(!world.place.dir().join("tidegate.db").exists(), "no database was made");
    // And its dataset as a fixture.
    let record =
        ["plugin", "record", "x", "account", "tideboard", "--profile", "x", "--spend", "0.05", "--max-items", "5"];
    let (code, recorded) =
        json(&world.place, &[&record[..], &["--out", "project/fixtures", "--case", "paid"]].concat());
    assert_eq!(code, 0, "{recorded}");
    world.place.put("project/x.wasm", component("x")).unwrap();
    let (code, tested) = json(&world.place, &["plugin", "test", "project"]);
    assert_eq!((code, &tested["passed"]), (0, &1.into()), "{tested}");
}
