//! Hostile and broken input through the whole plugin: no panic, bounded work, the same answer twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use proptest::prelude::*;
use tidegate_plugin_kit::{Batch, Failure, Header, HttpResponse, Job, Page, Plugin};
use tidegate_plugin_rss::{Rss, limits};

const RSS: &str = "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' \
    xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>T</title>\
    <link>https://e.example/</link><ttl>60</ttl><image><url>i.png</url></image><item><title>&lt;b&gt;one&lt;/b&gt;</title>\
    <guid isPermaLink='false'>1</guid><pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate><content:encoded><![CDATA[<p>x<br>]]>\
    </content:encoded><dc:creator>A (a@e.example)</dc:creator><enclosure url='a.mp3' type='audio/mpeg' length='5'/>\
    <media:group><media:content url='v.mp4'/></media:group><category>c</category></item></channel></rss>";
const ATOM: &str = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://e.example/x/'><title type='html'>T &amp;amp; U</title>\
    <link rel='next' href='?p=2'/><entry><id>urn:1</id><title>one</title><updated>2004-01-01T00:00:00Z</updated><link href='1'/>\
    <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>x</p></div></content><author><name>A</name></author>\
    <source><title>s</title></source></entry></feed>";
const JSON: &str = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"items\":[{\"id\":1,\"content_html\":\"<p>x\",\
    \"attachments\":[{\"url\":\"a.mp3\",\"size_in_bytes\":5}],\"date_published\":\"2004-01-01T00:00:00Z\"}]}";
const PAGE: &str = "<!doctype html><html><head><base href='/x/'><link rel='alternate' type='application/rss+xml' href='feed'></head></html>";

fn normalize(bytes: &[u8], content_type: &str) -> Result<Batch, Failure> {
    let mut response = HttpResponse::new(200, "https://e.example/feed", bytes);
    response.headers.push(Header { name: "content-type".into(), value: content_type.into() });
    Rss::normalize(&Job::new("feed", "https://e.example/feed"), &Page::http(None, response))
}

/// The limits of the contract that no host would cut.
fn is_within_limits(batch: &Batch) {
    assert!(batch.items.len() <= limits::ITEMS && batch.warnings.len() <= 16);
    assert!(batch.warnings.iter().all(|warning| warning.len() <= limits::MESSAGE_BYTES));
    for item in &batch.items {
        assert!(!item.external_id.is_empty() && item.external_id.len() <= limits::EXTERNAL_ID_BYTES);
        assert!(item.url.iter().chain(item.media.iter().map(|m| &m.url)).all(|url| url.len() <= limits::URL_BYTES));
        assert!(item.html.as_ref().is_none_or(|html| html.len() <= limits::HTML_BYTES));
        assert!(
            item.media.len() <= limits::MEDIA
                && item.references.len() <= limits::REFERENCES
                && item.tags.len() <= limits::TAGS
        );
    }
}

fn check(bytes: &[u8], content_type: &str) {
    let answer = normalize(bytes, content_type);
    assert!(answer == normalize(bytes, content_type), "two answers to the same bytes");
    match answer {
        Ok(batch) => is_within_limits(&batch),
        Err(failure) => assert!(failure.message.len() <= limits::MESSAGE_BYTES, "{}", failure.message),
    }
}

