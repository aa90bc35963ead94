//! What the platform's "no" becomes: the table of statuses and types, at the port.

use super::*;

/// Scenarios 18, 19, 20 and 21.
#[tokio::test]
async fn a_refused_start_has_its_class_and_the_platforms_words() {
    let table = [
        (400, "invalid-input", Class::Config),
        (400, "run-input-body-not-valid-json", Class::Config),
        (400, "max-total-charge-usd-below-minimum", Class::Config),
        (400, "unknown-build-tag", Class::Config),
        (401, "token-not-provided", Class::Credential),
        (401, "user-or-token-not-found", Class::Credential),
        (402, "not-enough-usage-to-run-paid-actor", Class::Quota),
        (402, "actor-memory-limit-exceeded", Class::Capacity),
        (402, "concurrent-runs-limit-exceeded", Class::Capacity),
        (403, "platform-feature-disabled", Class::Quota),
        (403, "actor-is-not-rented", Class::Actor),
        (403, "insufficient-permissions", Class::Actor),
        (404, "record-not-found", Class::Actor),
        (405, "method-not-allowed", Class::BadAnswer),
        (409, "concurrent-update-detected", Class::Transient),
        (413, "request-too-large", Class::BadAnswer),
        (415, "unsupported-content-encoding", Class::BadAnswer),
    ];
    for (status, kind, class) in table {
        let server = Server::start(move |_| refusal(status, kind)).await;
        let result = fast(client(&server).start(&order())).await;
        let Err(NotStarted::Refused(failure)) = &result else { panic!("{status} {kind}: {result:?}") };
        assert_eq!(failure.class, class, "{status} {kind}");
        assert!(
            failure.message.ends_with(&format!("answered {status} {kind}: because of {kind}")),
            "{}",
            failure.message
        );
        assert_eq!(server.seen().len(), 1, "{status} {kind}");
    }
}

#[tokio::test]
async fn questions_are_repeated_only_if_that_may_help() {
    // Status, type, class, and whether it is asked again.
    let table = [
        (400, "invalid-parameter", Class::Config, false),
        (401, "invalid-token", Class::Credential, false),
        (403, "insufficient-permissions", Class::Credential, false),
        (408, "operation-timed-out", Class::Transient, true),
        (409, "concurrent-update-detected", Class::Transient, true),
        (429, "rate-limit-exceeded", Class::RateLimited, true),
        (500, "internal-server-error", Class::Transient, true),
        (502, "", Class::Transient, true),
    ];
    for (status, kind, class, again) in table {
        let server = Server::start(move |_| refusal(status, kind)).await;
        let failure = fast(client(&server).inspect(&name(), &id("run1"))).await.unwrap_err();
        assert_eq!(failure.class, class, "{status} {kind}");
        assert!(failure.message.starts_with("asking for run run1: answered"), "{}", failure.message);
        let asked = server.seen().len();
        assert_eq!(asked > 1, again, "{status} {kind}: {asked}");
        assert!(asked <= 8, "{status} {kind}: {asked}");
    }
}

/// Scenario 6: whatever the body, the status counts, and no more is quoted than fits a line.
#[tokio::test]
async fn bodies_that_are_no_error_object() {
    let huge = format!("<html>{}</html>", "gateway ".repeat(200_000));
    let bodies: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "answered 502"),
        (b"<html>\n<b>Bad   gateway</b>".to_vec(), "answered 502: <html> <b>Bad gateway</b>"),
        (huge.into_bytes(), "answered 502: <html>gateway gateway"),
        (b"\xFF\xFE\x00".to_vec(), "answered 502"),
        (b"{\"error\": \"text\"}".to_vec(), "answered 502: {\"error\": \"text\"}"),
        (b"{\"error\": {\"type\": 7, \"message\": null}}".to_vec(), "answered 502"),
        (b"{\"error\": {\"type\": \"odd-type\"}}".to_vec(), "answered 502 odd-type"),
        ("[".repeat(30_000).into_bytes(), "answered 502: [["),
    ];
    for (body, words) in bodies {
        let shown = String::from_utf8_lossy(&body).chars().take(40).collect::<String>();
        let server = Server::start(move |_| answer(502, &[], &body)).await;
        let Err(NotStarted::Unknown(failure)) = fast(client(&server).start(&order())).await else { panic!("{shown}") };
        assert_eq!(failure.class, Class::Transient);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(failure.message.len() <= 700, "{}", failure.message.len());
    }
}

/// Scenario 5: everybody who shares the token waits, and the first good answer ends it.
#[tokio::test]
async fn a_burst_of_429_slows_all_questions_down() {
    let left = AtomicUsize::new(4);
    let server = Server::start(move |_| {
        let refuse = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if refuse { answer(429, &[("retry-after", "5")], "{}") } else { data(&run("run1", "RUNNING")) }
    })
    .await;
    let client = client(&server);
    let runs: Vec<RemoteId> = (0..4).map(|n| id(&format!("run{n}"))).collect();
    assert_eq!(client.statuses(&name(), &runs, now()).await.unwrap_err().class, Class::RateLimited);
    assert_eq!(server.seen().len(), 4, "nobody is asked again at once");
    let (found, took) = timed(client.statuses(&name(), &runs, now())).await;
    assert_eq!(found.unwrap().len(), 4);
    assert_eq!(server.seen().len(), 8, "each was asked again once");
    assert!(took >= Duration::from_secs(5), "{took:?}");
}

/// The breaker: after so many failures in a row nobody asks, whatever it is about, until the rest is over.
#[tokio::test]
async fn a_platform_that_is_down_is_left_alone() {
    let down: fn() -> Reply = || answer(503, &[], "");
    let failures = usize::try_from(limits::ACTOR_FAILURES).unwrap();
    let mut replies = vec![down; failures];
    replies.push(|| data(&run("run1", "SUCCEEDED")));
    let server = saying(replies).await;
    let client = client(&server);
    let failure = fast(client.inspect(&name(), &id("run1"))).await.unwrap_err();
    assert_eq!((failure.class, server.seen().len()), (Class::Transient, failures));
    for _ in 0..10 {
        let failure = client.account(&name()).await.unwrap_err();
        assert_eq!(failure.class, Class::RateLimited, "nobody was asked: no fault of a source");
        assert!(failure.retry_after.unwrap() <= limits::ACTOR_BREAK);
        let Err(NotStarted::Refused(_)) = client.start(&order()).await else { panic!() };
    }
    assert_eq!(server.seen().len(), failures);
    fast(tokio::time::sleep(limits::ACTOR_BREAK)).await;
    assert!(client.inspect(&name(), &id("run1")).await.unwrap().is_some());
}
