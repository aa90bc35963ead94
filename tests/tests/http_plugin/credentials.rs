//! Credentials of profiles: attached by the host, to their origin alone, and found nowhere.
//!
//! Owns: a server that wants a key and says it back in every place where a text can stand, another one that must never hear it, and
//! the search for the key in everything that was written.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tidegate_tests::actors::reload;
use tidegate_tests::place::Place;

use crate::{LONG, Stored, serve};

const KEY: &str = "canary+key/7f3a9b2c==";
const OTHER: &str = "another-key-0000";

/// Answers what `say` makes of the head of each request; ends with the process.
pub(crate) fn server(
    say: impl Fn(&str) -> (u16, String, String) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&heard);
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
            let head = String::from_utf8_lossy(&request).into_owned();
            let (status, fields, body) = say(&head);
            noted.lock().unwrap().push(head);
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
            )
            .ok();
        }
    });
    (origin, heard)
}

/// `GET /path?query` of a request.
pub(crate) fn target(head: &str) -> (String, String) {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (path.to_owned(), query.to_owned())
}

/// Wants the key, and says it back: in the body, in its links, in a redirect, in a refusal.
fn echo(origin: &Mutex<String>, thief: &str, wanted: &Mutex<String>, head: &str) -> (u16, String, String) {
    let (path, query) = target(head);
    let key = wanted.lock().unwrap().clone();
    let encoded = key.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let given = head.contains(&format!("x-api-key: {key}\r\n"))
        || query.split('&').any(|pair| pair == format!("api_key={encoded}"));
    if !given {
        return (401, String::new(), json!({"message": format!("not with {head}")}).to_string());
    }
    let origin = origin.lock().unwrap().clone();
    match path.as_str() {
        "/members" => (401, String::new(), r#"{"message": "members only"}"#.to_owned()),
        "/moved" => (302, format!("Location: {origin}/items?api_key={encoded}&from=moved\r\n"), String::new()),
        "/away" => (302, format!("Location: {thief}/stolen?page=1\r\n"), String::new()),
        "/handed" => {
            let back = encoded.replace('%', "%25");
            (302, format!("Location: {thief}/login?return_to={origin}%2Fitems%3Fkey%3D{back}\r\n"), String::new())
        }
        _ => {
            let page: usize = query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok()).unwrap_or(1);
            let items: Vec<Value> = (0..2).map(|n| json!({"id": page * 10 + n, "title": format!("asked with {head}, spelled ODDLY"), "url": format!("/items?api_key={encoded}")})).collect();
            let next = (page < 3).then(|| format!("{origin}/items?api_key={encoded}&page={}", page + 1));
            let body = json!({"items": items, "next": next, "key": key}).to_string();
            let oddly: String = key.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
            (200, format!("X-Echo: {key}\r\n"), body.replace("ODDLY", &oddly))
        }
    }
}

fn profile(credential: &str) -> String {
    format!(
        "plugin = \"http\"\nkind = \"rest\"\nkeep_pages = \"1d\"\nschedule = {{ every = \"1h\" }}\n\
         caps = {{ max_items = 100, bootstrap_max_items = 100 }}\nretry = {{ in_run = [], runs = [], max_failures = 3 }}\n\
         [overrides]\nrecords = \"/items\"\npaging = {{ kind = \"link-body\", next = \"/next\" }}\ndata = {{ title = \"/title\" }}\n\
         [net]\nallow_private = [\"127.0.0.1\"]\n[net.credential]\nname = \"vault\"\n{credential}\n"
    )
}

