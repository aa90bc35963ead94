//! A start is made once, and says truly whether there may be a run.

use super::*;

fn started() -> Reply {
    let body = json!({"data": run("run1", "READY")}).to_string();
    answer(201, &[("location", "https://api.example/v2/actor-runs/run1"), ("content-type", "application/json")], body)
}

/// Starts with the order above, time passing fast.
async fn start(server: &Server) -> Result<RemoteRun, NotStarted> {
    let result = fast(client(server).start(&order())).await;
    if let Err(NotStarted::Refused(failure) | NotStarted::Unknown(failure)) = &result {
        assert_silent(&format!("{failure:?}"));
        assert!(failure.message.contains("starting apify/instagram-post-scraper"), "{}", failure.message);
    }
    result
}

/// Scenario 1.
#[tokio::test]
async fn what_is_sent() {
    let server = saying(vec![started]).await;
    let run = start(&server).await.unwrap();
    assert_eq!((run.id, run.dataset, run.status), (id("run1"), id("dataset1"), RemoteStatus::Ready));
    let seen = &server.seen()[0];
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.path,
        "/v2/actors/apify~instagram-post-scraper/runs?timeout=300&build=0.0.36&maxTotalChargeUsd=0.0550&memory=1024"
    );
    assert_eq!(seen.body, order().input.as_bytes());
    assert_eq!(seen.field("content-type").unwrap(), "application/json");
    assert_eq!(seen.field("authorization").unwrap(), format!("Bearer {CANARY}"));
    let agent = seen.field("user-agent").unwrap();
    let expected = format!("tidegate/{} {} (+https://ops.example)", env!("CARGO_PKG_VERSION"), intent_mark(intent()));
    assert_eq!(agent, expected);
}

