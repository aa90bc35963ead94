//! Which redirects are followed, and what goes along.

use super::*;

/// Redirects `/n` to `/n+1`, up to `/last`.
async fn staircase(last: usize) -> Server {
    Server::start(move |seen| {
        let n: usize = seen.path.trim_start_matches('/').parse().unwrap();
        if n < last { answer(301, &[("location", &format!("/{}", n + 1))], "moved") } else { answer(200, &[], "here") }
    })
    .await
}

#[tokio::test]
async fn five_are_followed_and_told() {
    let server = staircase(5).await;
    let response = egress().fetch(get(&server.url("/0"))).await.unwrap();
    assert_eq!(bytes(&response), b"here");
    assert_eq!(response.final_url, server.url("/5"));
    let urls: Vec<_> = response.redirects.iter().map(|hop| (hop.status, hop.url.clone())).collect();
    assert_eq!(urls, (1..=5).map(|n| (301, server.url(&format!("/{n}")))).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_sixth_is_not_nor_is_a_loop() {
    let server = staircase(6).await;
    let error = egress().fetch(get(&server.url("/0"))).await.unwrap_err();
    assert!(matches!(error, FetchError::TooManyRedirects { limit: 5, .. }), "{error}");
    let server = saying(|| answer(302, &[("location", "/again")], "")).await;
    let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::TooManyRedirects { .. }), "{error}");
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn credentials_and_validators_stay_at_their_origin() {
    let end = saying(|| answer(200, &[], "")).await;
    let there = end.url("/end");
    let start = Server::start(move |seen| match seen.path.as_str() {
        "/same" => answer(302, &[("location", "/other")], ""),
        _ => answer(302, &[("location", &there)], ""),
    })
    .await;
    let fields =
        [("if-none-match", "\"a\""), ("if-modified-since", "Sat, 21 Nov 2026 08:00:00 GMT"), ("accept", "text/xml")];
    let mut outbound = with_fields(&start.url("/same"), &fields);
    outbound.credentials = vec![credential(&start.url("/")), credential(&end.url("/"))];
    egress().fetch(outbound).await.unwrap();
    for seen in start.seen() {
        assert_eq!(seen.field("authorization").unwrap(), format!("Bearer {CANARY}"), "{}", seen.path);
        assert_eq!(seen.field("if-none-match").unwrap(), "\"a\"");
    }
    let seen = &end.seen()[0];
    for absent in ["authorization", "if-none-match", "if-modified-since"] {
        assert_eq!(seen.field(absent), None, "{absent}");
    }
    assert_eq!(seen.field("accept").unwrap(), "text/xml");
}

#[tokio::test]
async fn nothing_comes_back_after_a_visit_elsewhere() {
    let back = Arc::new(Mutex::new(String::new()));
    let home = Arc::clone(&back);
    let elsewhere = Server::start(move |_| answer(302, &[("location", &home.lock().unwrap())], "")).await;
    let there = elsewhere.url("/");
    let start = Server::start(move |seen| match seen.path.as_str() {
        "/start" => answer(302, &[("location", &there)], ""),
        _ => answer(200, &[], "admin"),
    })
    .await;
    *back.lock().unwrap() = start.url("/admin");
    let outbound = Outbound { credentials: vec![credential(&start.url("/"))], ..get(&start.url("/start")) };
    assert_eq!(bytes(&egress().fetch(outbound).await.unwrap()), b"admin");
    let seen = start.seen();
    assert!(seen[0].field("authorization").is_some());
    assert_eq!(seen[1].field("authorization"), None, "a third party chose this URL");
}

#[tokio::test]
async fn methods_and_bodies() {
    for (status, method, body) in
        [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "ping"), (308, "POST", "ping")]
    {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/" => answer(status, &[("location", "/next")], ""),
            _ => answer(200, &[], ""),
        })
        .await;
        let mut outbound = with_fields(&server.url("/"), &[("content-type", "text/plain")]);
        outbound.request.method = "POST".into();
        outbound.request.body = Some(Body::Text("ping".into()));
        egress().fetch(outbound).await.unwrap();
        let next = &server.seen()[1];
        assert_eq!((next.method.as_str(), next.body.as_slice()), (method, body.as_bytes()), "{status}");
        assert_eq!(next.field("content-type").is_some(), !body.is_empty(), "{status}");
    }
}

#[tokio::test]
async fn what_is_no_redirect_is_handed_over() {
    for (status, location) in [(300, "/next"), (302, ""), (301, "http://["), (304, "/next")] {
        let server = saying(move || {
            let length = if status == 304 { "" } else { "content-length: 0\r\n" };
            raw(format!("HTTP/1.1 {status} x\r\nlocation: {location}\r\n{length}\r\n"), Then::Keep)
        })
        .await;
        let response = egress().fetch(get(&server.url("/"))).await.unwrap();
        assert_eq!((response.status, bytes(&response), response.redirects.len()), (status, &b""[..], 0));
    }
}

/// The client reads `location` too, although it may not follow it; what it makes of one shows nowhere.
#[tokio::test]
async fn any_location_gets_a_typed_failure() {
    for location in [
        "javascript:1",
        "data:123",
        "mailto:a@b.example",
        "localhost:99999",
        "http://a b/",
        "http://[::1",
        "//",
        "?",
        "\\\\x",
        "about:",
    ] {
        let server = saying(move || answer(302, &[("location", location)], "")).await;
        match egress().fetch(get(&server.url("/?token=canary-7f3a9c"))).await {
            Ok(response) => assert_eq!(response.status, 302, "{location}"),
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        FetchError::BadRedirect { .. }
                            | FetchError::Denied { .. }
                            | FetchError::Dns { .. }
                            | FetchError::TooManyRedirects { .. }
                            | FetchError::Malformed { .. }
                    ),
                    "{location}: {error:?}"
                );
                assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_hop_is_judged() {
    for (location, why) in [
        ("http://10.0.0.1/?token=canary-7f3a9c", "10.0.0.1"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
        ("http://localhost:1234/", "localhost"),
        ("file:///etc/passwd", "file"),
        ("http://user:canary-7f3a9c@example.com/", "user"),
        ("http://example.com:25/", "25"),
    ] {
        let server = saying(move || answer(302, &[("location", location)], "")).await;
        let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Denied { .. } | FetchError::BadRedirect { .. }), "{location}: {error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    }
}
