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
        let once = scrub.text(given);
        assert_eq!(once, expected);
        assert_eq!(scrub.text(given), expected, "and the same again");
    }
    assert!(!scrub.text(&format!("jwt={jwt}.")).contains("eyJzdWIi"));
    assert_eq!(scrub.url("https://ann:pw@a.example/x?sid=1"), "https://a.example/x?sid=scrubbed");
    assert!(scrub.told().keys().any(|what| what == "e-mail addresses"));
}

#[test]
fn header_fields_of_sessions_go() {
    let journal = Journal::new(false, vec![]);
    let mut scrub = Scrub::new(&journal);
    for name in ["Set-Cookie", "x-csrf-token", "Authorization", "x-forwarded-for", "X-Request-Id", "www-authenticate"] {
        assert_eq!(scrub.header(name, "x"), None, "{name}");
    }
    for name in ["content-type", "link", "etag", "x-total-count", "x-ratelimit-remaining"] {
        assert_eq!(
            scrub.header(name, "<https://a.example/?sig=1>").as_deref(),
            Some("<https://a.example/?sig=scrubbed>")
        );
    }
    assert_eq!(scrub.told().get("header fields"), Some(&json!(6)));
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
