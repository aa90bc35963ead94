//! Pages of datasets: split while they arrive, bounded, whatever stands in them.

use super::super::super::testserver::{brotli, gzip};
use super::*;
use tidegate_core::actor::Element;

async fn read(server: &Server) -> Result<Slice, Failure> {
    fast(client(server).read(&name(), &id("dataset1"), 40)).await
}

fn items(body: impl AsRef<[u8]>) -> Reply {
    answer(200, &[("content-type", "application/json; charset=utf-8")], body)
}

fn texts(slice: &Slice) -> Vec<String> {
    let text = |element: &Element| match element {
        Element::Text(text) => text.clone(),
        Element::TooLarge { bytes } => format!("<{bytes}>"),
    };
    slice.elements.iter().map(text).collect()
}

/// Scenarios 8, 11, 12 and 24.
#[tokio::test]
async fn a_page() {
    let body = "[{\"id\":1},\n null, \"\\ud800\", 9007199254740993]".as_bytes();
    let with_bom = [b"\xEF\xBB\xBF", body].concat();
    let table: Vec<(&str, &str, Vec<u8>)> = vec![
        ("", "application/json; charset=utf-8", body.to_vec()),
        ("", "application/json", with_bom),
        ("", "", body.to_vec()),
        ("gzip", "application/json", gzip(body)),
        ("br", "application/json", brotli(body)),
        ("", "application/x-ndjson", b"{\"id\":1}\nnull\n\"\\ud800\"\n9007199254740993\n".to_vec()),
    ];
    for (coding, content_type, bytes) in table {
        let length = bytes.len() as u64;
        let server = Server::start(move |_| {
            // A total of 0 with elements in the body is a lie that was seen.
            let fields =
                [("content-encoding", coding), ("content-type", content_type), ("x-apify-pagination-total", "0")];
            answer(200, &fields, &bytes)
        })
        .await;
        let slice = read(&server).await.unwrap();
        assert_eq!(texts(&slice), ["{\"id\":1}", "null", "\"\\ud800\"", "9007199254740993"], "{coding} {content_type}");
        assert_eq!(slice.bytes, length);
        let path = &server.seen()[0].path;
        assert_eq!(path, "/v2/datasets/dataset1/items?offset=40&limit=500&format=json");
    }
    let server = saying(vec![|| items("[]")]).await;
    assert_eq!(read(&server).await, Ok(Slice { elements: Vec::new(), bytes: 2 }));
}

/// Scenarios 6 and 24: a body cut in the middle is asked for again, not taken for the end.
#[tokio::test]
async fn a_body_that_is_cut() {
    let cut: Vec<fn() -> Reply> = vec![
        || items("[{\"id\":1},{\"id\":"),
        || items("[{\"id\":1}"),
        || items(""),
        || raw("HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\n[{\"id\":1}", Then::Close),
        || raw("HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1,2,\r\n", Then::Close),
        || raw("HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\n[{\"id\":1}", Then::Hang),
        || answer(200, &[("content-encoding", "gzip")], &gzip(&[b' '; 5_000])[..20]),
    ];
    for (number, first) in cut.into_iter().enumerate() {
        let server = saying(vec![first, || items("[7]")]).await;
        assert_eq!(texts(&read(&server).await.unwrap()), ["7"], "{number}");
        assert_eq!(server.seen().len(), 2, "{number}");
        let server = saying(vec![first]).await;
        let failure = read(&server).await.unwrap_err();
        assert_eq!(failure.class, Class::Transient, "{}", failure.message);
    }
}

#[tokio::test]
async fn what_is_no_dataset() {
    for body in ["{\"canary7f3a9c\": 1}", "<html>canary7f3a9c", "null", "[1 \"canary7f3a9c\"]", "[1,]"] {
        let server = Server::start(move |_| items(body)).await;
        let failure = read(&server).await.unwrap_err();
        assert_eq!(failure.class, Class::BadAnswer, "{body}");
        assert!(failure.message.starts_with("reading dataset dataset1 from element 40:"), "{}", failure.message);
        // Elements stand in no message.
        assert_silent(&failure.message);
        assert_eq!(server.seen().len(), 1);
    }
    let server = saying(vec![|| refusal(404, "record-not-found")]).await;
    assert_eq!(read(&server).await.unwrap_err().class, Class::Transient, "it says nothing of the source");
    let server = saying(vec![|| refusal(401, "invalid-token")]).await;
    assert_eq!(read(&server).await.unwrap_err().class, Class::Credential);
}

