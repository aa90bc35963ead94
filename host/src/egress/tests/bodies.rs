//! What becomes of a body: codings, bombs, cut ends, text.

use super::super::testserver::{brotli, deflate, gzip, zlib, zstd};
use super::*;

async fn fetched(
    egress: &Egress,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<HttpResponse, FetchError> {
    let server = saying(reply).await;
    egress.fetch(get(&server.url("/"))).await
}

/// RFC 1952 allows any number of members; each used to cost a call inside the one before it.
#[tokio::test]
async fn a_hundred_thousand_empty_gzip_members_are_an_empty_body() {
    let members = gzip(b"").repeat(100_000);
    let answered = fetched(&egress(), move || answer(200, &[("content-encoding", "gzip")], &members)).await.unwrap();
    assert!(bytes(&answered).is_empty());
}

#[tokio::test]
async fn every_coding() {
    let plain: Vec<u8> = (0..50_000_u32).flat_map(|n| (n / 7).to_string().into_bytes()).collect();
    let plain: &'static [u8] = plain.leak();
    for (coding, body) in [
        ("gzip", gzip(plain)),
        ("br", brotli(plain)),
        ("deflate", zlib(plain)),
        ("deflate", deflate(plain)),
        ("zstd", zstd(plain)),
        ("identity", plain.to_vec()),
        ("gzip, br", brotli(&gzip(plain))),
    ] {
        let response = fetched(&egress(), move || answer(200, &[("content-encoding", coding)], &body)).await.unwrap();
        assert!(bytes(&response) == plain, "{coding}");
    }
    let two_fields = brotli(&gzip(plain));
    let fields = [("content-encoding", "gzip"), ("content-encoding", "br")];
    let response = fetched(&egress(), move || answer(200, &fields, &two_fields)).await.unwrap();
    assert!(bytes(&response) == plain);
}

#[tokio::test]
async fn text_is_decoded_after_the_content_coding() {
    for (content_type, body, text) in [
        ("application/json", &b"\xC3\xA9"[..], "é"),
        ("text/plain; charset=ISO-8859-1", b"\xE9", "é"),
        ("text/plain; charset=iso-8859-1", b"\xEF\xBB\xBF\xC3\xA9", "é"),
        ("text/plain", b"\xFE\xFF\0a", "a"),
        ("text/plain; charset=nonsense", b"a\xE9", "a\u{FFFD}"),
        ("text/plain", b"", ""),
    ] {
        for coding in ["identity", "gzip"] {
            let sent = if coding == "gzip" { gzip(body) } else { body.to_vec() };
            let fields = [("content-type", content_type), ("content-encoding", coding)];
            let server = saying(move || answer(200, &fields, &sent)).await;
            let mut outbound = get(&server.url("/"));
            assert_eq!(egress().fetch(outbound.clone()).await.unwrap().body, Body::Bytes(body.to_vec()));
            outbound.request.want = BodyForm::Text;
            let response = egress().fetch(outbound).await.unwrap();
            assert_eq!(response.body, Body::Text(text.to_owned()), "{content_type} {coding}");
        }
    }
}

#[tokio::test]
async fn codings_that_are_not_undone() {
    for coding in ["compress", "gzip, gzip, gzip", "br"] {
        let error =
            fetched(&egress(), move || answer(200, &[("content-encoding", coding)], "\u{7f}plain")).await.unwrap_err();
        assert!(matches!(error, FetchError::BadEncoding { .. }), "{coding}: {error}");
    }
}

#[tokio::test]
async fn bombs_and_endless_bodies() {
    let bomb = gzip(&vec![0; 8 << 20]);
    let error = fetched(&egress(), move || answer(200, &[("content-encoding", "gzip")], &bomb)).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { what: Measure::Ratio, limit: 200, .. }), "{error}");

    let endless = || raw("HTTP/1.1 200 x\r\n\r\n", Then::Repeat(vec![b'x'; 64 << 10]));
    let error = fetched(&egress(), endless).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { what: Measure::Wire, .. }), "{error}");

    for (size, measure) in [(4_096, Measure::Wire), (1, Measure::Pieces)] {
        let chunks = format!("{size:x}\r\n{}\r\n", "x".repeat(size)).repeat(65_536 / size);
        let head = "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n";
        let error = fetched(&egress(), move || raw(head, Then::Repeat(chunks.clone().into_bytes()))).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { what, .. } if what == measure), "{error}");
    }

    let announced = || raw("HTTP/1.1 200 x\r\ncontent-length: 1000000000000\r\n\r\n", Then::Hang);
    let error = fetched(&egress(), announced).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { what: Measure::Wire, .. }), "before any byte of it: {error}");
}

#[tokio::test]
async fn the_profile_sets_the_limit() {
    let server = saying(|| answer(200, &[], [b'x'; 1_001])).await;
    for (limit, fits) in [(1_000, false), (1_001, true), (usize::MAX, true)] {
        let mut outbound = get(&server.url("/"));
        outbound.grant.body_bytes = limit;
        assert_eq!(egress().fetch(outbound).await.is_ok(), fits, "{limit}");
    }
}

#[tokio::test]
async fn bodies_that_end_too_early() {
    let whole = gzip(&[b'x'; 5_000]);
    let cut = [&b"HTTP/1.1 200 x\r\ncontent-encoding: gzip\r\n\r\n"[..], &whole[..whole.len() - 4]].concat();
    let cases: [(&str, Vec<u8>); 6] = [
        ("shorter than announced", b"HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\nabc".to_vec()),
        ("chunk cut", b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab".to_vec()),
        ("no last chunk", b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n".to_vec()),
        ("no chunk size", b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n".to_vec()),
        (
            "chunk size beyond u64",
            b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nab".to_vec(),
        ),
        ("gzip trailer cut", cut),
    ];
    for (what, reply) in cases {
        let error = fetched(&egress(), move || raw(reply.clone(), Then::Close)).await.unwrap_err();
        assert!(matches!(error, FetchError::Cut { .. }), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn lengths_that_contradict_each_other() {
    let error =
        fetched(&egress(), || raw("HTTP/1.1 200 x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", Then::Close))
            .await;
    assert!(matches!(error, Err(FetchError::Malformed { .. })), "{error:?}");
    // More than announced is the next answer's business, and nobody's here.
    let longer = fetched(&egress(), || raw("HTTP/1.1 200 x\r\ncontent-length: 3\r\n\r\nabcdef", Then::Close)).await;
    assert_eq!(bytes(&longer.unwrap()), b"abc");
}

#[tokio::test]
async fn answers_without_a_body() {
    for head in [
        "304 x\r\netag: \"a\"",
        "204 x",
        "200 x\r\ncontent-length: 0\r\ncontent-encoding: gzip",
        "304 x\r\ncontent-encoding: gzip\r\ncontent-length: 500",
    ] {
        let response = fetched(&egress(), move || raw(format!("HTTP/1.1 {head}\r\n\r\n"), Then::Keep)).await.unwrap();
        assert_eq!(bytes(&response), b"", "{head}");
    }
    let server = saying(|| raw("HTTP/1.1 200 x\r\ncontent-length: 99999999999\r\n\r\n", Then::Keep)).await;
    let mut outbound = get(&server.url("/"));
    outbound.request.method = "HEAD".into();
    assert_eq!(bytes(&egress().fetch(outbound).await.unwrap()), b"");
}
