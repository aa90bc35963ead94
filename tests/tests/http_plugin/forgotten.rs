//! Positions that a server has forgotten when the next run goes on with them: however it says so, the listing is begun again.
//!
//! Owns: a listing by cursors whose third page never comes, and what is stored of it. A run keeps its place after two pages.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tidegate_tests::place::Place;

use crate::credentials::{server, target};
use crate::{LONG, Stored, serve};

const SIZE: usize = 5;

/// How the path of a source says that its cursor is none any more.
fn refused(path: &str) -> (u16, String) {
    match path {
        "/told" => (200, json!({"error": "invalid_cursor"}).to_string()),
        "/empty" => (200, json!({"items": []}).to_string()),
        path => (path.trim_start_matches('/').parse().unwrap(), json!({"message": "gone astray"}).to_string()),
    }
}

fn answer(head: &str, records: usize) -> (u16, String, String) {
    let (path, query) = target(head);
    let from: usize = query.split('&').find_map(|pair| pair.strip_prefix("cursor=c")?.parse().ok()).unwrap_or(0);
    if from >= 2 * SIZE {
        let (status, body) = refused(&path);
        return (status, String::new(), body);
    }
    let item = |n: usize| json!({"id": n, "title": "a", "created_at": format!("2026-01-01T00:{n:02}:00Z")});
    let items: Vec<Value> = (0..records).rev().skip(from).take(SIZE).map(item).collect();
    (200, String::new(), json!({"items": items, "next": format!("c{}", from + SIZE)}).to_string())
}

#[test]
fn a_position_that_is_forgotten_stops_no_source() {
    let records = Arc::new(Mutex::new(20));
    let published = Arc::clone(&records);
    let (origin, _) = server(move |head| answer(head, *published.lock().unwrap()));
    let profile = |credential: &str| {
        format!(
            "plugin = \"http\"\nkind = \"rest\"\nschedule = {{ every = \"1s\", min_interval = \"1s\" }}\n\
             caps = {{ max_items = 100, bootstrap_max_items = 100 }}\n\
             retry = {{ in_run = [\"1s\"], runs = [], max_failures = 3 }}\n\
             [overrides]\nrecords = \"/items\"\nerror = \"/error\"\nincremental = {{ by = \"time\", order = \"newest-first\" }}\n\
             paging = {{ kind = \"cursor\", next = \"/next\", max_pages = 2 }}\n\
             [net]\nallow_private = [\"127.0.0.1\"]\n{credential}"
        )
    };
    let place = Place::with_profile("plain", &profile("")).unwrap();
    let carries = "[net.credential]\nname = \"vault\"\nheader = \"X-Api-Key\"\n";
    place.put("profiles/keyed.toml", profile(carries)).unwrap();
    place.put("token", "a-key-of-some-length\n").unwrap();
    let budget = "[budget]\nruns_per_day = 1000000\n";
    let config = format!("{budget}[credentials.vault]\norigin = \"{origin}\"\nfile = \"token\"\n");
    place.put("tidegate.toml", config).unwrap();
    let daemon = serve(&place);
    let ways = ["400", "401", "403", "404", "500", "503", "told", "empty"];
    let mut urls: Vec<(&str, String)> = ways.iter().map(|way| ("plain", format!("{origin}/{way}"))).collect();
    urls.push(("keyed", format!("{origin}/401#keyed")));
    let ids: Vec<String> = urls.iter().map(|(profile, url)| place.add(profile, &[url]).unwrap().remove(0)).collect();
    let stored = Stored::open(&place);
    // Two pages, and what is published later comes too, although nobody ever gets behind them.
    for (round, more) in [0, 3, 3].into_iter().enumerate() {
        *records.lock().unwrap() += more;
        let count = 2 * SIZE + *records.lock().unwrap() - 20;
        // A 401 to a credential in the middle of a run is taken for the credential's: it rests.
        for (_, url) in urls.iter().filter(|(profile, _)| *profile == "plain" || round < 2) {
            assert!(stored.wait(&daemon, url, count).len() >= count, "{url}");
        }
    }
    for (id, (_, url)) in ids.iter().zip(&urls) {
        let shown = place.json(&["source", "show", id]).unwrap();
        assert_eq!(shown["source"]["state"]["state"], "active", "{url}: {shown}");
        let runs = place.runs(&["--source", id]).unwrap();
        let warned = runs.iter().any(|run| run["warnings"].to_string().contains("from its beginning"));
        assert!(warned, "{url}: {runs:?}");
    }
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
}
