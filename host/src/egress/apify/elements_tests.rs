//! Where elements begin and end, whatever the pieces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const SMALL: PageLimits = PageLimits { elements: 4, bytes: 20, element: 16 };
const WIDE: PageLimits = PageLimits { elements: usize::MAX, bytes: usize::MAX, element: usize::MAX };

/// Splits `body` given in pieces of `step` bytes.
fn split(limits: PageLimits, body: &[u8], step: usize) -> Result<Vec<Element>, NotElements> {
    let mut splitter = Splitter::new(limits, true);
    for piece in body.chunks(step.max(1)) {
        if splitter.push(piece)? {
            break;
        }
    }
    splitter.finish()
}

fn texts(elements: &[Element]) -> Vec<String> {
    let text = |element: &Element| match element {
        Element::Text(text) => text.clone(),
        Element::TooLarge { bytes } => format!("<{bytes}>"),
    };
    elements.iter().map(text).collect()
}

#[test]
fn elements_are_what_stands_between_the_commas() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let table: &[(&[u8], &[&str])] = &[
        (b"[]", &[]),
        (b" [ ] trailing", &[]),
        (b"\xEF\xBB\xBF[1]", &["1"]),
        (b"[1,null,true,-2.5e3,\"a\"]", &["1", "null", "true", "-2.5e3", "\"a\""]),
        (b"[\n  {\"a\": [1, 2]} ,\r\n {}\t]", &["{\"a\": [1, 2]}", "{}"]),
        (br#"["]", "\"]", "\\", "[{"]"#, &[r#""]""#, r#""\"]""#, r#""\\""#, r#""[{""#]),
        (br#"[{"a":"}","b":"\"}","c":"\\"},{"d":"]"}]"#, &[r#"{"a":"}","b":"\"}","c":"\\"}"#, r#"{"d":"]"}"#]),
        (b"[{\"a\":1,\"a\":2}]", &["{\"a\":1,\"a\":2}"]),
        (br#"["\ud800",{"a":"\u0000"}]"#, &[r#""\ud800""#, r#"{"a":"\u0000"}"#]),
        (b"[9007199254740993,1e999]", &["9007199254740993", "1e999"]),
        (b"[\"\xFF\",\"a\xC3\"]", &["\"\u{FFFD}\"", "\"a\u{FFFD}\""]),
        // What is wrong inside of an element is not this file's to find.
        (b"[{]},nonsense]", &["{]", "nonsense"]),
        (b"{\"a\":1}\n{\"b\":2}\r\n\n{}", &["{\"a\":1}", "{\"b\":2}", "{}"]),
        (b"{}\n1\nnull", &["{}", "1", "null"]),
    ];
    for (body, expected) in table {
        // The one row where the border itself is broken.
        if *body == b"[{]},nonsense]" {
            assert_eq!(split(WIDE, body, 3), Err(NotElements::Border(1)));
            continue;
        }
        for step in [1, 2, 3, 7, 1_000] {
            let found = split(WIDE, body, step);
            assert_eq!(found.as_deref().map(texts), Ok(expected.iter().map(ToString::to_string).collect()), "{body:?}");
        }
    }
    let body = format!("[{deep}]");
    assert_eq!(split(WIDE, body.as_bytes(), 4_096).as_deref().map(texts), Ok(vec![deep]));
}

#[test]
fn what_is_no_dataset_says_so() {
    use NotElements::{Border, Cut, NotAnArray};
    let table: &[(&[u8], NotElements)] = &[
        (b"", Cut(0)),
        (b"\xEF\xBB", Cut(0)),
        (b"\xEF\xBB[1]", NotAnArray),
        (b"<html>", NotAnArray),
        (b"null", NotAnArray),
        (b"\"[1]\"", NotAnArray),
        (b"[", Cut(0)),
        (b"[1", Cut(0)),
        (b"[1,", Cut(1)),
        (b"[1,2", Cut(1)),
        (b"[{\"a\":\"x\\", Cut(0)),
        (b"[{},{\"a\":[]", Cut(1)),
        (b"[1 2]", Border(1)),
        (b"[,1]", Border(0)),
        (b"[1,]", Border(1)),
        (b"[}", Border(0)),
        (b"{\"a\":1", Cut(0)),
        (b"{}\n]", Border(1)),
    ];
    for (body, expected) in table {
        for step in [1, 2, 1_000] {
            assert_eq!(split(WIDE, body, step), Err(*expected), "{:?}", String::from_utf8_lossy(body));
        }
    }
    let mut only_arrays = Splitter::new(WIDE, false);
    assert_eq!(only_arrays.push(b"{\"error\":{}}"), Err(NotAnArray));
}

#[test]
fn a_page_ends_at_its_limits() {
    let table: &[(&[u8], &[&str])] = &[
        (b"[1,2,3,4,5,6]", &["1", "2", "3", "4"]),
        // 10 and 10 bytes fill the page to the last; one more does not fit.
        (b"[\"aaaaaaaa\",\"bbbbbbbb\",1]", &["\"aaaaaaaa\"", "\"bbbbbbbb\""]),
        (b"[\"aaaaaaaa\",\"bbbbbbbbb\",1]", &["\"aaaaaaaa\""]),
        // Too large for the page's rest, so it is the first of the next page.
        (b"[1,\"cccccccccccccccccccccccccccccc\",2]", &["1"]),
        (b"[\"cccccccccccccccccccccccccccccc\",2]", &["<32>", "2"]),
        (b"[\"cccccccccccccc\",2]", &["\"cccccccccccccc\"", "2"]),
        (b"[\"ccccccccccccccc\",2]", &["<17>", "2"]),
    ];
    for (body, expected) in table {
        for step in [1, 2, 5, 1_000] {
            let found = split(SMALL, body, step);
            assert_eq!(found.as_deref().map(texts), Ok(expected.iter().map(ToString::to_string).collect()), "{body:?}");
        }
    }
    // Six bytes that are not UTF-8 become eighteen.
    assert_eq!(split(SMALL, b"[\"\xFF\xFF\xFF\xFF\xFF\xFF\"]", 1), Ok(vec![Element::TooLarge { bytes: 8 }]));
}

#[test]
fn a_page_can_be_stopped_from_outside() {
    for (body, expected) in [(&b"[\"endless"[..], vec!["<8>"]), (b"[1,\"endless", vec!["1"]), (b"[", vec![])] {
        let mut splitter = Splitter::new(WIDE, true);
        assert_eq!(splitter.push(body), Ok(false));
        assert_eq!(texts(&splitter.stop()), expected);
    }
}

/// What is too large is counted and not kept.
#[test]
fn a_huge_element_takes_no_memory() {
    let mut splitter = Splitter::new(SMALL, true);
    splitter.push(b"[\"").unwrap();
    for _ in 0..1_000 {
        splitter.push(&[b'x'; 1_000]).unwrap();
        assert!(splitter.current.capacity() <= 64);
    }
    assert_eq!(splitter.push(b"\",7]"), Ok(true));
    assert_eq!(splitter.finish().unwrap(), [Element::TooLarge { bytes: 1_000_002 }, Element::Text("7".into())]);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        r#"["\\\[\]{},: ]{0,8}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    /// An array split and its elements put together are the same, whatever the pieces and the white space.
    #[test]
    fn elements_are_those_of_the_array(
        elements in prop::collection::vec(json(), 0..12), step in 1_usize..40, pretty in any::<bool>(),
    ) {
        let body = if pretty { serde_json::to_vec_pretty(&elements) } else { serde_json::to_vec(&elements) }.unwrap();
        let found = texts(&split(WIDE, &body, step).unwrap());
        let parsed: Vec<Value> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let expected: Vec<Value> = serde_json::from_slice(&body).unwrap();
        prop_assert_eq!(parsed, expected);
        if !pretty {
            prop_assert_eq!(format!("[{}]", found.join(",")).into_bytes(), body);
        }
    }

    /// Pages read one behind the other, each from where the last one ended, give every element once.
    #[test]
    fn pages_leave_no_gap(lengths in prop::collection::vec(0_usize..40, 0..30), step in 1_usize..20) {
        let elements: Vec<String> = lengths.iter().map(|length| format!("\"{}\"", "x".repeat(*length))).collect();
        let mut found = Vec::new();
        while found.len() < elements.len() {
            let body = format!("[{}]", elements[found.len()..].join(","));
            let page = split(SMALL, body.as_bytes(), step).unwrap();
            prop_assert!(!page.is_empty());
            let bytes: usize = texts(&page).iter().filter(|text| !text.starts_with('<')).map(String::len).sum();
            prop_assert!(page.len() == 1 || bytes <= SMALL.bytes);
            found.extend(page);
        }
        let expected: Vec<String> = elements
            .iter()
            .map(|text| if text.len() > SMALL.element { format!("<{}>", text.len()) } else { text.clone() })
            .collect();
        prop_assert_eq!(texts(&found), expected);
    }

    /// Any bytes end in a page or an error, the same whatever the pieces.
    #[test]
    fn anything_ends(body in prop::collection::vec(prop_oneof![
        Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b'"'), Just(b'\\'), Just(b','), Just(b' '), any::<u8>(),
    ], 0..200), step in 1_usize..10) {
        prop_assert_eq!(split(SMALL, &body, step), split(SMALL, &body, usize::MAX));
    }
}