/// Scenario 23: a thousand elements, one of 9 MB and one beyond, nested deep and odd; every one once, in order.
#[tokio::test]
async fn a_dataset_of_large_and_odd_elements_is_read_page_by_page() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    let mut elements: Vec<String> = (0..1_000).map(|n| format!("{{\"id\":{n}}}")).collect();
    elements[3] = text(limits::ELEMENT_BYTES - 2);
    elements[4] = text(limits::ELEMENT_BYTES - 1);
    elements[5] = format!("{}{}", "[".repeat(200), "]".repeat(200));
    elements[6] = "null".to_owned();
    elements[700] = text(3 << 20);
    elements[701] = text(3 << 20);
    let stored = elements.clone();
    let server = Server::start(move |seen| {
        let of = |name: &str| seen.path.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.parse().ok());
        let (offset, limit): (usize, usize) = (of("offset=").unwrap(), of("limit=").unwrap());
        let page = &stored[offset.min(stored.len())..(offset + limit).min(stored.len())];
        items(format!("[{}]", page.join(",")))
    })
    .await;
    let client = client(&server);
    let mut found: Vec<String> = Vec::new();
    loop {
        let slice = client.read(&name(), &id("dataset1"), u32::try_from(found.len()).unwrap()).await.unwrap();
        let bytes: usize = texts(&slice).iter().map(String::len).sum();
        assert!(bytes <= limits::PAGE_ELEMENT_BYTES || slice.elements.len() == 1, "{bytes}");
        if slice.elements.is_empty() {
            break;
        }
        found.extend(texts(&slice));
    }
    elements[4] = format!("<{}>", limits::ELEMENT_BYTES + 1);
    assert!(found == elements, "{} of {} elements", found.len(), elements.len());
}

/// A platform that heeds no limit: what does not fit is left on the way.
#[tokio::test]
async fn a_body_without_end() {
    let begin = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n[1";
    let endless: Vec<(fn() -> Reply, usize)> = vec![
        (|| raw("HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n[1", Then::Repeat(b",22".repeat(9_999))), 500),
        (|| raw("HTTP/1.1 200 x\r\n\r\n[1,\"", Then::Repeat(vec![b'x'; 65_536])), 1),
    ];
    assert!(begin.ends_with("[1"));
    for (reply, count) in endless {
        let server = saying(vec![reply]).await;
        assert_eq!(client(&server).read(&name(), &id("dataset1"), 0).await.unwrap().elements.len(), count);
    }
    // One element without end: too large, and the next page begins behind it.
    let server = saying(vec![|| raw("HTTP/1.1 200 x\r\n\r\n[\"", Then::Repeat(vec![b'x'; 65_536]))]).await;
    let slice = client(&server).read(&name(), &id("dataset1"), 0).await.unwrap();
    let [Element::TooLarge { bytes }] = slice.elements[..] else { panic!("{} elements", slice.elements.len()) };
    assert!(bytes > limits::ELEMENT_BYTES as u64 && slice.bytes <= limits::ACTOR_PAGE_BYTES as u64 + 1_000_000);
    // White space without end, plain and as a bomb: no page, so no "that was all".
    let blank = saying(vec![|| raw("HTTP/1.1 200 x\r\n\r\n[", Then::Repeat(vec![b' '; 65_536]))]).await;
    let bomb = Server::start(|_| answer(200, &[("content-encoding", "br")], brotli(&vec![b' '; 64 << 20]))).await;
    for server in [blank, bomb] {
        let failure = client(&server).read(&name(), &id("dataset1"), 0).await.unwrap_err();
        assert_eq!(failure.class, Class::BadAnswer, "{}", failure.message);
    }
}

/// Scenario 30: elements that were added since the last page are found behind it.
#[tokio::test]
async fn a_dataset_that_grows() {
    let size = AtomicUsize::new(500);
    let server = Server::start(move |seen| {
        let of = |name: &str| seen.path.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.parse().ok());
        let (offset, limit): (usize, usize) = (of("offset=").unwrap(), of("limit=").unwrap());
        let there = size.fetch_add(7, Ordering::Relaxed).min(520);
        let page: Vec<String> = (offset..there.max(offset)).take(limit).map(|n| n.to_string()).collect();
        items(format!("[{}]", page.join(",")))
    })
    .await;
    let client = client(&server);
    let mut found = Vec::new();
    for _ in 0..6 {
        let offset = u32::try_from(found.len()).unwrap();
        found.extend(texts(&client.read(&name(), &id("dataset1"), offset).await.unwrap()));
    }
    assert_eq!(found, (0..520).map(|n| n.to_string()).collect::<Vec<_>>());
}
