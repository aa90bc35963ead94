//! Tests of scrubbing: what goes, what stays, and that it is counted.

use super::*;
use crate::secret::Secret;

#[test]
fn what_nobody_else_should_have_goes_and_the_rest_stays() {
    let journal = Journal::new(false, vec![Secret::new("canary-123456")]);
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    let table = [
        ("https://a.example/x?token=abc.DEF&page=2", "https://a.example/x?token=scrubbed&page=2"),
        ("<a href=\"/x?a=1&amp;Api_Key=k%20ey\">", "<a href=\"/x?a=1&amp;Api_Key=scrubbed\">"),
        ("/x?X-Amz-Signature=00ff&monkey=1", "/x?X-Amz-Signature=scrubbed&monkey=1"),
        (
            r#"{"access_token" : "a\"b", "token_count": 3, "key": "C9xY"}"#,
            r#"{"access_token" : "scrubbed", "token_count": 3, "key": "C9xY"}"#,
        ),
        (r#"{"password": "", "secret": null}"#, r#"{"password": "", "secret": null}"#),
        (
            r#"[{"name": "Authorization", "value": "Basic x"}, {"name": "title", "value": "a"}, {"key":"api_key","value":"b"}]"#,
            r#"[{"name": "Authorization", "value": "scrubbed"}, {"name": "title", "value": "a"}, {"key":"api_key","value":"scrubbed"}]"#,
        ),
        (r#"{"value":"c","name":"token"} {"#, r#"{"value":"c","name":"token"} {"#),
        (
            r#"[{"value":"c" , "name":"session_token"}, {"value":"d","name":"ann"}, {"name":"token","of":[{"value":"e"}]}]"#,
            r#"[{"value":"scrubbed" , "name":"session_token"}, {"value":"d","name":"ann"}, {"name":"token","of":[{"value":"e"}]}]"#,
        ),
        ("so said canary-123456 here", "so said (hidden) here"),
        (
            "Ann <Ann.Lee+x@Mail.Example.com>, ann.lee+x@mail.example.com.",
            "Ann <person-1@example.org>, person-1@example.org.",
        ),
        ("bob@example.net and ann.lee+x@mail.example.com", "person-2@example.org and person-1@example.org"),
        (
            "https://medium.example/@ann.lee icon@2x.png foo@1.2.3 @ann",
            "https://medium.example/@ann.lee icon@2x.png foo@1.2.3 @ann",
        ),
        ("a token of esteem; eyJ is no token", "a token of esteem; eyJ is no token"),
    ];
    let mut scrub = Scrub::new(&journal);
    for (given, expected) in table {
        let once = scrub.document(given);
        assert_eq!(once, expected);
        assert_eq!(scrub.document(given), expected, "and the same again");
    }
    assert!(!scrub.line(&format!("jwt={jwt}.")).contains("eyJzdWIi"));
    assert_eq!(scrub.url("https://ann:pw@a.example/x?sid=1"), "https://a.example/x?sid=scrubbed");
    assert!(scrub.told().keys().any(|what| what == "e-mail addresses"));
}

#[test]
fn header_fields_of_sessions_go() {
    let journal = Journal::new(false, vec![]);
    let mut scrub = Scrub::new(&journal);
    for name in [
        "Set-Cookie",
        "x-csrf-token",
        "Authorization",
        "x-forwarded-for",
        "X-Request-Id",
        "www-authenticate",
        "x-password",
        "x-key",
        "x-real-ip",
        "x-user",
        "x-credential",
    ] {
        assert_eq!(scrub.header(name, "x"), None, "{name}");
    }
    for name in ["content-type", "link", "etag", "x-total-count", "x-ratelimit-remaining"] {
        assert_eq!(
            scrub.header(name, "<https://a.example/?sig=1>").as_deref(),
            Some("<https://a.example/?sig=scrubbed>")
        );
    }
    assert_eq!(scrub.told().get("header fields"), Some(&json!(11)));
}

#[test]
fn any_bytes_pass() {
    let journal = Journal::new(false, vec![]);
    let mut scrub = Scrub::new(&journal);
    for body in [
        &b""[..],
        b"\xff\xfe@\x00",
        b"\"",
        b"\"secret\":",
        b"\"secret\":\"\\",
        b"?token=",
        b"&",
        b"@.",
        b"a@b.",
        b"eyJ",
    ] {
        assert_eq!(scrub.bytes(body), body);
    }
    assert_eq!(scrub.bytes(b"\xe4 ann@a.example \xfc"), b"\xe4 person-1@example.org \xfc");
}

/// Kinds of secrets that an answer may carry, each with the canary that must not be left.
const KINDS: [(&str, &str); 42] = [
    ("camel case", r#"{"accessToken":"LEAK-aaaaaaaaaa"}"#),
    ("camel case again", r#"{"refreshToken":"LEAK-bbbbbbb"}"#),
    ("a single word", r#"{"token":"LEAK-cccccccc"}"#),
    ("a session's", r#"{"sessionToken":"LEAK"}"#),
    ("of a known maker", r#"{"x":"ghp_LEAK5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#),
    ("an access key", r#"{"aws":"AKIALEAK6AAAAAAAAAAA"}"#),
    ("an address escaped", r#"{"em":"LEAKann\u0040example.com"}"#),
    ("an address in a URL", r#"{"em2":"mailto:LEAKann%40example.com"}"#),
    ("a number", r#"{"password":5325}"#),
    ("a client's", r#"{"clientSecret":"LEAK"}"#),
    ("a key", r#"{"private_key":"-----BEGIN PRIVATE KEY-----\nLEAK\n-----END PRIVATE KEY-----"}"#),
    ("a key anywhere", r#"{"x":"so: -----BEGIN RSA PRIVATE KEY-----\nLEAK\n-----END RSA PRIVATE KEY-----"}"#),
    ("a key cut off", r#"{"x":"-----BEGIN PRIVATE KEY-----\nLEAK"}"#),
    ("a signed URL", r#"{"u":"https://s3/x?X-Goog-Signature=LEAK&a=1"}"#),
    ("its policy", r#"{"u":"https://s3/x?a=1&Policy=LEAK"}"#),
    ("its key", r#"{"u":"https://s3/x?a=1&Key-Pair-Id=LEAK&sv=1"}"#),
    ("in a fragment", r##"{"frag":"https://app/cb#access_token=LEAK&t=1"}"##),
    ("behind an escape", r#"{"esc":"https://a/?a=1\u0026access_token=LEAK"}"#),
    ("JSON in a text", r#"{"js":"{\"access_token\":\"LEAK\"}"}"#),
    ("JSON in JSON in a text", r#"{"js":"{\"in\":\"{\\\"access_token\\\":\\\"LEAK\\\"}\"}"}"#),
    ("a bearer's", r#"{"said":"Bearer LEAK17abcdefgh"}"#),
    ("a cookie", r#"{"cookie":"session=LEAK; path=/"}"#),
    ("a cookie's value", r#"{"x":"session=LEAK; path=/"}"#),
    ("where one is", r#"{"ip":"LEAK.0.113.77"}"#),
    ("of a chat", r#"{"xoxb":"xoxb-LEAK19-12345"}"#),
    ("snake case", r#"{"api_token":"LEAK"}"#),
    ("with a hyphen", r#"{"auth-token":"LEAK"}"#),
    ("by its kind", r#"{"jwt":"LEAK"}"#),
    ("a user of a URL", r#"{"url":"https://user:LEAK@h.example/"}"#),
    ("a phrase", r#"{"passphrase":"LEAK"}"#),
    ("a telephone", r#"{"phone":"+49 170 LEAK"}"#),
    ("in a list", r#"{"access_token":["LEAK"]}"#),
    ("a list within", r#"{"credentials":{"a":[{"b":"LEAK"}]}}"#),
    ("a name escaped", r#"{"\u0061ccess_token":"LEAK"}"#),
    ("in a link", r#"<http://h/?code=LEAK>; rel=x"#),
    ("in a location", "http://u:LEAK@h/"),
    ("in a script", r#"<script type="x">{"a":{"accessToken":"LEAK"}}</script>"#),
    ("in a script's text", r#"<script>var a = {"accessToken":"LEAK", "pin": 1};</script>"#),
    ("in an attribute", r#"<div data-csrf-token="LEAK &amp; more">"#),
    ("in an element", "<r><accessToken>LEAK</accessToken></r>"),
    ("in lines", "{\"a\":1}\n{\"token\":\"LEAK\"}\n"),
    ("a URL in a URL", "https://h/?to=https%3A%2F%2Fh%2F%3Faccess_token%3DLEAK%26a%3D1"),
];

#[test]
fn no_kind_of_secret_is_left() {
    let journal = Journal::new(false, vec![]);
    for (kind, given) in KINDS {
        let mut scrub = Scrub::new(&journal);
        let once = scrub.document(given);
        assert!(!once.contains("LEAK") && !once.contains("5325"), "{kind}: {once}");
        assert!(!scrub.told().is_empty(), "{kind} is counted");
        assert_eq!(Scrub::new(&journal).document(given), once, "{kind}: the same again");
        if serde_json::from_str::<Value>(given).is_ok() {
            assert!(serde_json::from_str::<Value>(&once).is_ok(), "{kind} stays JSON: {once}");
        }
    }
}

#[test]
fn all_kinds_in_one_document_go_too() {
    let journal = Journal::new(false, vec![]);
    let all = KINDS.iter().filter(|(_, given)| serde_json::from_str::<Value>(given).is_ok());
    let all = format!("[{}]", all.map(|(_, given)| *given).collect::<Vec<_>>().join(",\n "));
    let once = Scrub::new(&journal).document(&all);
    assert!(!once.contains("LEAK"), "{once}");
    let overrides: Value = json!({ "headers": { "x-app-token": "LEAK" }, "cursor": { "next": "/next_page_token" } });
    let expected = json!({ "headers": { "x-app-token": "scrubbed" }, "cursor": { "next": "/next_page_token" } });
    assert_eq!(Scrub::new(&journal).value(&overrides), expected);
}

#[test]
fn what_a_plugin_reads_stays() {
    let journal = Journal::new(false, vec![]);
    for given in [
        r#"{"next_page_token":"abc","nextPageToken":"abc","continuationCommand":{"token":5e1},"id":12345678901234567890123}"#,
        r#"{ "b" : 1.50, "a" : "\u00e4\/", "a" : [ true, null, {} ], "primary_key": 7, "keywords": ["key"], "author": "Ann" }"#,
        r#"{"token":null,"is_secret":true,"secret":true,"token_type":"bearer","tokens_used":5,"half":"\ud800"}"#,
        r#"{"body":{"token":"{{cursor}}"}}"#,
        "https://a.example/list?pageToken=abc&cursor=x&since=2026-01-01&zip_code=12345",
        "<item><title>password managers: a test</title><link>https://a.example/?p=1</link></item>",
        "the standard bearer of news; basic information; sk-learn-and-other-long-names; eyJ",
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        "<script>if (a < b) { c() }</script><script></script><script",
    ] {
        let mut scrub = Scrub::new(&journal);
        assert_eq!(scrub.document(given), given, "{:?}", scrub.told());
    }
}
