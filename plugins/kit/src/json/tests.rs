//! Tables and properties; the judge is another reader of JSON.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;

fn skipped(text: &str) -> Result<(), Malformed> {
    Reader::whole(text, Reader::skip)
}

#[test]
fn what_is_json_and_what_is_not() {
    for text in [
        "{}",
        "[]",
        "null",
        " true ",
        "-0.5e+3",
        "\"\"",
        "[1,[2,{\"a\":[]}]]",
        "\u{feff}{\"a\" : 1 , \"b\":[ ]}",
        "\"a\\\"b\\\\\"",
        "\"\\ud83d\"",
        "{\"a\":1,\"a\":2}",
        "\"raw\ttab\"",
    ] {
        assert_eq!(skipped(text), Ok(()), "{text}");
    }
    for text in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "nul",
        "tru",
        "-",
        "1.",
        "1e",
        "{a:1}",
        "1 2",
        "[1",
        "\"a\\\"",
        "{\"a\":1",
        "nope",
        "]",
    ] {
        assert!(skipped(text).is_err(), "{text}");
    }
}

#[test]
fn depth_ends_somewhere() {
    for depth in [1, 2, 63, 64, 65, 200, 100_000] {
        let mixed = |n: usize| if n.is_multiple_of(3) { ("{\"a\":", "}") } else { ("[", "]") };
        let opened: String = (0..depth).map(|n| mixed(n).0).collect();
        let closed: String = (0..depth).rev().map(|n| mixed(n).1).collect();
        assert_eq!(skipped(&format!("{opened}1{closed}")).is_ok(), depth <= 64, "{depth}");
        assert!(skipped(&format!("{opened}1")).is_err(), "{depth}");
        let wrong = closed.replacen(']', "}", 1);
        assert!(wrong == closed || skipped(&format!("{opened}1{wrong}")).is_err(), "{depth}");
    }
}

#[test]
fn strings_are_decoded() {
    for (json, text) in [
        ("\"plain\"", "plain"),
        ("\"a\\n\\t\\/\\\\\\\"\"", "a\n\t/\\\""),
        ("\"\\u00e9\\ud83d\\ude00\"", "\u{e9}\u{1f600}"),
        ("\"\\ud83d x\"", "\u{fffd} x"),
        ("\"\\ude00\\ud83d\"", "\u{fffd}\u{fffd}"),
        ("\"\\ud83d\\u0041\"", "\u{fffd}A"),
    ] {
        assert_eq!(Reader::whole(json, Reader::scalar).unwrap().text(), Some(text), "{json}");
    }
    assert!(Reader::whole("\"\\x\"", Reader::scalar).is_err());
    assert!(Reader::whole("\"\\u12\"", Reader::scalar).is_err());
}

#[test]
fn another_type_is_absent_and_the_rest_is_read() {
    let mut seen = Vec::new();
    Reader::whole("{\"a\":[1],\"b\":{\"c\":2},\"d\":null,\"e\":18446744073709551617}", |reader| {
        reader.members(|reader, name| {
            seen.push((name.to_owned(), reader.scalar()?.text().map(str::to_owned)));
            Ok(())
        })
    })
    .unwrap();
    let expected = [("a", None), ("b", None), ("d", None), ("e", Some("18446744073709551617"))];
    assert_eq!(seen, expected.map(|(name, text)| (name.to_owned(), text.map(str::to_owned))));
    assert_eq!(Reader::whole("7", |reader| reader.values(|reader, _| reader.skip())), Ok(false));
    assert_eq!(Reader::whole("7", |reader| reader.members(|reader, _| reader.skip())), Ok(false));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_stepped_over_and_cut_json_is_not(value in any_json(), at in any::<prop::sample::Index>()) {
        let text = value.to_string();
        prop_assert_eq!(skipped(&text), Ok(()));
        let cut = text.floor_char_boundary(at.index(text.len()));
        let part = &text[..cut];
        if serde_json::from_str::<serde_json::Value>(part).is_err() {
            prop_assert!(skipped(part).is_err(), "{}", part);
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>()) {
        let _ = Reader::whole(&text, Reader::scalar);
        let _ = skipped(&text);
    }

    #[test]
    fn strings_come_back(text in any::<String>()) {
        let mut json = String::new();
        quote(&mut json, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
        let read = Reader::whole(&json, Reader::scalar).unwrap();
        prop_assert_eq!(read.text(), Some(text.as_str()));
    }
}
