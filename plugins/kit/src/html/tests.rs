//! The sanitizer: a table of what becomes of what, and two properties, checked with a real HTML parser: whatever comes in,
//! only what is on the list comes out, and what is written means the same to a browser.
#![expect(clippy::expect_used, reason = "tests")]

use html5ever::tendril::TendrilSink;
use html5ever::{QualName, local_name, ns, parse_fragment};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;

use super::*;

const BASE: &str = "https://e.example/a/b";

fn html(markup: &str) -> String {
    clean(markup, BASE).html
}

#[test]
fn what_stays() {
    for (markup, expected) in [
        ("<p>a <b>b</b></p>", "<p>a <b>b</b></p>"),
        ("<P CLASS=x>a</P>", "<p>a</p>"),
        ("<a href='c?x=1&amp;y=2' onclick=x()>d</a>", "<a href=\"https://e.example/a/c?x=1&amp;y=2\">d</a>"),
        ("<a href='?a=1&copy=2'>d</a>", "<a href=\"https://e.example/a/b?a=1&amp;copy=2\">d</a>"),
        ("<img src=//i.example/x.png alt='\"<'>", "<img src=\"https://i.example/x.png\" alt=\"&quot;&lt;\">"),
        ("a<br/>b<hr>c", "a<br>b<hr>c"),
        ("1 < 2 &amp; 3 > 2 &nbsp;&hellip; &unknown;", "1 &lt; 2 &amp; 3 &gt; 2 \u{a0}… &amp;unknown;"),
        ("<p>a<p>b<ul><li>c<li>d</ul>", "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("</p>a</b>", "a"),
        ("<xhtml:p>a</xhtml:p>", "<p>a</p>"),
        ("<a href=mailto:a@e.example>m</a>", "<a href=\"mailto:a@e.example\">m</a>"),
        ("<div/>a", "<div></div>a"),
    ] {
        assert_eq!(html(markup), expected, "{markup}");
    }
}

/// Ten megabytes of what grows, or of what is passed over: what is written is bounded by the contract, and so is what is read.
#[test]
fn markup_without_end() {
    let base = format!("https://e.example/{}/", "x".repeat(1_000));
    for piece in [
        "&",
        "<",
        "<a href=x>",
        "<img src=x>",
        "<p>x",
        "<ul><li>",
        "<b>",
        "</b>",
        "<!--",
        "<script>",
        "x ",
        " ",
        "<br>",
    ] {
        let markup = piece.repeat(10_000_000 / piece.len());
        let clean = clean(&markup, &base);
        assert!(clean.over, "{piece}");
        assert!(clean.html.len() <= limits::HTML_BYTES && clean.html.capacity() <= limits::HTML_BYTES, "{piece}");
        assert!(clean.text.len() <= MARKUP_BYTES, "{piece}");
    }
    let title = format!("<a title='{}'>x</a>", "&amp;".repeat(400_000));
    assert_eq!(clean(&title, BASE), Clean { html: String::new(), text: "x".to_owned(), over: true });
}

#[test]
fn what_has_no_room_is_not_written() {
    let clean = clean_within("<p>a</p><p>b</p>", BASE, 15);
    assert_eq!(clean, Clean { html: String::new(), text: "a\nb".to_owned(), over: true });
    assert!(!clean_within("<p>a</p><p>b</p>", BASE, 16).over);
}

#[test]
fn what_goes() {
    for (markup, expected) in [
        ("a<script>alert('</b>')</script>b", "ab"),
        ("a<SCRIPT src=x>b</ScRiPt >c", "ac"),
        ("a<style>p{}</style>b", "ab"),
        ("a<script>never ends", "a"),
        ("<a href=\"java\nscript:alert(1)\">x</a>", "<a>x</a>"),
        ("<a href=' jAvAsCrIpT:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='&#106;avascript:alert(1)'>x</a>", "<a>x</a>"),
        ("<img src='data:image/png;base64,x'>x", "x"),
        ("<img onerror=alert(1)>", ""),
        ("<p style='x:expression(y)' onload=z>a</p>", "<p>a</p>"),
        ("<iframe src=x>a</iframe>b", "ab"),
        ("<form><input name=x><button>b</button></form>", "b"),
        ("<!-- <b> -->a<!doctype html><?php x ?>b", "ab"),
        ("<svg><script>x</script><a xlink:href='javascript:x'>t</a></svg>", "<a>t</a>"),
        ("<math><mi>x</mi></math>", "x"),
        ("<![CDATA[a <b>b</b>", "a <b>b</b>"),
        ("<b", "<b></b>"),
    ] {
        assert_eq!(html(markup), expected, "{markup}");
    }
}

#[test]
fn the_text_has_lines_where_the_page_has_them() {
    for (markup, expected) in [
        ("<h1>a</h1><p>b <i>c</i>d\n e</p>", "a\nb cd e"),
        ("a<br><br>b", "a\nb"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("", ""),
    ] {
        assert_eq!(clean(markup, BASE).text, expected, "{markup}");
    }
}

/// The markup as a browser would see it in a page's body.
fn parsed(markup: &str) -> Handle {
    let body = QualName::new(None, ns!(html), local_name!("body"));
    let dom = parse_fragment(RcDom::default(), html5ever::ParseOpts::default(), body, Vec::new(), true).one(markup);
    dom.document
}

/// Called with namespace, name and attributes of an element.
type Seen<'s> = &'s mut dyn FnMut(&str, &str, Vec<(String, String)>);

/// Calls `seen` for every element.
fn walk(node: &Handle, seen: Seen<'_>) {
    let mut todo = vec![node.clone()];
    while let Some(node) = todo.pop() {
        if let NodeData::Element { name, attrs, .. } = &node.data {
            let attributes = attrs.borrow().iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
            seen(&name.ns, &name.local, attributes);
        }
        todo.extend(node.children.borrow().iter().cloned());
    }
}

/// That nothing is there but what is on the list.
fn is_on_the_list(markup: &str) {
    walk(&parsed(markup), &mut |namespace, name, attributes| {
        assert_eq!(namespace, "http://www.w3.org/1999/xhtml", "{markup}");
        let implied = name == "html";
        let kept = listed(name);
        assert!(implied || kept.is_some(), "<{name}> in {markup}");
        for (attribute, value) in attributes {
            let known = allow::GLOBAL.contains(&attribute.as_str())
                || kept.is_some_and(|e| e.attributes.contains(&attribute.as_str()));
            assert!(known, "{attribute} in {markup}");
            if allow::is_url(&attribute) {
                let scheme = crate::uri::scheme(&value).expect("an absolute URL");
                assert!(allow::scheme_is_safe(&attribute, scheme), "{value} in {markup}");
            }
        }
    });
}

fn listed(name: &str) -> Option<&'static allow::Element> {
    allow::ELEMENTS.iter().find(|element| element.name == name)
}

/// Words and pieces of markup, well-formed and not, harmless and not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z &;<>\"'/=]{0,6}",
        proptest::sample::select(vec![
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<a href='x'>",
            "<a href=javascript:alert(1)>",
            "</a>",
            "<script>",
            "</script>",
            "<style>",
            "</style>",
            "<svg>",
            "</svg>",
            "<math>",
            "<mtext>",
            "<title>",
            "</title>",
            "<textarea>",
            "<noscript>",
            "</noscript>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"x\" alt=\"`><img src=x onerror=y>\">",
            "<table>",
            "<tr>",
            "<td>",
            "</table>",
            "<select>",
            "<option>",
            "<template>",
            "</template>",
            "<!--",
            "-->",
            "--!>",
            "<![CDATA[",
            "]]>",
            "<iframe>",
            "</iframe>",
            "<form>",
            "<input>",
            "<plaintext>",
            "<xmp>",
            "<foreignObject>",
            "<annotation-xml encoding='text/html'>",
            "<li>",
            "<ul>",
            "<h1>",
            "</h1>",
            "<video src=x>",
            "<br/>",
            "&lt;script&gt;",
            "&#x3c;b&#62;",
            "\0",
            "<body onload=x>",
            "<base href=x>",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Well-nested markup of common elements, as most feeds have it.
fn tidy() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-zé]{1,5}( [a-z]{1,3})?",
        Just("<img src=\"https://i.example/x.png\" alt=\"x &amp; y\">".to_owned()),
        Just("a &lt; b".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let many = proptest::collection::vec(inner, 1..4).prop_map(|all| all.concat());
        (proptest::sample::select(vec!["em", "strong", "span", "div", "blockquote", "section"]), many)
            .prop_map(|(name, inner)| format!("<{name}>{inner}</{name}>"))
    })
}

proptest! {
    #[test]
    fn whatever_comes_in_only_what_is_on_the_list_comes_out(markup in pieces()) {
        let cleaned = clean(&markup, BASE);
        is_on_the_list(&cleaned.html);
        // What was clean stays as it is.
        prop_assert_eq!(&clean(&cleaned.html, BASE).html, &cleaned.html);
    }

    #[test]
    fn tidy_markup_means_the_same_to_another_sanitizer(markup in tidy()) {
        let theirs = ammonia::Builder::default().link_rel(None).add_tags(["section"]).clean(&markup).to_string();
        let ours = ammonia::Builder::default().link_rel(None).add_tags(["section"]).clean(&html(&markup)).to_string();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn plain_and_clean_find_the_same_words(markup in pieces()) {
        let squash = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(squash(&plain(&markup)), squash(&clean(&markup, BASE).text));
    }
}

#[test]
fn the_check_itself_can_fail() {
    let bad = std::panic::catch_unwind(|| is_on_the_list("<p onclick=x>a</p>"));
    assert!(bad.is_err());
    assert!(std::panic::catch_unwind(|| is_on_the_list("<a href='https://e.example/'>a</a>")).is_ok());
}
