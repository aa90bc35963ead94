//! Looking at runs one by one and by the list, ending them, the account.

use super::*;

/// Scenario 9: it is not known yet, which is an answer.
#[tokio::test]
async fn a_run_that_is_not_known() {
    for kind in ["record-not-found", "a-type-of-tomorrow", ""] {
        let server = Server::start(move |_| refusal(404, kind)).await;
        assert_eq!(client(&server).inspect(&name(), &id("run1")).await, Ok(None));
        assert_eq!(client(&server).statuses(&name(), &[id("run1")], now()).await, Ok(Vec::new()));
        assert_eq!(server.seen().len(), 2);
    }
    // The same status, said of the token.
    let server = saying(vec![|| refusal(404, "user-or-token-not-found")]).await;
    assert_eq!(client(&server).inspect(&name(), &id("run1")).await.unwrap_err().class, Class::Credential);
}

/// "Record or token not found": which of them, the account tells.
#[tokio::test]
async fn not_found_may_be_said_of_the_token() {
    const KIND: &str = "record-or-token-not-found";
    type Account = fn() -> Reply;
    let answers: [(&str, Account, Option<Class>); 4] = [
        ("it is the run", || data(&json!({})), None),
        ("the token is refused", || refusal(401, "invalid-token"), Some(Class::Credential)),
        ("the token is not known", || refusal(404, KIND), Some(Class::Credential)),
        ("nobody knows", || refusal(400, "what"), Some(Class::Config)),
    ];
    for (case, account, expected) in answers {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/v2/users/me/limits" => account(),
            _ => refusal(404, KIND),
        })
        .await;
        let (client, run) = (client(&server), id("run1"));
        let found = client.inspect(&name(), &run).await.map_err(|failure| failure.class);
        assert_eq!(found, expected.map_or(Ok(None), Err), "{case}");
        let told = client.abort(&name(), &run).await.map_err(|failure| failure.class);
        assert_eq!(told, expected.map_or(Ok(()), Err), "{case}");
        assert_eq!(server.seen().len(), 4, "{case}");
    }
}

/// Scenarios 10 and 35: no connection is held for a run to end, and what is missing is not said.
#[tokio::test]
async fn a_run_is_looked_at_and_not_waited_for() {
    let server = saying(vec![|| data(&run("run1", "HIBERNATING"))]).await;
    let found = client(&server).inspect(&name(), &id("run1")).await.unwrap().unwrap();
    assert_eq!((found.status, found.cost, found.charged_elements), (RemoteStatus::Unknown, None, None));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/v2/actor-runs/run1"));
    assert!(!seen.field("user-agent").unwrap().contains("intent"));
    assert_eq!(seen.field("accept-encoding").unwrap(), "gzip, br");
}

/// Scenarios 6, 8, 33 and 34, for questions: what fails in passing is asked again.
#[tokio::test]
async fn what_passes_is_asked_again() {
    let passing: Vec<fn() -> Reply> = vec![
        || raw("", Then::Close),
        || answer(502, &[], "<html>"),
        || raw("HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"da", Then::Close),
        || answer(200, &[], "{\"data\": {\"id\": \"run1\""),
        || answer(200, &[], "<html>welcome</html>"),
        || answer(200, &[("content-encoding", "gzip")], &super::super::super::testserver::gzip(b"{}")[..12]),
        || raw("", Then::Hang),
        || raw("HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{", Then::Hang),
    ];
    for (number, first) in passing.into_iter().enumerate() {
        let server = saying(vec![first, || data(&run("run1", "RUNNING"))]).await;
        let found = fast(client(&server).inspect(&name(), &id("run1"))).await;
        assert_eq!(found.unwrap().unwrap().status, RemoteStatus::Running, "{number}");
        assert_eq!(server.seen().len(), 2, "{number}");
    }
}

/// Scenario 8.
#[tokio::test]
async fn codings_and_bombs() {
    use super::super::super::testserver::{brotli, gzip};
    let body = json!({"data": run("run1", "RUNNING")}).to_string().into_bytes();
    let coded = [("gzip", gzip(&body)), ("br", brotli(&body)), ("", body)];
    for (coding, bytes) in coded {
        let server = Server::start(move |_| answer(200, &[("content-encoding", coding)], &bytes)).await;
        assert!(client(&server).inspect(&name(), &id("run1")).await.unwrap().is_some(), "{coding}");
    }
    for (coding, bomb) in [("gzip", gzip(&vec![b' '; 64 << 20])), ("br", brotli(&vec![b' '; 64 << 20]))] {
        let server = Server::start(move |_| answer(200, &[("content-encoding", coding)], &bomb)).await;
        let failure = client(&server).inspect(&name(), &id("run1")).await.unwrap_err();
        assert_eq!(failure.class, Class::BadAnswer, "{}", failure.message);
        assert_eq!(server.seen().len(), 1);
    }
}

/// A platform whose time is over: the whole is bounded, however slowly it answers.
#[tokio::test]
async fn the_whole_time_is_bounded() {
    let server = saying(vec![|| raw("HTTP/1.1 200 x\r\n", Then::Hang)]).await;
    let (result, took) = timed(client(&server).account(&name())).await;
    assert_eq!(result.unwrap_err().class, Class::Transient);
    assert!(took <= limits::ACTOR_ASK_TIMEOUT + Duration::from_secs(1), "{took:?}");
}

/// The run number `n` of the list below.
fn numbered(n: usize) -> RemoteId {
    id(&format!("run{n}"))
}

/// A platform with so many runs, listed a thousand at most at a time, oldest first; every third has ended.
async fn platform(runs: usize) -> Server {
    Server::start(move |seen| {
        let of = |name: &str| {
            let (_, query) = seen.path.split_once('?')?;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name)?.1.parse::<usize>().ok()
        };
        let (offset, limit) = (of("offset").unwrap(), of("limit").unwrap().min(1_000));
        let status = |n: usize| if n.is_multiple_of(3) { "SUCCEEDED" } else { "RUNNING" };
        let page = (offset..runs).take(limit).map(|n| run(&format!("run{n}"), status(n)));
        rows(&page.collect::<Vec<_>>())
    })
    .await
}

