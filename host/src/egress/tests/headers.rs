//! What is sent and what is handed over, field by field.

use super::*;

fn many(count: usize) -> Vec<u8> {
    let fields: String = (0..count).map(|n| format!("x-{n}: 1\r\n")).collect();
    format!("HTTP/1.1 200 x\r\ncontent-length: 0\r\n{fields}\r\n").into_bytes()
}

#[tokio::test]
async fn as_many_fields_as_the_limit_and_not_one_more() {
    for (fields, fits) in [(127, true), (128, false), (5_000, false)] {
        let server = saying(move || raw(many(fields), Then::Keep)).await;
        let got = egress().fetch(get(&server.url("/"))).await;
        assert_eq!(got.is_ok(), fits, "{fields}");
        assert!(fits || matches!(got, Err(FetchError::TooLarge { .. })), "{got:?}");
    }
}

#[tokio::test]
async fn giant_and_endless_headers() {
    for (length, fits) in [(60_000, true), (65_600, false), (10_000_000, false)] {
        let server = saying(move || answer(200, &[("x", &"a".repeat(length))], "")).await;
        let got = egress().fetch(get(&server.url("/"))).await;
        assert_eq!(got.is_ok(), fits, "{length}");
        assert!(fits || matches!(got, Err(FetchError::TooLarge { what: Measure::HeaderBytes, .. })), "{got:?}");
    }
    let server = saying(|| raw("HTTP/1.1 200 x\r\n", Then::Repeat(b"x: y\r\n".repeat(10)))).await;
    let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_not_http() {
    for reply in ["<rss/>\r\n\r\n", "HTTP/9.9 200 x\r\n\r\n", "HTTP/1.1 abc x\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let server = saying(move || raw(reply, Then::Close)).await;
        let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Malformed { .. }), "{reply:?}: {error:?}");
    }
    let server = saying(|| raw("", Then::Close)).await;
    let error = egress().fetch(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::Reset { .. }), "{error:?}");
}

#[tokio::test]
async fn what_old_servers_send() {
    let head = "HTTP/1.0 200\r\nETag : \"a\"\r\nno field at all\r\nX-Folded: a\r\n b\r\n\r\nbody";
    let server = saying(move || raw(head, Then::Close)).await;
    let response = egress().fetch(get(&server.url("/"))).await.unwrap();
    assert_eq!(bytes(&response), b"body");
    assert!(response.headers.iter().any(|h| h.name == "etag" && h.value == "\"a\""), "{:?}", response.headers);
}

#[tokio::test]
async fn a_validator_is_given_back_as_it_came() {
    for etag in [&b"\"\xE9\xFC\""[..], "\"éü\"".as_bytes(), b"W/\"x\""] {
        let reply = [b"HTTP/1.1 200 x\r\ncontent-length: 0\r\netag: ", etag, b"\r\n\r\n"].concat();
        let server = saying(move || raw(reply.clone(), Then::Keep)).await;
        let egress = egress();
        let first = egress.fetch(get(&server.url("/"))).await.unwrap();
        let text = &first.headers.iter().find(|h| h.name == "etag").unwrap().value;
        egress.fetch(with_fields(&server.url("/"), &[("if-none-match", text)])).await.unwrap();
        let sent = server.seen()[1].head.clone();
        assert!(sent.windows(etag.len()).any(|w| w == etag), "{:?}", String::from_utf8_lossy(&sent));
    }
}
