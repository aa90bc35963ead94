//! A server that says a credential back: in spellings of its own, on the way to somebody else, in what becomes an error.

use tidegate_core::failure::Failure;
use tidegate_core::profile::{Carried, Net, NetCredential};

use super::super::Key;
use super::*;
use crate::ports::Egress as _;

const KEY: &str = "canary+key/7f3a9c==";
/// `tidegate:canary+password/7f3a9c`.
const LOGIN: &str = "dGlkZWdhdGU6Y2FuYXJ5K3Bhc3N3b3JkLzdmM2E5Yw==";

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn escaped(text: &str) -> String {
    text.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect()
}

fn keyed(url: &str, carrier: Carrier) -> Outbound {
    let origin = tidegate_core::fetch::Target::parse(url).unwrap().origin();
    Outbound { credentials: vec![Credential { origin, carrier, value: Secret::new(KEY) }], ..get(url) }
}

fn field() -> Carrier {
    Carrier::Header(header::AUTHORIZATION)
}

/// The same through the engine's port, with what a profile would say.
async fn through_the_port(url: &str, carried: Carried, value: &str) -> Result<HttpResponse, Failure> {
    let origin = tidegate_core::fetch::Target::parse(url).unwrap().origin();
    let name: tidegate_core::id::CredentialName = "vault".parse().unwrap();
    let keys = Keys::new(vec![Key { name: name.clone(), value: Secret::new(value), origin }]);
    let credential = Some(NetCredential { name, carried });
    let net = Net { allow_private: vec!["127.0.0.0/8".into()], credential, ..Net::default() };
    let now = UtcMillis::parse("2026-11-21T08:45:00Z").unwrap();
    egress().for_engine(None, keys).fetch(&get(url).request, &net, now).await
}

fn authorization(prefix: &str) -> Carried {
    Carried::Header { header: "authorization".into(), prefix: prefix.into() }
}

#[tokio::test]
async fn a_redirect_does_not_carry_it_elsewhere() {
    let end = Server::start(|_| answer(200, &[], "thanks")).await;
    let once = percent(KEY);
    let base64 = "Y2FuYXJ5K2tleS83ZjNhOWM9PQ";
    let places = [
        format!("/login?return_to={}", percent(&format!("http://a.example/items?api_key={once}"))),
        format!("/login?token={once}"),
        format!("/collect/{KEY}"),
        format!("/collect/{once}/x"),
        format!("/?state={}", percent(&percent(&once))),
        format!("/?state={base64}"),
        format!("/?api_key=mine&key={once}"),
    ];
    for place in places {
        let there = end.url(&place);
        let start = saying(move || answer(302, &[("location", &there)], "")).await;
        for carrier in [field(), Carrier::Query("api_key".to_owned())] {
            let error = egress().fetch(keyed(&start.url("/items"), carrier)).await.unwrap_err();
            assert!(error.to_string().contains("carries the credential"), "{place}: {error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{place}: {error:?}");
        }
    }
    assert_eq!(end.seen().len(), 0, "{:?}", end.seen()[0].path);
}

/// A fragment is nobody's to see but ours, and is not kept.
#[tokio::test]
async fn what_stands_behind_the_hash_stays_here() {
    let end = Server::start(|_| answer(200, &[], "thanks")).await;
    let there = end.url(&format!("/#access_token={}", percent(KEY)));
    let start = saying(move || answer(302, &[("location", &there)], "")).await;
    let response = egress().fetch(keyed(&start.url("/items"), field())).await.unwrap();
    assert_eq!((response.final_url, end.seen()[0].path.as_str()), (end.url("/"), "/"));
}

/// It is at home there; what is kept of the address does not show it.
#[tokio::test]
async fn a_redirect_at_home_is_followed_and_hides_it() {
    let server = Server::start(|seen| {
        if seen.path == "/start" {
            return answer(302, &[("location", &format!("/of/{}?x={}", percent(KEY), percent(&percent(KEY))))], "");
        }
        answer(200, &[], "")
    })
    .await;
    let response = egress().fetch(keyed(&server.url("/start"), field())).await.unwrap();
    let hidden = server.url("/of/(hidden)?x=(hidden)");
    assert_eq!((response.final_url.as_str(), response.redirects[0].url.as_str()), (&*hidden, &*hidden));
    assert!(server.seen()[1].path.contains("canary"));
}

