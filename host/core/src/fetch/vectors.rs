//! The shared vectors, where they stand beside the checkout; each test says so where they do not.

use core::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::redirect::{self, Decision};
use super::{Host, NetGrant, Target, retry_after};
use crate::limits;
use crate::time::UtcMillis;

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn vectors(file: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/vectors").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {file} is not beside the checkout");
        return None;
    };
    serde_json::from_str(&text).ok()
}

/// The answer for a URL whose host, if it is a name, resolves to `resolves_to`.
fn permitted(url: &str, resolves_to: &[IpAddr]) -> bool {
    let grant = NetGrant::default();
    let Ok(target) = Target::parse(url) else { return false };
    let named = match target.host() {
        Host::Name(name) if !resolves_to.is_empty() => {
            grant.permits_addresses(name, target.port(), resolves_to).is_ok()
        }
        _ => true,
    };
    named && grant.permits_target(&target).is_ok()
}

fn addresses(value: &Value) -> Vec<IpAddr> {
    value.as_array().into_iter().flatten().filter_map(|a| a.as_str()?.parse().ok()).collect()
}

/// Where the vectors leave the choice to us: a public address in an odd spelling is allowed, as it is sent in its plain
/// spelling; a port of another protocol is denied.
fn our_choice(case: &Value) -> bool {
    !case["reason"].as_str().unwrap_or_default().contains("port of another protocol")
}

#[test]
fn urls() {
    let Some(vectors) = vectors("ssrf.json") else { return };
    let cases = vectors["urls"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(cases.len() > 100);
    let mut wrong = Vec::new();
    for case in cases {
        let url = case["url"].as_str().unwrap_or_default();
        let want = match case["verdict"].as_str() {
            Some("deny") => false,
            // Left to the DNS: a form that may be asked for.
            Some("depends") => true,
            _ if case["policy"] == true => our_choice(case),
            _ => true,
        };
        if permitted(url, &addresses(&case["resolves_to"])) != want {
            wrong.push(format!("{url:?}: {}", case["reason"]));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn redirect_chains() {
    let Some(vectors) = vectors("ssrf.json") else { return };
    for case in vectors["redirects"].as_array().into_iter().flatten() {
        let chain: Vec<&str> = case["chain"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        // A downgrade ("policy") is denied, and with it the chain to a rebinding name ("deny-or-pin").
        assert!(!follows(&chain, &case["resolve"]), "{chain:?}");
        if case["verdict"] == "deny-or-pin" {
            // Without the downgrade it is pinned: the answer that was checked is the one dialled.
            let plain = chain[0].replacen("https:", "http:", 1);
            assert!(follows(&[&plain, chain[1]], &case["resolve"]), "{chain:?}");
        }
    }
}

fn follows(chain: &[&str], resolve: &Value) -> bool {
    let answer = |url: &str| {
        let host = Target::parse(url).ok().map(|t| t.host_text().to_owned()).unwrap_or_default();
        let answers = &resolve[&host];
        if answers[0].is_array() { addresses(&answers[0]) } else { addresses(answers) }
    };
    let mut hops = chain.iter().zip(chain.iter().skip(1)).enumerate();
    permitted(chain[0], &answer(chain[0]))
        && hops.all(|(followed, (from, to))| {
            let Ok(from) = Target::parse(from) else { return false };
            let decided = redirect::decide(&from, 302, "GET", Some(to), followed, limits::REDIRECTS);
            matches!(decided, Ok(Decision::Follow(_))) && permitted(to, &answer(to))
        })
}

#[test]
fn retry_after_rows() {
    let Some(vectors) = vectors("http_caching.json") else { return };
    let mut rows = 0;
    for case in vectors["client_cases"].as_array().into_iter().flatten() {
        let Some(value) = case["retry_after"].as_str() else { continue };
        let now = case["now"].as_str().and_then(|now| super::http_date(now, UtcMillis::default()));
        let got = retry_after(value, now.unwrap_or_default()).map(|wait| wait.as_secs());
        let want = match &case["delay_s"] {
            cap if cap == "cap" => Some(limits::RETRY_AFTER_MOST.as_secs()),
            delay => delay.as_u64(),
        };
        assert_eq!(got, want, "{value:?}");
        rows += 1;
    }
    assert!(rows > 5, "{rows}");
}
