//! Tests of the search: what is found in which spelling, what is left alone, and that it takes no longer than a body is long.

use proptest::prelude::*;

use super::super::secret::{Carrier, Secret};
use super::*;

fn scrub(name: &str, value: &str) -> Scrub {
    let (origin, carrier) = ("https://a.example".parse().unwrap(), Carrier::Query(name.to_owned()));
    Scrub::of(&[Credential { origin, carrier, value: Secret::new(value) }])
}

#[test]
fn every_spelling_goes() {
    for (value, said, left) in [
        ("canary+/12345=", "x?api_key=canary%2B%2F12345%3D&p=2", "x?api_key=(hidden)&p=2"),
        ("canary+/12345=", "x?api_key=canary%2b%2f12345%3d", "x?api_key=(hidden)"),
        ("canary+/12345=", "{\"key\":\"canary+\\/12345=\"}", "{\"key\":\"(hidden)\"}"),
        ("canary+/12345=", "canary+/12345= canary+/12345=", "(hidden) (hidden)"),
        ("canary+/12345=", "canary /12345=canary+/12345=", "(hidden)(hidden)"),
        ("canary+/12345=", "<canary&plus;&sol;12345&#61;>", "<(hidden)>"),
        ("canary+/12345=", "\\\"canary\\\\u002b\\\\\\/12345%253D\\\"", "\\\"(hidden)\\\""),
        ("3f9a-canary", "100%3f9a-canary", "100%(hidden)"),
        ("demo", "a demo of ?api_key=demo&x", "a demo of ?api_key=(hidden)&x"),
        ("demo", "?api%5Fkey%3D%64emo&x", "?api%5Fkey%3D(hidden)&x"),
        ("canary-12345", "nothing of it, \\u0041 &amp; %41", "nothing of it, \\u0041 &amp; %41"),
        ("", "api_key=", "api_key="),
    ] {
        let scrub = scrub("api_key", value);
        let mut text = said.to_owned();
        scrub.text(&mut text);
        assert_eq!(text, left);
        assert_eq!(scrub.bytes(said.as_bytes().to_vec()), left.as_bytes());
        assert_eq!(scrub.stands_in(said), said != left);
    }
}

#[test]
fn the_words_of_a_field_s_value_go_one_by_one() {
    let origin = "https://a.example".parse().unwrap();
    let value = Secret::new("Bearer canary-123456");
    let scrub = Scrub::of(&[Credential::in_header(origin, http::header::AUTHORIZATION, value)]);
    let mut text = "got Bearer canary-123456, that is canary-123456; a Bearer of news".to_owned();
    scrub.text(&mut text);
    assert_eq!(text, "got (hidden), that is (hidden); a Bearer of news");
}

#[test]
fn a_message_that_was_cut_off_says_no_beginning_of_it() {
    let scrub = scrub("api_key", "canary+/12345=");
    for (said, left) in [
        ("fetching http://a.example/canary%2B%2…: late", "fetching http://a.example/(hidden)…: late"),
        ("fetching http://a.example/x/can…: late", "fetching http://a.example/x/can…: late"),
        ("coding \"xcanary+/1234…\" of canary+/12345=", "coding \"x(hidden)…\" of (hidden)"),
        ("a… b… api_key=canary…", "a… b… api_key=(hidden)…"),
    ] {
        assert_eq!(scrub.message(said), left);
    }
}

/// Neither what is undone again and again nor what never ends takes more than its length: the square of it would not come to an end here.
#[test]
fn a_megabyte_of_escapes() {
    let scrub = scrub("api_key", "canary+/12345=");
    for piece in
        ["\\u002B%2525&amp;amp;\\\\\\\\/canary+", "\\", "%25", "&", "can", "c\0", "ordinary\0", "ordinary words&"]
    {
        let body = piece.repeat((1 << 20) / piece.len()).into_bytes();
        assert!(scrub.bytes(body.clone()) == body, "{piece}");
    }
}

/// A letter as some writer of JSON, addresses or HTML spells it.
fn letter(c: char, way: u8) -> String {
    let code = u32::from(c);
    match way {
        0 => format!("\\u{code:04x}"),
        1 => format!("\\\\u{code:04X}"),
        2 => format!("%{code:02X}"),
        3 => format!("%25{code:02x}"),
        4 => format!("%2525{code:02X}"),
        5 => format!("&#{code};"),
        6 => format!("&amp;#x{code:04x};"),
        7 if c == '/' => "\\/".to_owned(),
        8 if c == '+' => " ".to_owned(),
        _ => c.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn it_is_found_in_any_spelling_at_any_place(
        value in "[A-Za-z0-9+/=._~:@!$*,-]{8,60}",
        ways in proptest::collection::vec(0..16_u8, 60),
        (before, after) in ("[a-z{}\":,<> ]{0,40}", "[ {}\":,<>]{0,40}"),
        far in prop_oneof![3 => 0..99_usize, 1 => limits::SCRUB_BYTES - 99..limits::SCRUB_BYTES + 99],
        wide in any::<bool>(),
    ) {
        let spelled: String = value.chars().zip(&ways).map(|(c, way)| letter(c, *way)).collect();
        let far = ". ".repeat(far / 2);
        let (said, left) = (format!("{far}{before}{spelled}{after}"), format!("{far}{before}(hidden){after}"));
        let scrub = scrub("api_key", &value);
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        if wide {
            prop_assert!(scrub.bytes(utf16(&said)) == utf16(&left), "{said}");
        } else {
            let mut text = said.clone();
            scrub.text(&mut text);
            prop_assert!(text == left, "{said}");
        }
    }

    #[test]
    fn what_does_not_hold_it_is_not_changed(body in proptest::collection::vec(any::<u8>(), 0..400), text in "[%\\\\&#;ux0-9a-f+ /]{0,200}") {
        let scrub = scrub("api_key", "canary+/12345=");
        prop_assert_eq!(scrub.bytes(body.clone()), body);
        prop_assert_eq!(scrub.bytes(text.clone().into_bytes()), text.clone().into_bytes());
        prop_assert!(!scrub.stands_in(&text));
    }
}