#[test]
fn a_key_is_attached_to_its_origin_alone_and_found_nowhere() {
    let (thief, stolen) = server(|_| (200, String::new(), r#"{"items":[{"id":99}]}"#.to_owned()));
    let (own, wanted) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(KEY.to_owned())));
    let (origin_of, thief_at, key) = (Arc::clone(&own), thief.clone(), Arc::clone(&wanted));
    let (origin, heard) = server(move |head| echo(&origin_of, &thief_at, &key, head));
    own.lock().unwrap().clone_from(&origin);
    let place = Place::empty().unwrap();
    place.put("token", format!("{KEY}\n")).unwrap();
    let config = format!("[credentials.vault]\norigin = \"{origin}\"\nfile = \"token\"\n[log]\nlevel = \"trace\"\n");
    place.put("tidegate.toml", config).unwrap();
    place.put("profiles/by_header.toml", profile("header = \"X-Api-Key\"")).unwrap();
    place.put("profiles/by_query.toml", profile("query = \"api_key\"")).unwrap();
    let mut daemon = serve(&place);
    let mut sources = Vec::new();
    for (profile, path, count) in [
        ("by_header", "/items", 6),
        ("by_query", "/items", 6),
        ("by_query", "/moved", 6),
        ("by_header", "/away", 1),
        ("by_query", "/away", 1),
    ] {
        // Two sources of a path differ by their names.
        let url = format!("{origin}{path}#{profile}");
        let id = place.add(profile, &[&url]).unwrap().remove(0);
        let found = Stored::open(&place).wait(&daemon, &url, count);
        assert_eq!(found.len(), count, "{profile} {path}: {found:?}");
        sources.push(id);
    }
    // One that is sent elsewhere with the key in the address does not go there, and says why.
    let id = place.add("by_header", &[&format!("{origin}/handed")]).unwrap().remove(0);
    let told = |answer: &Value| answer.to_string().contains("carries the credential");
    daemon.wait_until("the refusal to go", LONG, &["runs", "list", "--source", &id], told).unwrap();
    // A source at another origin is asked without it, and one that names the field is refused with the reason.
    let url = format!("{thief}/items");
    place.add("by_query", &[&url]).unwrap();
    Stored::open(&place).wait(&daemon, &url, 1);
    let named = place.json(&[
        "source",
        "add",
        "--profile",
        "by_header",
        "--set",
        "headers={\"x-api-key\":\"mine\"}",
        &format!("{origin}/items#named"),
    ]);
    let said = place
        .run(&[
            "source",
            "add",
            "--profile",
            "by_header",
            "--set",
            "headers={\"x-api-key\":\"mine\"}",
            &format!("{origin}/items#named"),
        ])
        .unwrap();
    assert!(named.is_err() && said.sentence().contains("[net.credential]"), "{said:?}");

    // An address that nobody may read is its own source's failure: the credential stays open to all others.
    let members = place.add("by_query", &[&format!("{origin}/members")]).unwrap().remove(0);
    let failed = |answer: &Value| answer["source"]["failure_count"] == 1;
    daemon.wait_until("the failure", LONG, &["source", "show", &members], failed).unwrap();
    let others = place.run(&["source", "explain", &sources[1]]).unwrap().stdout;
    assert!(!others.contains("gate-closed") && !others.contains("members only"), "{others}");
    place.run(&["source", "remove", "--yes", &members]).unwrap();

    // The key is changed at the server: one refusal, and nobody asks with it any more. No source is to blame.
    OTHER.clone_into(&mut wanted.lock().unwrap());
    place.run(&["source", "run", &sources[0]]).unwrap();
    daemon.wait_line("the refusal", LONG, |line| line.contains("credential vault is closed")).unwrap();
    place.run(&["source", "run", &sources[1]]).unwrap();
    let skipped = |answer: &Value| answer.to_string().contains("gate-closed");
    daemon.wait_until("a skip", LONG, &["source", "explain", &sources[1]], skipped).unwrap();
    let count = heard.lock().unwrap().len();
    for id in &sources[..2] {
        assert_eq!(place.source(id).unwrap()["failure_count"], 0);
    }
    let doctor = place.run(&["-o", "json", "doctor"]).unwrap();
    assert_eq!(heard.lock().unwrap().len(), count, "nobody asks behind a closed gate, and doctor asks no account");
    // It is put right, and works at once.
    place.put("token", format!("{OTHER}\n")).unwrap();
    reload(&daemon).unwrap();
    let works =
        |answer: &Value| answer["source"]["total_runs"].as_u64() >= Some(2) && answer["source"]["failure_count"] == 0;
    daemon.wait_until("the source works again", LONG, &["source", "show", &sources[1]], works).unwrap();

    // Nobody else has it, and it is written nowhere: database, pages, items, log, what commands print.
    let stolen = stolen.lock().unwrap().join("\n");
    assert!(
        stolen.contains("/stolen")
            && !stolen.contains("/login")
            && !keyed(&stolen)
            && !stolen.contains("api_key")
            && !stolen.to_ascii_lowercase().contains("x-api-key"),
        "{stolen}"
    );
    let mut texts = vec![doctor.stdout, doctor.stderr];
    for args in [
        &["items", "--limit", "1000"][..],
        &["runs", "list"],
        &["source", "list"],
        &["config", "show"],
        &["profile", "list"],
        &["dead", "list"],
        &["alert", "list"],
    ] {
        let with: Vec<&str> = ["-o", "json"].iter().chain(args).copied().collect();
        let said = place.run(&with).unwrap();
        texts.extend([said.stdout, said.stderr]);
    }
    assert!(texts.iter().any(|text| text.contains("(hidden)")), "what the server said back is there, without the key");
    daemon.interrupt().unwrap();
    let (_, log) = daemon.wait(LONG).unwrap();
    assert!(log.iter().any(|line| line.contains("TRACE")), "the log says everything there is to say");
    texts.push(log.join("\n"));
    let shown: Vec<&String> = texts.iter().filter(|text| keyed(text)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    let pages = pages(&place);
    assert!(pages.len() >= 10 && pages.iter().any(|page| page.contains("(hidden)")), "{} pages", pages.len());
    assert!(pages.iter().all(|page| !keyed(page)), "a page that is kept holds the key");
    let mut files = Vec::new();
    search(place.dir(), &mut files);
    assert_eq!(files, Vec::<String>::new());
}

/// The raw pages that were kept, decompressed: what a search through the file does not see.
fn pages(place: &Place) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(place.dir().join("tidegate.db")).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let rows = sqlx::query("SELECT meta, url, body, body_bytes FROM page").fetch_all(&pool).await.unwrap();
        let text = |row: &sqlx::sqlite::SqliteRow| {
            let (meta, url): (String, String) = (row.get("meta"), row.get("url"));
            let (body, bytes): (Vec<u8>, i64) = (row.get("body"), row.get("body_bytes"));
            let body = zstd::bulk::decompress(&body, usize::try_from(bytes).unwrap()).unwrap();
            format!("{url}\n{meta}\n{}", String::from_utf8_lossy(&body))
        };
        rows.iter().map(text).collect()
    })
}

fn keyed(text: &str) -> bool {
    ["canary+key/", "canary%2Bkey", "canary%2bkey", "canary%252B", "canary+key\\/", "\\u0063\\u0061", OTHER]
        .iter()
        .any(|spelling| text.contains(spelling))
}

fn search(dir: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, found);
        } else if path.file_name().is_none_or(|name| name != "token")
            && keyed(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()))
        {
            found.push(path.display().to_string());
        }
    }
}
