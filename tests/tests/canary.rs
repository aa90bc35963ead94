//! The canary: a token that everything handles and nothing keeps. A daemon does all it can at once, well and badly, while
//! platform and plugin try to have the token written down; then it is looked for in everything that was written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apify_emulator::{LogEntry, Script, TokenPlace};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tidegate_tests::actors::{CANARY, INSTAGRAM, World, X, quick, reload};
use tidegate_tests::guests;
use tidegate_tests::hook::{Hook, get};
use tidegate_tests::place::{list, word};

const LONG: Duration = Duration::from_secs(170);

/// A profile for the thief: everything that may be allowed is.
const THIEF: &str = r#"
plugin = "hostile-guest"
kind = "theft"
keep_pages = "1d"
schedule = { every = "6h" }
retry = { in_run = [], runs = [], max_failures = 10 }
net = { allowed_hosts = ["*"], allow_private = ["127.0.0.1"] }
[actor]
name = "apify/instagram-post-scraper"
build = "latest"
timeout = "1m"
[actor.price]
as_of = "2026-08-01"
element = 0.0017
minimum = 0.05
"#;

/// The thief's own server: notes every request, says each back, and sends `/redirect` on.
struct Trap {
    origin: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    fn set(platform: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let (noted, platform) = (Arc::clone(&heard), platform.to_owned());
        // Ends with the process: nobody has to be told.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = Vec::new();
                let mut piece = [0_u8; 4_096];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(read @ 1..) => request.extend_from_slice(&piece[..read]),
                        _ => break,
                    }
                }
                let text = String::from_utf8_lossy(&request).into_owned();
                let answer = if text.starts_with("POST /refuse") {
                    format!(
                        "HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                        text.len()
                    )
                } else if text.starts_with("GET /redirect") {
                    format!(
                        "HTTP/1.1 302 Found\r\nLocation: {platform}/v2/users/me\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )
                } else {
                    format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                        text.len()
                    )
                };
                if !text.starts_with("POST /refuse") {
                    noted.lock().unwrap().push(text);
                }
                stream.write_all(answer.as_bytes()).ok();
            }
        });
        Self { origin, heard }
    }
}

