//! The run of a start whose answer was lost: found by its mark, or by its input, or not taken for another one.

use super::*;

const FOUND: &str = "found1";

/// A row that was started with this user agent, so many seconds after a quarter to nine.
fn row(id: &str, agent: &str, after: i64) -> Value {
    let started = UtcMillis::from_millis(now().as_millis() + after * 1_000);
    let mut row = run(id, "RUNNING");
    row["meta"] = json!({"origin": "API", "userAgent": agent});
    row["startedAt"] = json!(started.to_string());
    row
}

fn marked(id: &str) -> Value {
    row(id, &format!("tidegate/0.1.0 {} (+https://ops.example)", intent_mark(intent())), 1)
}

fn of_another(id: &str) -> Value {
    row(id, &format!("tidegate/0.1.0 {}", intent_mark(IntentId::new(now(), 8))), 2)
}

/// A platform with these rows, newest first; each run has these options and this input.
async fn platform(listed: Vec<Value>, cap: f64, input: &'static str) -> Server {
    Server::start(move |seen| {
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        if path.ends_with("/records/INPUT") {
            return answer(200, &[], input);
        }
        if let Some(id) = path.strip_prefix("/v2/actor-runs/") {
            let mut row = listed.iter().find(|row| row["id"] == id).cloned().unwrap_or_default();
            row["options"] = json!({"timeoutSecs": 300, "maxTotalChargeUsd": cap});
            return data(&row);
        }
        let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<usize>().ok());
        let (offset, limit) = (of("offset=").unwrap(), of("limit=").unwrap());
        rows(&listed.iter().skip(offset).take(limit).cloned().collect::<Vec<_>>())
    })
    .await
}

const SAME: &str = r#"{"resultsLimit": 15.0, "username": ["nasa"], "default": 1}"#;
const OTHER: &str = r#"{"resultsLimit": 15, "username": ["esa"]}"#;

async fn find(server: &Server) -> Result<Option<String>, Failure> {
    find_besides(server, &[]).await
}

async fn find_besides(server: &Server, taken: &[&str]) -> Result<Option<String>, Failure> {
    let taken: Vec<RemoteId> = taken.iter().map(|id| id.parse().unwrap()).collect();
    let found = fast(client(server).find(&order(), now(), &taken)).await;
    found.map(|run| run.map(|run| run.id.to_string()))
}

