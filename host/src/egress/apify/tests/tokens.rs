//! The token goes to its origin and is seen nowhere else.

use super::*;

/// Every question there is, one after the other; gives all that a person could come to see.
async fn ask_everything(client: &ApifyClient) -> String {
    let many: Vec<RemoteId> = (0..40).map(|n| id(&format!("run{n}"))).collect();
    let mut shown = format!("{client:?}");
    shown += &format!("{:?}", fast(client.start(&order())).await);
    shown += &format!("{:?}", fast(client.find(&order(), now(), &[])).await);
    shown += &format!("{:?}", fast(client.inspect(&name(), &many[0])).await);
    shown += &format!("{:?}", fast(client.statuses(&name(), &many[..2], now())).await);
    shown += &format!("{:?}", fast(client.statuses(&name(), &many, now())).await);
    shown += &format!("{:?}", fast(client.abort(&name(), &many[0])).await);
    shown += &format!("{:?}", fast(client.account(&name())).await);
    shown
}

/// Scenario 7: whatever the platform says, nobody else is asked.
#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let elsewhere = Server::start(|_| data(&run("run1", "READY"))).await;
    for status in [301, 302, 303, 307, 308] {
        let there = elsewhere.url("/v2/actor-runs/run1");
        let server = Server::start(move |_| answer(status, &[("location", &there)], "")).await;
        let shown = ask_everything(&client(&server)).await;
        assert_silent(&shown);
        let failure = client(&server).inspect(&name(), &id("run1")).await.unwrap_err();
        assert_eq!(failure.class, Class::BadAnswer, "{}", failure.message);
        assert!(matches!(client(&server).start(&order()).await, Err(NotStarted::Refused(_))), "{status}");
    }
    // The same name at another port is another origin, and so is the same server by another name.
    let server = Server::start(|seen| {
        let port = seen.field("host").unwrap().split(':').next_back().unwrap().to_owned();
        answer(302, &[("location", &format!("http://localhost:{port}/v2/users/me/limits"))], "")
    })
    .await;
    assert!(client(&server).account(&name()).await.is_err());
    assert_eq!(server.seen().len(), 1);
    assert_eq!(elsewhere.seen().len(), 0, "nobody was asked there, with or without the token");
}

#[tokio::test]
async fn a_get_follows_five_redirects_of_its_origin() {
    for (last, found) in [(5, true), (6, false)] {
        let server = Server::start(move |seen| {
            let n: usize = seen.path.trim_start_matches("/step").parse().unwrap_or(0);
            if n < last {
                answer(302, &[("location", &format!("/step{}", n + 1))], "")
            } else {
                data(&run("run1", "READY"))
            }
        })
        .await;
        assert_eq!(client(&server).inspect(&name(), &id("run1")).await.is_ok(), found);
        for seen in server.seen() {
            assert_eq!(seen.field("authorization").unwrap(), format!("Bearer {CANARY}"));
            assert_silent(&seen.path);
        }
        assert_eq!(server.seen().len(), 6);
    }
}

/// A platform that quotes what it was sent in every place it can.
#[tokio::test]
async fn a_token_that_is_quoted_is_hidden() {
    fn quotes(seen: &Seen) -> (String, String) {
        (seen.field("authorization").unwrap(), String::from_utf8_lossy(&seen.head).into_owned())
    }
    type Quoting = fn(&Seen) -> Reply;
    let places: Vec<Quoting> = vec![
        |seen| answer(400, &[], json!({"error": {"type": quotes(seen).0, "message": quotes(seen).1}}).to_string()),
        |_| answer(401, &[], json!({"error": {"type": CANARY, "message": format!("bad {CANARY}!")}}).to_string()),
        |seen| answer(502, &[], format!("<html>{}", quotes(seen).1)),
        |seen| answer(500, &[], format!("{}{}", "x ".repeat(192), quotes(seen).0)),
        |seen| answer(302, &[("location", &format!("http://other.example/?{}", quotes(seen).0))], quotes(seen).1),
        |seen| answer(307, &[("location", &format!("/{CANARY}?{}", quotes(seen).0))], ""),
        |seen| answer(200, &[("content-encoding", &quotes(seen).0)], quotes(seen).1),
        |seen| answer(200, &[], quotes(seen).1),
        |seen| raw(quotes(seen).1, Then::Close),
        |seen| {
            let mut run = run("run1", "FAILED");
            run["statusMessage"] = json!(quotes(seen).1);
            run["buildNumber"] = json!(quotes(seen).0);
            data(&run)
        },
    ];
    for (number, place) in places.into_iter().enumerate() {
        let server = Server::start(place).await;
        let shown = ask_everything(&client(&server)).await;
        assert!(!shown.contains("canary7f3a9c"), "{number}: {shown}");
    }
}

/// The deny table holds for the platform as for any other host; an operator's own origin opens exactly itself.
#[tokio::test]
async fn a_private_origin_has_to_be_written_by_the_operator() {
    let server = Server::start(|_| data(&run("run1", "READY"))).await;
    let origin = server.url("").trim_end_matches('/').to_owned();
    let client = client_at(&origin);
    client.replace_tokens(vec![ActorCredential { grant: NetGrant::default(), ..credential(&origin) }]);
    let failure = client.inspect(&name(), &id("run1")).await.unwrap_err();
    assert_eq!(failure.class, Class::Credential);
    assert!(failure.message.contains("[credentials.apify]"), "{}", failure.message);
    let Err(NotStarted::Refused(_)) = client.start(&order()).await else { panic!() };
    assert_eq!(server.seen().len(), 0);
    client.replace_tokens(vec![credential(&origin)]);
    assert!(client.inspect(&name(), &id("run1")).await.is_ok());
}

/// Scenario 20: the next question goes with the new token.
#[tokio::test]
async fn a_new_token_is_used_at_once() {
    let server = Server::start(|seen| match seen.field("authorization").as_deref() {
        Some("Bearer fresh-token") => data(&run("run1", "READY")),
        _ => refusal(401, "user-or-token-not-found"),
    })
    .await;
    let client = client(&server);
    assert_eq!(client.inspect(&name(), &id("run1")).await.unwrap_err().class, Class::Credential);
    let fresh =
        ActorCredential { token: Secret::new("fresh-token"), ..credential(server.url("").trim_end_matches('/')) };
    client.replace_tokens(vec![fresh]);
    assert!(client.inspect(&name(), &id("run1")).await.unwrap().is_some());
    client.replace_tokens(Vec::new());
    assert_eq!(client.inspect(&name(), &id("run1")).await.unwrap_err().class, Class::Credential);
    assert_eq!(server.seen().len(), 2);
}

/// A token that cannot stand in a header is the operator's to mend, and is not shown.
#[tokio::test]
async fn a_token_with_a_line_break() {
    let server = Server::start(|_| data(&run("run1", "READY"))).await;
    let client = client(&server);
    let broken = ActorCredential {
        token: Secret::new("canary7f3a9c\nline"),
        ..credential(server.url("").trim_end_matches('/'))
    };
    assert_silent(&format!("{broken:?}"));
    client.replace_tokens(vec![broken]);
    let failure = client.inspect(&name(), &id("run1")).await.unwrap_err();
    assert_eq!(failure.class, Class::Credential);
    assert!(failure.message.contains("[credentials.apify]"), "{}", failure.message);
    assert_silent(&failure.message);
    assert_eq!(server.seen().len(), 0);
}