/// What the platform says, with the token in every place where a text can stand.
fn talkative(world: &World, trap: &Trap) {
    let quoted = format!("Authorization: Bearer {CANARY} was not what we hoped for, ?token={CANARY}");
    let page = format!("<html><body>{quoted}</body></html>");
    let element = format!(r#"[{{"id":"1","shortCode":"B","caption":"{quoted}"}},"{quoted}",7]"#);
    let rule = |endpoint: &str, handle: &str, times: u32, effect: Value| {
        let when = serde_json::json!({ "endpoint": endpoint, "handle": handle });
        serde_json::json!({ "when": when, "times": times, "effect": effect })
    };
    let answer = |answer: Value| serde_json::json!({ "answer": answer });
    let json = |text: &str| serde_json::json!({ "status": 200, "body": text, "content_type": "application/json" });
    let refused = serde_json::json!({ "status": 400, "type": format!("invalid-{CANARY}"), "message": quoted });
    let elsewhere = serde_json::json!({ "status": 307, "body": page, "headers": { "Location": format!("{}/v2/stolen?{CANARY}", trap.origin) } });
    let rules = vec![
        rule("start", "refused.input", 9, answer(refused.clone())),
        rule("start", "thief.refused", 9, answer(refused)),
        rule(
            "start",
            "gateway.page",
            1,
            answer(serde_json::json!({ "status": 502, "body": page, "content_type": "text/html" })),
        ),
        rule("start", "sent.away", 1, answer(elsewhere.clone())),
        rule("get-run", "polled.away", 1, answer(elsewhere)),
        rule("get-run", "garbage.run", 1, answer(json(&page))),
        rule(
            "get-run",
            "talks.much",
            99,
            serde_json::json!({ "patch": { "set": { "statusMessage": quoted, "buildNumber": CANARY } } }),
        ),
        rule(
            "get-run",
            "thief.reflected",
            99,
            serde_json::json!({ "patch": { "set": { "statusMessage": quoted, "buildNumber": CANARY } } }),
        ),
        rule(
            "start",
            "failed.run",
            9,
            serde_json::json!({ "run": { "items": 9, "reach": 2, "ends": "FAILED", "message": quoted } }),
        ),
        rule("items", "thief.reflected", 1, answer(json(&element))),
        rule("items", "quoting.items", 1, answer(json(&element))),
        rule("items", "garbage.items", 1, answer(json(&page))),
    ];
    world.emulator.script(&Script::from_json(&Value::Array(rules).to_string()).unwrap()).unwrap();
    for (number, handle) in [("2-unanswered", "lost.start"), ("23", "dead.letters"), ("16-items", "fails.plainly")] {
        world.emulator.scenario(number, handle).unwrap();
    }
}

/// Ways of the thief, at whose origin each is tried, and how it fails: the class of the run's failure, or none where the run
/// goes well and brings what the thief does not want.
const WAYS: [(&str, At, Option<&str>); 13] = [
    // The host adds a token to what it asks itself, never to what a plugin asks: the platform says 401.
    ("platform", At::Platform, None),
    // Says back what it was sent: no credential among it.
    ("echo", At::Trap, None),
    // A plugin names no credential field.
    ("field", At::Trap, Some("plugin-fault")),
    // A value holds no line break.
    ("smuggled", At::Trap, Some("plugin-fault")),
    // Nothing is filled in anywhere.
    ("template", At::Trap, None),
    // An address holds no user.
    ("userinfo", At::Platform, Some("plugin-fault")),
    // Sent on to the platform, it comes there as anybody would.
    ("redirect", At::Trap, None),
    // Actor, origin and credential are the profile's.
    ("elsewhere", At::Trap, None),
    // Nothing is filled in in an input.
    ("input", At::Nowhere, None),
    // Status message, build and elements quote the token: hidden before the plugin sees them.
    ("reflected", At::Nowhere, None),
    // An error quotes it: hidden in the failure, and no plugin is asked about it.
    ("refused", At::Nowhere, Some("config")),
    // No variables, arguments, folders or sockets.
    ("outside", At::Nowhere, Some("bad-answer")),
    // What a plugin is handed holds no credential.
    ("panic", At::Nowhere, Some("plugin-fault")),
];

#[derive(Clone, Copy)]
enum At {
    Platform,
    Trap,
    Nowhere,
}

fn identifier(way: &str, at: At, world: &World, trap: &Trap) -> String {
    match at {
        At::Platform => format!("{way}@{}", world.emulator.url()),
        At::Trap => format!("{way}@{}", trap.origin),
        At::Nowhere => way.to_owned(),
    }
}

#[test]
fn a_token_is_found_nowhere_and_a_plugin_cannot_come_by_it() {
    let world = World::new(quick()).unwrap();
    let trap = Trap::set(&world.emulator.url());
    world.place.put("plugins/hostile.wasm", guests::build("tidegate-guest-hostile", &["wasi"]).unwrap()).unwrap();
    world.place.put("profiles/thief.toml", THIEF).unwrap();
    for (name, profile) in [("ig", INSTAGRAM), ("x", X)] {
        world.place.put(&format!("profiles/{name}.toml"), profile.replace("every = \"1m\"", "every = \"6h\"")).unwrap();
    }
    // The address of a webhook is a secret too: it holds the same canary, in a file of the name that is not searched.
    let hook = Hook::start().unwrap();
    world.place.put("hook/token", format!("{}/services/{CANARY}\n", hook.origin)).unwrap();
    let more = "[budget]\nruns_per_day = 100000\nusd_per_day = 1000\n[log]\nlevel = \"trace\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
                [alerts.webhook.ops]\nfile = \"hook/token\"\nallow_private = [\"127.0.0.1\"]\n\
                [alerts.webhook.refuses]\nfile = \"refuses/token\"\nallow_private = [\"127.0.0.1\"]\n";
    // Quotes what it was sent, path and all.
    world.place.put("refuses/token", format!("{}/refuse/{CANARY}\n", trap.origin)).unwrap();
    world.configure(more).unwrap();
    talkative(&world, &trap);
    let daemon = world.serve().unwrap();
    daemon.wait_line("the daemon's first line", LONG, |line| line.contains("tidegate serves")).unwrap();
    let listens = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
    let listener = listens.split("http://").nth(1).and_then(|rest| rest.split(": ").next()).unwrap().to_owned();

    let handles = [
        "good.run",
        "refused.input",
        "gateway.page",
        "sent.away",
        "polled.away",
        "garbage.run",
        "talks.much",
        "failed.run",
        "quoting.items",
        "garbage.items",
        "lost.start",
        "dead.letters",
        "fails.plainly",
    ];
    let mut sources = world.add("ig", &handles).unwrap();
    sources.extend(world.add("x", &["good_run_x"]).unwrap());
    let ways: Vec<String> = WAYS.iter().map(|(way, at, _)| identifier(way, *at, &world, &trap)).collect();
    let named: Vec<&str> = ways.iter().map(String::as_str).collect();
    let thieves = world.add("thief", &named).unwrap();
    the_thief_gets_nothing(&world, &trap, &ways, &thieves);
    // The thief may not set what its schema does not know, and profiles have no place for another origin.
    for option in ["origin=\"http://127.0.0.1:1\"", "actor=\"thief/collector\"", "credential=\"apify\""] {
        let said = world.place.run(&["source", "add", "--profile", "thief", "--set", option, "echo"]).unwrap();
        assert_ne!(said.code, Some(0), "{option}: {said:?}");
    }

    // Some of these cannot end: their dataset is never one. They have been tried when the others are over.
    for handle in handles.iter().filter(|handle| **handle != "garbage.items") {
        world.ended(&sources[*handle], 1, LONG).unwrap();
    }
    // The token is refused, in words that quote it.
    let refusal = serde_json::json!({ "effect": { "answer": { "status": 401, "type": "invalid-token", "message": format!("Token {CANARY} is not valid") } } });
    world.emulator.script(&Script::from_json(&refusal.to_string()).unwrap()).unwrap();
    world.add("ig", &["after.refusal"]).unwrap();
    daemon.wait_line("the refusal", LONG, |line| line.contains("credential apify is closed")).unwrap();
    reload(&daemon).unwrap();
    daemon.wait_line("another try", LONG, |line| line.contains("credentials were read again")).unwrap();

    // Other alerts may come before that of the refusal.
    let told = |count| hook.wait(count, LONG).unwrap();
    let alerts = (1..).map(told).find(|heard| heard.iter().any(|one| one.body.contains("gate-closed"))).unwrap();
    let mut texts = commands(&world, &sources, &thieves);
    texts.insert("alerts".to_owned(), alerts.iter().map(|heard| heard.body.clone()).collect());
    for target in ["/metrics", "/healthz", "/readyz", &format!("/{CANARY}")] {
        let (_, body) = get(&listener, target).unwrap();
        texts.insert(format!("listener {}", target.replace(CANARY, "...")), body);
    }
    assert!(texts["alerts"].contains("gate-closed") && texts["listener /metrics"].contains("tidegate_runs_total"));
    texts.insert("runtime log".to_owned(), daemon.log().join("\n"));
    daemon.interrupt().unwrap();
    let (_, log) = daemon.wait(LONG).unwrap();
    assert!(log.iter().any(|line| line.contains("TRACE")), "the log says everything there is to say");
    texts.insert("log".to_owned(), log.join("\n"));
    texts.extend(pages(&world));
    let told: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(world.leaks(&told).unwrap(), Vec::<String>::new());
    // The search finds what there is to be found: the places where the token stood say that something was hidden.
    let hidden = |name: &str| texts[name].contains("(hidden)");
    assert!(hidden("log") && hidden("runs list") && texts.keys().any(|name| name.starts_with("page ") && hidden(name)));

    // Nobody but the platform got it, and only in the field that is for it.
    assert!(trap.heard.lock().unwrap().iter().all(|request| !request.contains(CANARY)), "the trap has it");
    let books = world.books();
    assert_eq!(books.tokens_in_urls, 0);
    assert!(books.runs.iter().all(|run| !run.handle.contains(CANARY)));
}

fn the_thief_gets_nothing(world: &World, trap: &Trap, ways: &[String], thieves: &BTreeMap<String, String>) {
    for ((way, _, class), identifier) in WAYS.iter().zip(ways) {
        let id = &thieves[identifier];
        let run = world.ended(id, 1, LONG).unwrap().remove(0);
        assert_eq!(run["failure"][0].as_str(), *class, "{way}: {run}");
        let items = world.place.items(id).unwrap();
        assert_eq!(items.len(), usize::from(class.is_none()), "{way}: {run}");
        let seen = items.first().map(|item| word(item, "text")).unwrap_or_default();
        assert!(!seen.contains(CANARY) && !run.to_string().contains(CANARY), "{way}: {seen} {run}");
        if class.is_none() {
            // State and cursor come back as they were given: nothing is filled in there either.
            let cursor = world.place.source(id).unwrap()["watermark"]["cursor"].clone();
            assert!(cursor.as_str().unwrap().contains("${APIFY_TOKEN}"), "{way}: {cursor}");
        }
        match *way {
            "platform" | "redirect" => {
                assert!(seen.contains("401") || seen.contains("token-not-provided"), "{way}: {seen}");
            }
            "echo" => {
                assert!(seen.contains("GET /echo") && !seen.to_ascii_lowercase().contains("authorization"), "{seen}");
            }
            "template" => assert!(seen.contains("${APIFY_TOKEN}") || seen.contains("$%7BAPIFY_TOKEN"), "{seen}"),
            "reflected" => assert!(seen.contains("(hidden)") && seen.contains("was not what we hoped for"), "{seen}"),
            "refused" => assert!(run.to_string().contains("(hidden)"), "{run}"),
            "outside" => assert!(run["failure"][1].as_str().unwrap().contains("env 0 args 0 dirs 0 socket"), "{run}"),
            _ => {}
        }
    }
    // Plugins were heard with what they may ask, and the platform saw no token in it.
    let asked: Vec<LogEntry> = world.emulator.log().into_iter().filter(|entry| entry.path == "/v2/users/me").collect();
    assert!(
        asked.len() >= 2 && asked.iter().all(|entry| entry.token == TokenPlace::Absent && entry.status == 401),
        "{asked:?}"
    );
    assert!(!trap.heard.lock().unwrap().iter().any(|request| request.contains("/v2/")), "the host was led to the trap");
    let actors: Vec<String> = world.books().runs.iter().map(|run| run.actor.clone()).collect();
    assert!(!actors.iter().any(|actor| actor.contains("thief")), "{actors:?}");
}

/// What every command that prints data says, by its name.
fn commands(
    world: &World,
    sources: &BTreeMap<String, String>,
    thieves: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    let mut ask = |name: &str, args: &[&str]| {
        for format in ["json", "text"] {
            let with: Vec<&str> = ["-o", format].iter().chain(args).copied().collect();
            let told = world.place.run(&with).unwrap();
            said.entry(name.to_owned())
                .or_insert_with(String::new)
                .push_str(&format!("{}\n{}\n", told.stdout, told.stderr));
        }
    };
    for (name, args) in [
        ("source list", &["source", "list", "--limit", "1000"][..]),
        ("items", &["items", "--limit", "1000"]),
        ("runs list", &["runs", "list", "--limit", "1000"]),
        ("budget", &["budget"]),
        ("plan", &["plan", "--days", "30"]),
        ("plugin list", &["plugin", "list"]),
        ("plugin check", &["plugin", "check", "plugins/hostile.wasm"]),
        ("plugin run", &["plugin", "run", "plugins/hostile.wasm", "trick", "echo"]),
        ("replay", &["replay", "--profile", "x"]),
        ("profile list", &["profile", "list"]),
        ("profile check", &["profile", "check"]),
        ("config show", &["config", "show"]),
        ("config check", &["config", "check"]),
        ("doctor", &["doctor"]),
        ("alert list", &["alert", "list"]),
        ("alert test", &["alert", "test"]),
        ("top", &["top", "--once"]),
    ] {
        ask(name, args);
    }
    for id in sources.values().chain(thieves.values()) {
        ask(&format!("source show {id}"), &["source", "show", id]);
        for run in world.runs(id).unwrap() {
            ask(&format!("runs show of {id}"), &["runs", "show", &word(&run, "id")]);
        }
    }
    let listed: Value = world.place.json(&["doctor"]).unwrap_or_default();
    assert!(list(&listed, "findings").len() < 100);
    said
}

/// The raw pages that were kept, decompressed: what a search through the file does not see.
fn pages(world: &World) -> BTreeMap<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(world.place.dir().join("tidegate.db")).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let rows =
            sqlx::query("SELECT hex(id) AS id, meta, url, body, body_bytes FROM page").fetch_all(&pool).await.unwrap();
        assert!(rows.len() > 10, "{} pages", rows.len());
        let mut found = BTreeMap::new();
        for row in rows {
            let (id, meta, url): (String, String, String) = (row.get("id"), row.get("meta"), row.get("url"));
            let (body, bytes): (Vec<u8>, i64) = (row.get("body"), row.get("body_bytes"));
            let body = zstd::bulk::decompress(&body, usize::try_from(bytes).unwrap()).unwrap();
            found.insert(format!("page {id}"), format!("{url}\n{meta}\n{}", String::from_utf8_lossy(&body)));
        }
        found
    })
}