#[tokio::test]
async fn few_are_asked_after_one_by_one_and_many_by_the_list() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/v2/actor-runs/run3" => refusal(404, "record-not-found"),
        "/v2/actor-runs/run4" => data(&run("run4", "TIMED-OUT")),
        _ => data(&run("any", "RUNNING")),
    })
    .await;
    let runs: Vec<RemoteId> = (0..limits::ACTOR_ASK_EACH).map(numbered).collect();
    let found = client(&server).statuses(&name(), &runs, now()).await.unwrap();
    assert_eq!((server.seen().len(), found.len()), (runs.len(), runs.len() - 1));
    assert!(found.contains(&(numbered(4), RemoteStatus::TimedOut)));
    let server = platform(10_500).await;
    let runs: Vec<RemoteId> = (400..10_400).chain([99_999]).map(numbered).collect();
    let found = client(&server).statuses(&name(), &runs, now()).await.unwrap();
    assert_eq!(found.len(), 10_000);
    for (run, status) in &found {
        let n: usize = run.as_str()[3..].parse().unwrap();
        assert_eq!(*status == RemoteStatus::Succeeded, n.is_multiple_of(3), "{n}");
    }
    let seen = server.seen();
    // Eleven pages, and the empty one that says that there are no more.
    assert_eq!(seen.len(), 12);
    assert!(seen[0].path.starts_with("/v2/actor-runs?limit=1000&offset=0&startedAfter=2026-11-21T08%3A30%3A00Z"));
    // All that were asked for are found: the rest of the list is not read.
    let server = platform(10_500).await;
    let runs: Vec<RemoteId> = (0..900).map(numbered).collect();
    assert_eq!(client(&server).statuses(&name(), &runs, now()).await.unwrap().len(), 900);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_endless_list_is_read_so_far() {
    let server = saying(vec![|| rows(&[run("other", "RUNNING")])]).await;
    let runs: Vec<RemoteId> = (0..100).map(numbered).collect();
    assert_eq!(client(&server).statuses(&name(), &runs, now()).await, Ok(Vec::new()));
    assert_eq!(server.seen().len(), limits::ACTOR_LIST_PAGES);
}

/// Scenario 20: of many answers the one about the token is told.
#[tokio::test]
async fn a_revoked_token_is_told_though_others_answer() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/v2/actor-runs/run2" => refusal(401, "user-or-token-not-found"),
        "/v2/actor-runs/run1" => refusal(400, "odd"),
        _ => data(&run("any", "RUNNING")),
    })
    .await;
    let client = client(&server);
    let statuses = |ids: &[usize]| ids.iter().copied().map(numbered).collect::<Vec<_>>();
    let failure = client.statuses(&name(), &statuses(&[0, 1, 2, 3]), now()).await.unwrap_err();
    assert_eq!(failure.class, Class::Credential);
    assert_eq!(client.statuses(&name(), &statuses(&[0, 1, 3]), now()).await.unwrap().len(), 2);
    assert_eq!(client.statuses(&name(), &statuses(&[1]), now()).await.unwrap_err().class, Class::Config);
}

#[tokio::test]
async fn ending_a_run() {
    let ended: fn() -> Reply = || data(&run("run1", "SUCCEEDED"));
    let running: fn() -> Reply = || data(&run("run1", "RUNNING"));
    let odd: fn() -> Reply = || refusal(400, "run-cannot-be-aborted");
    // Answers, the class of the failure if there is one, and how many questions.
    type Case = (Vec<fn() -> Reply>, Option<Class>, usize);
    let table: Vec<Case> = vec![
        (vec![running], None, 1),
        (vec![|| answer(200, &[], "<html>")], None, 1),
        (vec![|| refusal(404, "record-not-found")], None, 1),
        // Refused, because it has ended already; or for another reason.
        (vec![odd, ended], None, 2),
        (vec![odd, running], Some(Class::Config), 2),
        (vec![odd, || refusal(404, "record-not-found")], None, 2),
        (vec![|| refusal(401, "invalid-token")], Some(Class::Credential), 1),
        (vec![|| answer(502, &[], ""), running], None, 2),
        (vec![|| raw("", Then::Close), running], None, 2),
        (vec![|| answer(302, &[("location", "/x")], "")], Some(Class::BadAnswer), 1),
    ];
    for (number, (replies, class, asked)) in table.into_iter().enumerate() {
        let server = saying(replies).await;
        let result = fast(client(&server).abort(&name(), &id("run1"))).await;
        assert_eq!(result.err().map(|failure| failure.class), class, "{number}");
        let seen = server.seen();
        assert_eq!(seen.len(), asked, "{number}");
        assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/v2/actor-runs/run1/abort"));
    }
}

#[tokio::test]
async fn the_account() {
    let server =
        saying(vec![|| data(&json!({"limits": {"maxMonthlyUsageUsd": 5}, "current": {"monthlyUsageUsd": 5.01}}))])
            .await;
    let account = client(&server).account(&name()).await.unwrap();
    assert!(!account.has_money());
    assert_eq!(server.seen()[0].path, "/v2/users/me/limits");
}