#[tokio::test]
async fn odd_orders() {
    let server = saying(vec![started]).await;
    let client = client(&server);
    let free = Order { memory_mb: None, build: "a&b=c".to_owned(), ..order() };
    client.start(&free).await.unwrap();
    assert!(server.seen()[0].path.ends_with("?timeout=300&build=a%26b%3Dc&maxTotalChargeUsd=0.0550"));
    let nothing = Order { charge_cap: MicroUsd::new(99), ..order() };
    let unknown = Order { credential: "other".parse().unwrap(), ..order() };
    for (order, class, words) in
        [(nothing, Class::Config, "$0.0001"), (unknown, Class::Credential, "[credentials.other]")]
    {
        let Err(NotStarted::Refused(failure)) = client.start(&order).await else { panic!("{words}") };
        assert_eq!(failure.class, class);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    assert_eq!(server.seen().len(), 1, "nothing was sent for those");
}

/// Scenarios 2, 3, 6, 8 and 33: the request has left and the answer does not say. One request, whatever comes.
#[tokio::test]
async fn where_there_may_be_a_run_nothing_is_repeated() {
    type Case = (&'static str, fn() -> Reply);
    let lost: Vec<Case> = vec![
        ("no answer", || raw("", Then::Close)),
        ("half a header", || raw("HTTP/1.1 201 x\r\nx:", Then::Close)),
        ("no body", || raw("HTTP/1.1 201 x\r\ncontent-length: 100\r\n\r\n", Then::Close)),
        ("half a body", || raw("HTTP/1.1 201 x\r\ncontent-length: 100\r\n\r\n{\"data\"", Then::Close)),
        ("a cut chunk", || raw("HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"da", Then::Close)),
        ("an empty body", || answer(201, &[], "")),
        ("no JSON", || answer(200, &[], "<html>welcome</html>")),
        ("no id", || answer(201, &[], "{\"data\": {\"status\": \"READY\"}}")),
        ("no data", || answer(201, &[], "{}")),
        ("wrong gzip", || answer(201, &[("content-encoding", "gzip")], "\x1f\u{8b}nonsense")),
        ("an unknown coding", || answer(201, &[("content-encoding", "x-odd")], "?")),
        ("not HTTP", || raw("SMTP ready\r\n", Then::Close)),
        ("500", || refusal(500, "internal-server-error")),
        ("502", || answer(502, &[("content-type", "text/html")], "<html>Bad gateway</html>")),
        ("503", || answer(503, &[("retry-after", "1")], "")),
        ("504", || raw("HTTP/1.1 504 x\r\ncontent-length: 50\r\n\r\n<ht", Then::Close)),
        ("408", || refusal(408, "operation-timed-out")),
        ("silence", || raw("", Then::Hang)),
        ("a body that stops", || raw("HTTP/1.1 201 x\r\ncontent-length: 100\r\n\r\n{", Then::Hang)),
    ];
    for (what, reply) in lost {
        let server = saying(vec![reply, started]).await;
        let result = start(&server).await;
        assert!(matches!(result, Err(NotStarted::Unknown(_))), "{what}: {result:?}");
        assert_eq!(server.seen().len(), 1, "{what}");
    }
}

/// Scenario 4: delays grow, one run.
#[tokio::test]
async fn a_429_is_tried_again() {
    let slow: fn() -> Reply = || refusal(429, "rate-limit-exceeded");
    let server = saying(vec![slow, slow, slow, started]).await;
    let (run, took) = timed(client(&server).start(&order())).await;
    assert!(run.is_ok());
    assert_eq!(server.seen().len(), 4);
    // Half a second, one, two, at least.
    assert!(took >= Duration::from_millis(3_500), "{took:?}");
}

/// Scenario 4, beside questions that are answered: those end the slowing down of all, not the growth of its own waits.
#[tokio::test]
async fn the_waits_of_a_429_grow_though_others_are_answered() {
    let left = AtomicUsize::new(3);
    let server = Server::start(move |seen| {
        if seen.method == "GET" {
            return data(&run("run1", "RUNNING"));
        }
        let refuse = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if refuse { refusal(429, "rate-limit-exceeded") } else { started() }
    })
    .await;
    let client = client(&server);
    let (credential, run_id) = (name(), id("run1"));
    let others = async {
        loop {
            client.inspect(&credential, &run_id).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let order = order();
    let start = async {
        tokio::select! { run = client.start(&order) => run.is_ok(), () = others => false }
    };
    let (started, took) = timed(start).await;
    assert!(started && took >= Duration::from_millis(3_500), "{took:?}");
}

/// Scenario 5, for starts.
#[tokio::test]
async fn a_429_without_end_is_a_refusal() {
    for wait in ["", "3600", "-1", "Wed, 21 Oct 2099 07:28:00 GMT", "soon", "0"] {
        let server = Server::start(move |_| answer(429, &[("retry-after", wait)], "{}")).await;
        let result = start(&server).await;
        let Err(NotStarted::Refused(failure)) = &result else { panic!("{wait}: {result:?}") };
        assert_eq!(failure.class, Class::RateLimited);
        let told = failure.retry_after.unwrap();
        assert!(told <= limits::ACTOR_RETRY_AFTER_MOST, "{told:?}");
        assert!(server.seen().len() <= 8, "{wait}: {} requests", server.seen().len());
    }
}

/// A 429 that speaks of the account's room is no matter of pace.
#[tokio::test]
async fn a_busy_account_is_told_at_once() {
    let server = saying(vec![|| refusal(429, "concurrent-runs-limit-exceeded")]).await;
    let Err(NotStarted::Refused(failure)) = start(&server).await else { panic!() };
    assert_eq!(failure.class, Class::Capacity);
    assert_eq!(server.seen().len(), 1);
}

/// Scenario 34: nothing has left, so it may be tried again, and in the end there is no run for certain.
#[tokio::test]
async fn what_never_left_is_a_refusal() {
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let plain = saying(vec![started]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rude = listener.local_addr().unwrap();
    let _hangs_up = tokio::task::JoinSet::from_iter([async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4_096]).await.ok();
        }
    }]);
    for (origin, words) in [
        (format!("http://{nobody}"), "connecting failed"),
        ("https://api.apify.example".to_owned(), "no such name"),
        // It never says a word of TLS.
        (format!("https://{}", plain.address), "for the connection"),
        (format!("https://{rude}"), "TLS failed"),
    ] {
        let result = fast(client_at(&origin).start(&order())).await;
        let Err(NotStarted::Refused(failure)) = &result else { panic!("{origin}: {result:?}") };
        assert_eq!(failure.class, Class::Transient, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_silent(&format!("{failure:?}"));
    }
    assert_eq!(plain.seen().len(), 0);
}

/// It listens only after a while.
#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let client = client_at(&format!("http://{address}"));
    let order = order();
    let late = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 8_192]).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &started().bytes).await.unwrap();
        stream
    };
    let (result, _stream) = Box::pin(fast(async { tokio::join!(client.start(&order), late) })).await;
    assert_eq!(result.unwrap().id, id("run1"));
}

/// Scenario 7.
#[tokio::test]
async fn redirects_of_a_post() {
    for status in [301, 302, 303] {
        let server = Server::start(move |_| answer(status, &[("location", "/elsewhere")], "")).await;
        let Err(NotStarted::Refused(failure)) = start(&server).await else { panic!("{status}") };
        assert_eq!(failure.class, Class::BadAnswer);
        assert!(failure.message.contains(&status.to_string()), "{}", failure.message);
        assert_eq!(server.seen().len(), 1, "a POST does not become a GET");
    }
    for status in [307, 308] {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/there" => started(),
            _ => answer(status, &[("location", "/there")], ""),
        })
        .await;
        assert!(start(&server).await.is_ok(), "{status}");
        let seen = server.seen();
        assert_eq!((seen[1].method.as_str(), &seen[1].body[..]), ("POST", order().input.as_bytes()));
        assert!(seen[1].field("user-agent").unwrap().contains(&intent_mark(intent())));
    }
    let server = saying(vec![|| answer(307, &[("location", "/again")], "")]).await;
    assert!(matches!(start(&server).await, Err(NotStarted::Refused(_))));
    assert_eq!(server.seen().len(), 6);
}