#[tokio::test]
async fn by_its_mark_or_by_its_input() {
    let browser = "Mozilla/5.0 (X11)";
    // Rows, charge cap and input of all runs, and what is found.
    type Case = (&'static str, Vec<Value>, f64, &'static str, Option<&'static str>);
    let table: Vec<Case> = vec![
        ("no run", vec![], 0.055, SAME, None),
        ("its mark", vec![of_another("a"), marked(FOUND), row("b", browser, 1)], 0.055, OTHER, Some(FOUND)),
        ("marks of others: its own would show", vec![of_another("a"), row("b", browser, 1)], 0.055, SAME, None),
        ("no marks, one like it", vec![row(FOUND, "", 1)], 0.055, SAME, Some(FOUND)),
        ("no marks, rewritten", vec![row(FOUND, "proxy/1", 0)], 0.055, SAME, Some(FOUND)),
        ("no marks, another input", vec![row("a", "", 1)], 0.055, OTHER, None),
        ("no marks, an input that is no JSON", vec![row("a", "", 1)], 0.055, "{", None),
        ("no marks, another cap", vec![row("a", "", 1)], 0.0551, SAME, None),
        ("a run of before, just like it", vec![row("a", "", -300)], 0.055, SAME, None),
        ("one of before and one of now", vec![row(FOUND, "", 3), row("a", "", -300)], 0.055, SAME, Some(FOUND)),
        ("no time", vec![json!({"id": "a"})], 0.055, SAME, None),
    ];
    for (what, listed, cap, input, expected) in table {
        let server = platform(listed, cap, input).await;
        assert_eq!(find(&server).await, Ok(expected.map(str::to_owned)), "{what}");
        let path = &server.seen()[0].path;
        assert!(path.starts_with("/v2/actors/apify~instagram-post-scraper/runs?desc=1&limit=100&offset=0"), "{path}");
    }
}

/// Taking one of two would pay for one that nobody reads; taking none would start a third.
#[tokio::test]
async fn two_that_could_be_it_are_for_a_person() {
    let server = platform(vec![row("a", "", 2), row("b", "", 1)], 0.055, SAME).await;
    let failure = find(&server).await.unwrap_err();
    assert!(failure.message.contains("runs b, a could all be it"), "{}", failure.message);
}

/// Another tenant asked the same, and has its run.
#[tokio::test]
async fn one_that_stands_for_another_order_is_not_it() {
    let server = platform(vec![row("a", "", 2), row(FOUND, "", 1)], 0.055, SAME).await;
    assert_eq!(find_besides(&server, &["a"]).await, Ok(Some(FOUND.to_owned())));
    assert_eq!(find_besides(&server, &["a", FOUND]).await, Ok(None));
}

/// "None" would have the start made, and paid, again.
#[tokio::test]
async fn a_search_that_was_cut_short_is_no_none() {
    for endless in [of_another("a"), row("a", "", 1)] {
        let server = Server::start(move |_| rows(core::slice::from_ref(&endless))).await;
        let failure = find(&server).await.unwrap_err();
        assert_eq!(failure.class, Class::Transient, "{}", failure.message);
        assert!(failure.message.contains("there are more"), "{}", failure.message);
        assert_eq!(server.seen().len(), limits::ACTOR_FIND_PAGES);
    }
    let unmarked = |count: usize| (0..count).map(|n| row(&format!("run{n}"), "", 1)).collect();
    let server = platform(unmarked(limits::ACTOR_FIND_INPUTS), 0.055, OTHER).await;
    assert_eq!(find(&server).await, Ok(None), "all were compared");
    let server = platform(unmarked(limits::ACTOR_FIND_INPUTS + 1), 0.055, OTHER).await;
    let failure = find(&server).await.unwrap_err();
    assert!(failure.message.contains("more could be"), "{}", failure.message);
}

#[tokio::test]
async fn a_busy_actor_has_pages_of_runs() {
    let mut listed: Vec<Value> = (0..2_500).map(|n| of_another(&format!("run{n}"))).collect();
    listed.push(marked(FOUND));
    let server = platform(listed, 0.055, OTHER).await;
    assert_eq!(find(&server).await, Ok(Some(FOUND.to_owned())));
    assert_eq!(server.seen().len(), 4, "100, 1,000, 1,000 and the rest");
}

/// Scenario 22: the platform's clock differs by ten minutes, or by two hours.
#[tokio::test]
async fn clocks_that_differ() {
    for (date, behind) in [
        ("Sat, 21 Nov 2026 08:35:00 GMT", 600),
        ("Sat, 21 Nov 2026 08:55:00 GMT", -600),
        ("Sat, 21 Nov 2026 06:45:00 GMT", 7_200),
        ("nonsense", 600),
    ] {
        let server = Server::start(move |seen| {
            let listed = marked(FOUND);
            let started = now().as_millis() - behind * 1_000;
            let from = seen.path.split("startedAfter=").nth(1).unwrap().replace("%3A", ":");
            let shown = UtcMillis::parse(&from).unwrap().as_millis() <= started;
            let page = json!({"data": {"items": if shown { vec![listed] } else { vec![] }}});
            answer(200, &[("date", date)], page.to_string())
        })
        .await;
        assert_eq!(find(&server).await, Ok(Some(FOUND.to_owned())), "{date}");
    }
}

/// With a clock that is ten minutes behind, a run of now is still told from one of before.
#[tokio::test]
async fn a_run_of_before_by_the_platforms_clock() {
    for (after, expected) in [(-590, Some(FOUND)), (-900, None)] {
        let server = Server::start(move |seen| {
            let row = row(FOUND, "", after);
            let page = if seen.path.contains("/records/") {
                SAME.to_owned()
            } else if seen.path.starts_with("/v2/actor-runs/") {
                json!({ "data": row }).to_string()
            } else if seen.path.contains("offset=0") {
                json!({"data": {"items": [row]}}).to_string()
            } else {
                json!({"data": {"items": []}}).to_string()
            };
            answer(200, &[("date", "Sat, 21 Nov 2026 08:35:00 GMT")], page)
        })
        .await;
        assert_eq!(find(&server).await, Ok(expected.map(str::to_owned)), "{after}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_no_none() {
    for reply in [(|| refusal(500, "internal-server-error")) as fn() -> Reply, || data(&json!({"items": 1}))] {
        let server = saying(vec![reply]).await;
        assert!(find(&server).await.is_err());
    }
}

/// A row that lacks what a run needs is looked at by itself.
#[tokio::test]
async fn a_row_without_a_dataset() {
    let mut listed = marked(FOUND);
    listed.as_object_mut().unwrap().remove("defaultDatasetId");
    let server = Server::start(move |seen| {
        if seen.path.starts_with("/v2/actor-runs/") { data(&run(FOUND, "READY")) } else { rows(&[listed.clone()]) }
    })
    .await;
    assert_eq!(find(&server).await, Ok(Some(FOUND.to_owned())));
}
