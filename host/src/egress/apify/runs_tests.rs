//! The list of runs, read leanly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::fmt::Write as _;

use super::*;

fn all(id: &str) -> Option<RemoteId> {
    id.parse().ok()
}

#[test]
fn rows_are_counted_and_odd_ones_left_out() {
    let body = br#"{"data": {"total": 9, "items": [
        {"id": "aaa", "status": "RUNNING", "meta": {"id": "not this"}},
        {"status": "SUCCEEDED", "id": "bbb", "usageTotalUsd": 1e999},
        {"id": 7, "status": "RUNNING"}, {"id": "ccc"}, {"id": "../ddd", "status": "READY"}, {},
        {"id": "eee", "status": ["x"]}, {"id": null, "status": null}
    ]}}"#;
    let (rows, found) = lean_page(body, all).unwrap();
    let found: Vec<_> = found.iter().map(|(run, status)| (run.as_str(), *status)).collect();
    assert_eq!(rows, 8);
    assert_eq!(
        found,
        [
            ("aaa", RemoteStatus::Running),
            ("bbb", RemoteStatus::Succeeded),
            ("ccc", RemoteStatus::Unknown),
            ("eee", RemoteStatus::Unknown)
        ]
    );
}

#[test]
fn what_is_no_list_is_unread_and_not_quoted() {
    for (body, cut) in [
        (&b""[..], true),
        (b"{\"data\": {\"items\": [", true),
        (b"<html>canary</html>", false),
        (b"{\"data\": {\"items\": \"canary\"}}", false),
        (b"{\"data\": null}", false),
        (b"[]", false),
    ] {
        let unread = lean_page(body, all).unwrap_err();
        assert_eq!(unread.cut, cut, "{}", String::from_utf8_lossy(body));
        assert!(!unread.why.contains("canary"), "{}", unread.why);
    }
}

/// A look at 10,000 runs. Prints what it costs.
#[test]
#[expect(clippy::print_stderr, reason = "a figure for people")]
fn a_page_of_a_thousand_runs() {
    let mut body =
        String::from("{\"data\":{\"total\":1000,\"offset\":0,\"limit\":1000,\"count\":1000,\"desc\":false,\"items\":[");
    for n in 0..1_000 {
        let comma = if n == 0 { "" } else { "," };
        write!(
            body,
            "{comma}{{\"id\":\"run{n:014}\",\"actId\":\"HDSasDasz78YcAPEB\",\"userId\":\"7sT5jcggjjA9fNcxF\",\"actorTaskId\":null,\
             \"status\":\"RUNNING\",\"startedAt\":\"2026-11-14T03:35:02.118Z\",\"finishedAt\":null,\"buildId\":\"soSkq9ekdmfOslopH\",\
             \"buildNumber\":\"0.0.36\",\"meta\":{{\"origin\":\"API\",\"clientIp\":\"203.0.113.7\",\"userAgent\":\"tidegate/0.1.0 \
             (intent int_01jd7n2c0g0000000000000000)\"}},\"usageTotalUsd\":0.0154,\"defaultKeyValueStoreId\":\"eJNzqsbPiopwJcgGQ\",\
             \"defaultDatasetId\":\"wmKPijuyDnPZAPRMk\",\"defaultRequestQueueId\":\"FL35cSF7jrxr3BY39\"}}"
        )
        .unwrap();
    }
    body.push_str("]}}");
    let begin = Instant::now();
    for _ in 0..10 {
        let (rows, found) = lean_page(body.as_bytes(), all).unwrap();
        assert_eq!((rows, found.len()), (1_000, 1_000));
    }
    let took = begin.elapsed();
    eprintln!("ten pages of 1,000 runs, {} KB each: {took:?}", body.len() / 1_000);
}
