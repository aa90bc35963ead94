//! Notations, one line each; the larger list of cases is run by `tests/vectors.rs`.

use super::*;
use proptest::prelude::*;

#[test]
fn notations() {
    for (text, utc) in [
        ("2003-12-31T10:14:55Z", Some("2003-12-31T10:14:55Z")),
        ("2003-12-31t10:14:55.25+01:30", Some("2003-12-31T08:44:55Z")),
        ("2003-12-31 10:14 -0800", Some("2003-12-31T18:14:00Z")),
        ("2003", Some("2003-01-01T00:00:00Z")),
        ("2016-12-31T23:59:60Z", Some("2017-01-01T00:00:00Z")),
        ("2003-12-31T24:00:00Z", Some("2004-01-01T00:00:00Z")),
        ("2003-02-29", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("Thu, 01 Jan 2004 19:48:21 GMT", Some("2004-01-01T19:48:21Z")),
        ("Thu,01 Jan 04 19:48", Some("2004-01-01T19:48:00Z")),
        ("January 2, 2004", Some("2004-01-02T00:00:00Z")),
        ("1 Jan 95 00:00 EST", Some("1995-01-01T05:00:00Z")),
        ("Thu, 01 Jan 2004 19:48:21 GMT+01:00", Some("2004-01-01T18:48:21Z")),
        ("Thu, 01 Jan 2004 19:48:21 Middle-earth", Some("2004-01-01T19:48:21Z")),
        ("Sun Jul 15 01:16:00 2012", Some("2012-07-15T01:16:00Z")),
        ("20031231", Some("2003-12-31T00:00:00Z")),
        ("20031231T101455Z", Some("2003-12-31T10:14:55Z")),
        ("2003-335", Some("2003-12-01T00:00:00Z")),
        ("03-335", Some("2003-12-01T00:00:00Z")),
        ("2006/09/15 08:19:53 EDT", Some("2006-09-15T12:19:53Z")),
        ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", Some("2004-07-11T17:00:00Z")),
        ("2004-05-25 오후 11:23:17", Some("2004-05-25T14:23:17Z")),
        ("yesterday", None),
        ("--12-31", None),
        ("", None),
    ] {
        assert_eq!(parse(text).as_deref(), utc, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(second in -62_135_596_800_i64..253_402_300_800) {
        let text = Moment::of_seconds(second).to_rfc3339();
        prop_assert_eq!(text.as_deref().and_then(seconds_of), Some(second));
    }

    #[test]
    fn anything_is_read_without_a_panic(text in "[0-9a-zA-Z년 :+.,/é-]{0,40}") {
        parse(&text);
    }
}