#[tokio::test]
async fn every_spelling_is_hidden_in_what_is_handed_over() {
    let entities: String = KEY.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let said: Vec<(&str, Vec<u8>)> = vec![
        ("application/json", format!("{{\"t\":\"<{}>\"}}", KEY.replace('+', "\\u002B").replace('=', "\\u003d")).into()),
        ("application/json", format!("{{\"t\":\"<{}>\"}}", escaped(KEY)).into()),
        (
            "application/json",
            format!("{{\"t\":\"{{\\\"u\\\":\\\"<{}>\\\"}}\"}}", escaped(KEY).replace('\\', "\\\\")).into(),
        ),
        (
            "text/html",
            format!("<p><{}>", KEY.replace('+', "&#43;").replace('/', "&#x2F;").replace('=', "&equals;")).into(),
        ),
        ("text/html", format!("<p><{entities}>").into()),
        ("text/plain", format!("<{}>", percent(&percent(&percent(KEY)))).into()),
        ("text/plain", b"<Y2FuYXJ5K2tleS83ZjNhOWM9PQ>".to_vec()),
        ("text/plain; charset=utf-16le", utf16(&format!("<{KEY}>"))),
        ("text/plain; charset=utf-16", [&b"\xFF\xFE"[..], &utf16(&format!("<{}>", escaped(KEY)))].concat()),
    ];
    for (content_type, body) in said {
        let sent = body.clone();
        let server = saying(move || answer(200, &[("content-type", content_type)], sent.clone())).await;
        for want in [BodyForm::Text, BodyForm::Bytes] {
            let mut outbound = keyed(&server.url("/"), field());
            outbound.request.want = want;
            let response = egress().fetch(outbound).await.unwrap();
            let left = String::from_utf8_lossy(bytes(&response)).replace('\0', "");
            assert!(left.contains("<(hidden)") && left.len() < body.len(), "{content_type} {want:?}: {left}");
            assert!(!left.contains("canary") && !left.contains("Y2Fu"), "{content_type} {want:?}: {left}");
        }
    }
}

#[tokio::test]
async fn what_a_basic_credential_says_is_hidden_too() {
    for said in ["tidegate:canary+password/7f3a9c", "canary\\u002bpassword\\/7f3a9c", &format!("Basic {LOGIN}")] {
        let body = said.to_owned();
        let server = saying(move || answer(200, &[], format!("you are <{body}>"))).await;
        let response = through_the_port(&server.url("/"), authorization("Basic "), LOGIN).await.unwrap();
        let left = String::from_utf8_lossy(bytes(&response)).into_owned();
        assert!(!left.contains("canary") && !left.contains("dGlk") && left.contains("(hidden)>"), "{said}: {left}");
    }
}

/// The words before a value are in the documentation of whoever gave it.
#[tokio::test]
async fn the_words_of_a_prefix_are_public() {
    let server = saying(|| answer(200, &[], format!("how to use Klaviyo-API-Key: {KEY}"))).await;
    let response = through_the_port(&server.url("/"), authorization("Klaviyo-API-Key "), KEY).await.unwrap();
    assert_eq!(bytes(&response), b"how to use Klaviyo-API-Key: (hidden)");
    assert_eq!(server.seen()[0].field("authorization").unwrap(), format!("Klaviyo-API-Key {KEY}"));
}

#[tokio::test]
async fn no_error_says_it() {
    let long = format!("/{}{KEY}", "x".repeat(185));
    for (status, fields, body) in [
        (302, vec![("location", format!("http://10.0.0.1/{KEY}"))], Vec::new()),
        (302, vec![("location", format!("ftp://a.example/{KEY}"))], Vec::new()),
        (302, vec![("location", format!("http://127.0.0.1:22/{}", percent(KEY)))], Vec::new()),
        (302, vec![("location", long)], Vec::new()),
        (200, vec![("content-encoding", KEY.to_owned())], b"x".to_vec()),
        (200, vec![("content-encoding", format!("{}{KEY}", "x".repeat(50)))], b"x".to_vec()),
        (500, Vec::new(), escaped(KEY).into_bytes()),
        (401, Vec::new(), format!("no {}", KEY.replace('+', "\\u002B")).into_bytes()),
        (500, Vec::new(), KEY.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ] {
        let told = format!("{status} {fields:?}");
        let server = Server::start(move |seen| {
            if seen.path.len() > 180 {
                return answer(500, &[], "");
            }
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            answer(status, &fields, body.clone())
        })
        .await;
        let failure = through_the_port(&server.url("/"), authorization("Bearer "), KEY).await.unwrap_err();
        let message = failure.message.replace([' ', '\0'], "");
        assert!(!message.contains("cana") && !message.contains("key/7f"), "{told}: {}", failure.message);
    }
}

/// In halves it is not found.
#[tokio::test]
async fn nothing_is_asked_for_in_pieces_with_it() {
    let server = saying(|| answer(206, &[], "half")).await;
    for name in ["range", "If-Range"] {
        let mut outbound = keyed(&server.url("/"), field());
        outbound.request.headers = vec![Header { name: name.into(), value: "bytes=0-9".into() }];
        let error = egress().fetch(outbound).await.unwrap_err();
        assert!(matches!(error, FetchError::BadHeader { .. }), "{name}: {error}");
        egress().fetch(with_fields(&server.url("/"), &[(name, "bytes=0-9")])).await.unwrap();
    }
    assert_eq!(server.seen().len(), 2);
}
