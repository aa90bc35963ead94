//! Statuses that close a host for everybody, and those a request lets pass.

use super::*;

#[tokio::test]
async fn statuses_that_are_kept() {
    for status in [407, 408, 425, 429, 500, 502, 503, 599] {
        let server = saying(move || answer(status, &[("retry-after", "7")], "try\n later")).await;
        let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
        let FetchError::Status { status: got, retry_after, body_head, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*got, *retry_after, body_head.as_str()), (status, Some(Duration::from_secs(7)), "try later"));
    }
    for status in [200, 206, 304, 400, 401, 402, 403, 404, 410, 451] {
        let server = saying(move || raw(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n"), Then::Keep)).await;
        assert_eq!(egress().fetch(get(&server.url("/"))).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn statuses_a_plugin_asks_for_are_passed() {
    let server = saying(|| answer(503, &[("retry-after", "7")], "reason")).await;
    let mut outbound = get(&server.url("/"));
    outbound.request.pass_statuses = vec![503];
    let response = egress().fetch(outbound).await.unwrap();
    assert_eq!((response.status, bytes(&response)), (503, &b"reason"[..]));
}

#[tokio::test]
async fn every_status_that_is_kept_can_be_asked_for_and_brings_no_other() {
    let server = Server::start(|seen| {
        let status = seen.path.trim_start_matches('/').parse().unwrap();
        answer(status, &[("retry-after", "600"), ("content-type", "application/json")], r#"{"why":"é"}"#)
    })
    .await;
    let egress = egress();
    let asking = |status: u16, pass: &[u16]| {
        let mut outbound = get(&server.url(&format!("/{status}")));
        outbound.credentials = vec![credential(&server.url("/"))];
        outbound.request.pass_statuses = pass.to_vec();
        outbound.request.want = BodyForm::Text;
        outbound
    };
    for status in [401, 407, 408, 425, 500, 503, 599] {
        // The plugin acts on it instead of the host: no gate is closed, so that the next one is asked at once. (429 closes it for
        // everybody: see `keys`.)
        let response = egress.fetch(asking(status, &[402, status])).await.unwrap();
        assert_eq!((response.status, response.body), (status, Body::Text(r#"{"why":"é"}"#.into())));
    }
    for (status, pass) in [(500, &[503][..]), (401, &[429]), (408, &[])] {
        let error = egress.fetch(asking(status, pass)).await.unwrap_err();
        assert!(matches!(error, FetchError::Status { status: kept, .. } if kept == status), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_credential_is_kept_and_not_quoted() {
    let reply = format!("{}: {CANARY} is no valid token, nor is Bearer {CANARY}", "x".repeat(900));
    let server = saying(move || answer(401, &[], &reply)).await;
    let outbound =
        Outbound { credentials: vec![credential(&server.url("/"))], ..get(&server.url("/?key=canary-7f3a9c")) };
    let error = egress().fetch(outbound).await.unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 401, .. }), "{error:?}");
    assert!(error.to_string().contains("is no valid token"), "{error}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    let FetchError::Status { body_head, .. } = &error else { panic!() };
    assert!(body_head.len() <= tidegate_core::limits::ERROR_BODY_BYTES);
}

#[tokio::test]
async fn half_a_secret_at_the_end_is_left_out() {
    for before in [2_000, 2_030, 2_048, 2_060] {
        let reply = [&b" ".repeat(before)[..], CANARY.as_bytes(), b"tail".repeat(2_000).as_slice()].concat();
        let server = saying(move || answer(500, &[], &reply)).await;
        let outbound = Outbound { credentials: vec![credential(&server.url("/"))], ..get(&server.url("/")) };
        let error = egress().fetch(outbound).await.unwrap_err().to_string();
        assert!(!error.contains("canary"), "{before}: {error}");
    }
}

#[tokio::test]
async fn an_error_page_that_never_ends_is_not_waited_for() {
    let endless = || raw("HTTP/1.1 500 x\r\n\r\n", Then::Repeat(b"error ".to_vec()));
    let server = saying(endless).await;
    let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 500, .. }), "{error:?}");
    let limits = EgressLimits { idle: SHORT, ..EgressLimits::default() };
    let server = saying(|| raw("HTTP/1.1 500 x\r\ncontent-length: 99\r\n\r\nsorry", Then::Hang)).await;
    let error = egress_with(limits, Arc::new(Names::default())).0.fetch(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(&error, FetchError::Status { body_head, .. } if body_head == "sorry"), "{error:?}");
}

#[tokio::test]
async fn the_gate_closes_for_everybody_and_opens_again() {
    for (status, field, waits) in [
        (429, "120", 120),
        (429, "", 60),
        (429, "soon", 60),
        (429, "Sat, 21 Nov 2026 08:50:00 GMT", 300),
        (429, "99999999", 86_400),
        (503, "120", 120),
        (503, "", 0),
        (500, "120", 0),
    ] {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/busy" => answer(status, &[("retry-after", field)], ""),
            _ => answer(200, &[], ""),
        })
        .await;
        let (egress, clock) = egress_with(EgressLimits::default(), Arc::new(Names::default()));
        let begin = clock.now();
        egress.fetch(get(&server.url("/busy"))).await.unwrap_err();
        let next = egress.fetch(get(&server.url("/"))).await;
        if waits == 0 {
            assert!(next.is_ok(), "{status} {field:?}: {next:?}");
            continue;
        }
        // Everybody waits as told, but not longer than the most; who was told to wait longer does so by its own failure.
        let until = begin.plus(Duration::from_secs(waits).min(tidegate_core::limits::GATE_MOST));
        let Err(FetchError::GateClosed { until: told, .. }) = &next else { panic!("{status} {field:?}: {next:?}") };
        assert_eq!(*told, until, "{status} {field:?}");
        assert_eq!(server.seen().len(), 1, "nobody was asked");
        clock.0.store(until.as_millis(), Ordering::Relaxed);
        assert!(egress.fetch(get(&server.url("/"))).await.is_ok());
    }
}

#[tokio::test]
async fn a_redirect_to_a_closed_host_is_not_followed() {
    let busy = Server::start(|_| answer(429, &[], "")).await;
    let there = busy.url("/");
    let start = saying(move || answer(302, &[("location", &there)], "")).await;
    let egress = egress();
    egress.fetch(get(&busy.url("/"))).await.unwrap_err();
    let error = egress.fetch(get(&start.url("/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::GateClosed { .. }), "{error:?}");
    assert_eq!(busy.seen().len(), 1);
}