/// One change to a document: bytes replaced, a piece taken out, a piece said again.
#[derive(Debug, Clone)]
enum Change {
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = 0..1_200_usize;
    let noise = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..4),
        proptest::sample::select(vec![
            &b"<"[..],
            b">",
            b"&",
            b"]]>",
            b"<![CDATA[",
            b"<!--",
            b"'",
            b"\"",
            b"/",
            b"</item>",
            b"<item>",
            b"\0",
            b"<!DOCTYPE x [",
            b"&#0;"
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    let change = prop_oneof![
        (at.clone(), noise).prop_map(|(at, bytes)| Change::Replace(at, bytes)),
        (at.clone(), 1..60_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at.clone(), 1..60_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        at.prop_map(Change::Cut),
    ];
    proptest::collection::vec(change, 1..6)
}

fn changed(document: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = document.as_bytes().to_vec();
    for change in changes {
        let length = bytes.len().max(1);
        let range = |at: usize, size: usize| (at % length)..(at % length + size).min(bytes.len());
        match change {
            Change::Replace(at, noise) => {
                let place = range(*at, noise.len());
                bytes.splice(place, noise.iter().copied());
            }
            Change::Remove(at, size) => {
                let place = range(*at, *size);
                bytes.drain(place);
            }
            Change::Repeat(at, size) => {
                let place = range(*at, *size);
                let again = bytes[place.clone()].to_vec();
                bytes.splice(place.end..place.end, again);
            }
            Change::Cut(at) => bytes.truncate(at % length),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changed_documents(which in 0..4_usize, changes in changes()) {
        let (document, content_type) = [(RSS, "application/rss+xml"), (ATOM, "text/xml"), (JSON, "application/feed+json"), (PAGE, "text/html")][which];
        check(&changed(document, &changes), content_type);
    }

    #[test]
    fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..400), content_type in "[a-z/+;=-]{0,24}") {
        check(&bytes, &content_type);
    }
}

/// Documents that would make careless readers slow, deep or large. Each is a megabyte or more; a quadratic reader would
/// not come back.
#[test]
fn large_and_nasty() {
    let many = |piece: &str| piece.repeat(2_000_000 / piece.len());
    let item = |text: &str| format!("<rss><channel><item><description>{text}</description></item></channel></rss>");
    let entities = format!("<!DOCTYPE r [<!ENTITY a '{}'>]>", "x".repeat(1_000));
    for document in [
        many("<a>"),
        many("</a>"),
        many("<!--"),
        many("<?x "),
        many("<![CDATA["),
        many("<item>"),
        many("<a b='"),
        many("<a b=\"'>"),
        many("<!DOCTYPE x ["),
        many("&"),
        item(&many("&lt;b&gt;")),
        item(&many("&lt;p&gt;&lt;table&gt;")),
        item(&many("&lt;!--")),
        item(&many("&lt;/i&gt;")),
        item(&many("&lt;script&gt;&lt;/")),
        item(&many("<b>")),
        format!("{entities}{}", item(&many("&a;"))),
        format!("<rss><channel>{}", many("<item><title>x</title><guid>y</guid></item>")),
        format!("<rss><channel><item {}>", many("a='b' ")),
        format!("<rss><channel><item>{}", many("<category>x</category>")),
        format!("{{\"items\":{}", "[".repeat(1_000_000)),
    ] {
        check(document.as_bytes(), "application/xml");
    }
}

#[test]
fn a_document_does_not_grow_by_its_own_entities() {
    let entities = format!("<!DOCTYPE r [<!ENTITY a '{}'>]>", "x".repeat(1_000));
    let document = format!(
        "{entities}<rss><channel><item><description>{}</description></item></channel></rss>",
        "&a;".repeat(100_000)
    );
    let batch = normalize(document.as_bytes(), "application/xml").unwrap();
    let size: usize = batch.items.iter().map(|item| item.text.as_ref().map_or(0, String::len)).sum();
    assert!(size <= limits::TEXT_BYTES);
}

/// More entries than a batch may have are not read, whatever they are written in; the end of such a document may be missing, and
/// nobody notices.
#[test]
fn entries_are_read_up_to_the_contracts_limit() {
    let json = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[";
    let rss = "<?xml version='1.0'?><rss><channel>";
    for (head, piece, content_type, tail) in [
        (rss, "<item/>", "text/xml", ""),
        (rss, "<item>", "text/xml", ""),
        (rss, "<item><guid>1</guid></item>", "text/xml", "</channel></rss>"),
        (json, "{},", "application/feed+json", "{}]}"),
        (json, "{\"id\":1},", "application/feed+json", "{}],\"title\":\"T\"}"),
    ] {
        let document = format!("{head}{}{tail}", piece.repeat(limits::ITEMS + 500));
        let batch = normalize(document.as_bytes(), content_type).unwrap();
        assert_eq!(batch.items.len(), limits::ITEMS, "{piece}");
        let told = "the document has more entries than can be kept: kept the first 10000 entries";
        assert!(batch.warnings.iter().any(|warning| warning == told), "{piece}: {:?}", batch.warnings);
        assert!(
            batch.warnings.iter().all(|warning| !warning.contains("the end of the document")),
            "{piece}: {:?}",
            batch.warnings
        );
    }
    let whole = format!("{rss}{}</channel></rss>", "<item/>".repeat(limits::ITEMS));
    let batch = normalize(whole.as_bytes(), "text/xml").unwrap();
    assert!(batch.warnings.iter().all(|warning| !warning.contains("more entries")), "{:?}", batch.warnings);
}

/// Small things that are kept in many bytes: what entries take is counted, not how many there are.
#[test]
fn entries_are_read_up_to_their_weight() {
    let item = |number: usize, within: &str| format!("<item><guid>{number}</guid>{}</item>", within.repeat(256));
    for within in ["<enclosure url='a'/>", "<media:content url='a'/>", "<category>a</category>"] {
        let base = format!("http://e.example/{}/", "x".repeat(2_000));
        let items: String = (0..1_500).map(|number| item(number, within)).collect();
        let document = format!("<rss><channel xml:base='{base}'>{items}</channel></rss>");
        let batch = normalize(document.as_bytes(), "text/xml").unwrap();
        let many = within.starts_with("<category");
        assert_eq!(batch.items.len() < 1_500, !many, "{within}: {}", batch.items.len());
        let told = batch.warnings.iter().any(|warning| warning.starts_with("the document is larger than can be kept"));
        assert_eq!(told, !many, "{within}: {:?}", batch.warnings);
    }
}

/// Texts that are longer than anything the contract takes are read to a bound, and that is said.
#[test]
fn texts_are_read_to_a_bound() {
    let long = |piece: &str| piece.repeat(6_000_000 / piece.len());
    for piece in ["&amp;amp;", "&lt;a href=x&gt;", "&lt;p&gt;x", "&lt;ul&gt;&lt;li&gt;", "<b/>", "x ", "<![CDATA[&]]>"]
    {
        let text = long(piece);
        let document =
            format!("<rss><channel><item><guid>1</guid><description>{text}</description></item></channel></rss>");
        let batch = normalize(document.as_bytes(), "text/xml").unwrap();
        let item = batch.items.first().unwrap();
        assert_eq!(item.external_id, "1");
        assert!(item.text.as_ref().is_none_or(|text| text.len() <= limits::TEXT_BYTES), "{piece}");
        assert!(batch.warnings.iter().any(|warning| warning.contains("left out")), "{piece}: {:?}", batch.warnings);
    }
    let guid = format!("<rss><channel><item><guid>{}</guid></item></channel></rss>", long("x"));
    assert!(normalize(guid.as_bytes(), "text/xml").unwrap().items[0].external_id.starts_with("hash:"));
}

/// What makes each element look through many others costs time, not the run.
#[test]
fn neither_bindings_nor_stray_ends_are_searched_without_bound() {
    let bindings = |from: usize| (from..from + 250).map(|n| format!(" xmlns:a{n}='u'")).collect::<String>();
    let nested: String = (0..250).map(|level| format!("<x{}>", bindings(level * 250))).collect();
    check(format!("<rss>{nested}{}", "<z:b/>".repeat(200_000)).as_bytes(), "text/xml");
    check(format!("<rss>{}{}", "<a>".repeat(255), "</b>".repeat(500_000)).as_bytes(), "text/xml");
}
