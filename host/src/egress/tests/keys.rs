//! Credentials as parameters of the query: where they go, and what comes back of them.

use super::*;

const KEY: &str = "canary+key/7f3a9c=";
const SENT: &str = "api_key=canary%2Bkey%2F7f3a9c%3D";

fn keyed(url: &str, of: &str) -> Outbound {
    let origin = tidegate_core::fetch::Target::parse(of).unwrap().origin();
    let carrier = Carrier::Query("api_key".to_owned());
    Outbound { credentials: vec![Credential { origin, carrier, value: Secret::new(KEY) }], ..get(url) }
}

fn said(response: &HttpResponse) -> String {
    format!(
        "{} {:?} {:?} {}",
        response.final_url,
        response.redirects,
        response.headers,
        String::from_utf8_lossy(bytes(response))
    )
}

#[tokio::test]
async fn a_parameter_goes_to_its_origin_alone() {
    let end = Server::start(|seen| answer(200, &[], seen.path.clone())).await;
    let away = end.url("/there?api_key=mine&x=1");
    let start = Server::start(move |seen| match seen.path.split('?').next() {
        Some("/again") => answer(302, &[("location", &format!("/items?{}", seen.path.split('?').nth(1).unwrap()))], ""),
        Some("/away") => answer(302, &[("location", &away)], ""),
        _ => answer(200, &[], seen.path.clone()),
    })
    .await;
    for (path, sent) in [
        ("/items", vec![format!("/items?{SENT}")]),
        ("/items?a=b%20c&a=", vec![format!("/items?a=b%20c&a=&{SENT}")]),
        ("/items?api_key=(hidden)&p=2", vec![format!("/items?p=2&{SENT}")]),
        ("/items?p=2&api_key=%28hidden%29", vec![format!("/items?p=2&{SENT}")]),
        ("/again?p=1", vec![format!("/again?p=1&{SENT}"), format!("/items?p=1&{SENT}")]),
    ] {
        let before = start.seen().len();
        let response = egress().fetch(keyed(&start.url(path), &start.url("/"))).await.unwrap();
        let asked: Vec<String> = start.seen()[before..].iter().map(|seen| seen.path.clone()).collect();
        assert_eq!(asked, sent, "{path}");
        assert!(!said(&response).contains("canary"), "{}", said(&response));
    }
    egress().fetch(keyed(&start.url("/away"), &start.url("/"))).await.unwrap();
    egress().fetch(keyed(&end.url("/own"), &start.url("/"))).await.unwrap();
    let elsewhere: Vec<String> = end.seen().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(elsewhere, ["/there?x=1", "/own"]);
}

#[tokio::test]
async fn a_plugin_does_not_name_it() {
    let server = saying(|| answer(200, &[], "")).await;
    for path in ["/?api_key=mine", "/?a=1&api%5Fkey=mine", "/?api_key", "/?api_key=%28hidden"] {
        let error = egress().fetch(keyed(&server.url(path), &server.url("/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Request { .. }) && !error.to_string().contains("mine"), "{path}: {error}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn what_a_server_says_back_is_hidden() {
    let server = Server::start(|seen| {
        let link = format!("<http://a.example{}&page=2>; rel=\"next\"", seen.path);
        let body =
            format!("{{\"asked\":\"{}\",\"key\":\"{KEY}\",\"escaped\":\"{}\"}}", seen.path, KEY.replace('/', "\\/"));
        if seen.path.starts_with("/refused") {
            return answer(401, &[], body);
        }
        answer(200, &[("link", &link)], body)
    })
    .await;
    let response = egress().fetch(keyed(&server.url("/items?p=1"), &server.url("/"))).await.unwrap();
    assert!(!said(&response).contains("canary"), "{}", said(&response));
    assert_eq!(
        response.headers.iter().find(|field| field.name == "link").unwrap().value,
        "<http://a.example/items?p=1&api_key=(hidden)&page=2>; rel=\"next\""
    );
    let error = egress().fetch(keyed(&server.url("/refused"), &server.url("/"))).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Status { status: 401, .. }) && !error.to_string().contains("canary"),
        "{error}"
    );
}

#[tokio::test]
async fn a_429_that_a_plugin_wants_to_see_closes_the_gate_all_the_same() {
    let server = saying(|| answer(429, &[("retry-after", "30")], "slow")).await;
    let egress = egress();
    let mut outbound = get(&server.url("/"));
    outbound.request.pass_statuses = vec![429];
    assert_eq!(egress.fetch(outbound.clone()).await.unwrap().status, 429);
    let error = egress.fetch(outbound).await.unwrap_err();
    assert!(matches!(error, FetchError::GateClosed { .. }), "{error}");
}
