//! Webhooks: one request, no redirects, and an address that nobody is told.

use crate::ports::{NotPosted, Webhook as _};
use crate::secret::Secret;

use super::*;

const PATH: &str = "/services/T0CANARY/B0CANARY/canary-7f3a9c";

fn webhook(url: &str, rules: &[&str]) -> SecretWebhook {
    egress().webhook(Secret::new(url), grant(rules), Some("ops@example.org".to_owned()))
}

async fn post(server: &Server) -> Result<u16, NotPosted> {
    webhook(&server.url(PATH), &["127.0.0.0/8"]).post("{\"text\":\"hello\"}".to_owned()).await
}

#[tokio::test]
async fn it_is_sent_as_json_once() {
    let server = Server::start(|_| answer(204, &[], "")).await;
    assert_eq!(post(&server).await, Ok(204));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", PATH));
    assert_eq!(seen[0].body, b"{\"text\":\"hello\"}");
    assert_eq!(seen[0].field("content-type").as_deref(), Some("application/json"));
    assert!(seen[0].field("user-agent").unwrap().contains("ops@example.org"));
}

/// Status, header and body of an answer, what is told of it, and whether another attempt may do better.
type Case<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, &'a str, bool);

#[tokio::test]
async fn what_comes_instead_is_told_without_the_address() {
    let quoting = format!("no such hook: {PATH}");
    let cases: [Case<'_>; 7] = [
        (404, &[], "no_service", "status 404: no_service", false),
        (404, &[], &quoting, "status 404", false),
        (400, &[], "canary", "status 400", false),
        (500, &[], "<html>", "status 500", true),
        (429, &[("retry-after", "7")], "", "status 429", true),
        (302, &[("location", "https://elsewhere.example/canary-7f3a9c")], "", "redirects are not followed", false),
        (307, &[("location", "/canary-7f3a9c")], "", "redirects are not followed", false),
    ];
    for (status, fields, body, why, passing) in cases {
        let fields: Vec<(String, String)> = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let body = body.to_owned();
        let server = Server::start(move |_| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            answer(status, &fields, body.clone())
        })
        .await;
        let error = post(&server).await.unwrap_err();
        assert!(error.why.contains(why) && !error.why.to_lowercase().contains("canary"), "{status}: {}", error.why);
        assert_eq!(error.passing, passing, "{status}");
        assert_eq!(error.retry_after, (status == 429).then(|| Duration::from_secs(7)));
        assert_eq!(server.seen().len(), 1, "{status}: asked once");
    }
}

#[tokio::test]
async fn private_places_are_for_those_who_are_allowed() {
    let server = Server::start(|_| answer(200, &[], "")).await;
    for rules in [&[][..], &["10.0.0.0/8"], &["127.0.0.1:1"]] {
        let error = webhook(&server.url(PATH), rules).post("{}".to_owned()).await.unwrap_err();
        assert!(error.why.contains("allow_private") && !error.why.contains("CANARY"), "{}", error.why);
        assert!(!error.passing);
    }
    assert!(server.seen().is_empty(), "nobody was dialled");
}

#[tokio::test]
async fn a_place_where_nobody_is_may_be_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}/services/canary-7f3a9c");
    for (url, rules) in [(nobody.as_str(), &["127.0.0.1"][..]), ("https://nowhere.example/services/canary-7f3a9c", &[])]
    {
        let error = webhook(url, rules).post("{}".to_owned()).await.unwrap_err();
        assert!(error.passing && !error.why.contains("canary"), "{}", error.why);
    }
    let server = Server::start(|_| raw(*b"SSH-2.0-canary\r\n", Then::Close)).await;
    let error = post(&server).await.unwrap_err();
    assert!(!error.why.to_lowercase().contains("canary-7f3a9c"), "{}", error.why);
}
