#![expect(clippy::unwrap_used, reason = "tests")]
//! What a plugin may ask for and what not.

use super::*;
use crate::contract::Body;
use crate::profile::{Caps, Net, NetCredential, ProfileBudget, Retry};
use crate::rate::Rates;
use crate::sandbox::CallLimits;
use crate::schedule::Schedule;

pub(crate) fn profile() -> Profile {
    Profile {
        name: "rss_profile".parse().unwrap(),
        plugin: "rss".to_owned(),
        kind: "feed".to_owned(),
        description: String::new(),
        overrides: Map::new(),
        allowed_overrides: None,
        schedule: Schedule::every("1h".parse().unwrap()),
        min_interval: Duration::from_secs(60),
        caps: Caps::default(),
        budget: ProfileBudget::default(),
        rate: Rates::default(),
        retry: Retry::default(),
        net: Net { allowed_hosts: vec!["*.example".to_owned(), "api.test".to_owned()], ..Net::default() },
        actor: None,
        keep_pages: None,
        keep_pages_bytes: limits::KEPT_PAGES_BYTES,
        demand: None,
        plugin_digest: None,
        limits: CallLimits::default(),
    }
}

pub(crate) fn kind() -> Kind {
    Kind {
        name: "feed".to_owned(),
        description: String::new(),
        overrides_schema: String::new(),
        examples: vec![],
        hosts: vec!["*".to_owned()],
        methods: vec!["GET".to_owned()],
        actors: vec![],
        deltas: vec![],
        deliveries: false,
        extra: None,
    }
}

pub(crate) fn get(url: &str) -> Step {
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: vec![],
        body: None,
        want: crate::contract::BodyForm::Bytes,
        pass_statuses: vec![],
        extra: None,
    };
    Step { fetch: Fetch::Http(request), state: Some("s".to_owned()), extra: None }
}

fn with(url: &str, change: impl FnOnce(&mut HttpRequest)) -> Step {
    let mut step = get(url);
    if let Fetch::Http(request) = &mut step.fetch {
        change(request);
    }
    step
}

fn header(name: &str, value: &str) -> Step {
    let header = Header { name: name.to_owned(), value: value.to_owned() };
    with("https://a.example/", |request| request.headers.push(header))
}

#[test]
fn hosts_are_matched_whole_label_by_whole_label() {
    let table = [
        ("https://a.example/x", true),
        ("https://a.b.EXAMPLE/x", true),
        ("https://api.test/", true),
        ("https://example/", false),
        ("https://evilexample/", false),
        ("https://xapi.test/", false),
        ("https://api.test.evil.org/", false),
        ("https://b.api.test/", false),
    ];
    for (url, allowed) in table {
        let checked = check(get(url), &kind(), &profile(), MicroUsd::ZERO);
        assert_eq!(checked.is_ok(), allowed, "{url}");
        if let Err(failure) = checked {
            assert_eq!(failure.class, Class::Config, "{url}");
            assert!(failure.message.contains("rss_profile"), "{url}: {}", failure.message);
        }
    }
}

#[test]
fn under_a_credential_requests_read_unless_the_profile_says_more() {
    let credential = || {
        let carried = Carried::Header { header: "x-api-key".to_owned(), prefix: String::new() };
        Some(NetCredential { name: "vault".parse().unwrap(), carried })
    };
    let asks = |methods: &[&str]| methods.iter().map(|method| (*method).to_owned()).collect::<Vec<_>>();
    // Methods of the manifest, of the profile, whether there is a credential, of the request, allowed.
    type Row<'a> = (&'a [&'a str], Option<&'a [&'a str]>, bool, &'a str, bool);
    let table: [Row<'_>; 9] = [
        (&["GET", "POST"], None, false, "POST", true),
        (&["GET", "POST"], None, true, "POST", false),
        (&["GET", "POST"], None, true, "GET", true),
        (&["POST"], None, true, "POST", true),
        (&["GET", "POST"], Some(&["GET", "POST"]), true, "POST", true),
        (&["GET", "POST"], Some(&["GET"]), false, "POST", false),
        (&["GET", "POST"], Some(&["POST"]), true, "GET", false),
        (&["GET"], Some(&["GET", "POST"]), true, "POST", false),
        (&["GET"], Some(&[]), false, "GET", false),
    ];
    for (manifest, allowed, keyed, method, right) in table {
        let net =
            Net { credential: keyed.then(credential).flatten(), allowed_methods: allowed.map(asks), ..profile().net };
        let (kind, profile) = (Kind { methods: asks(manifest), ..kind() }, Profile { net, ..profile() });
        let step = with("https://a.example/", |request| request.method = method.to_owned());
        let checked = check(step, &kind, &profile, MicroUsd::ZERO);
        assert_eq!(checked.is_ok(), right, "{manifest:?} {allowed:?} {keyed} {method}: {checked:?}");
    }
}

#[test]
fn what_a_credential_fills_is_not_a_plugin_s_to_name() {
    let of = |carried: Carried| {
        let credential = Some(NetCredential { name: "vault".parse().unwrap(), carried });
        Profile { net: Net { credential, ..profile().net }, ..profile() }
    };
    let by_header = of(Carried::Header { header: "x-api-key".to_owned(), prefix: String::new() });
    let by_query = of(Carried::Query { query: "api_key".to_owned() });
    for (case, profile, step, right) in [
        ("another field", &by_header, header("x-api-version", "1"), true),
        ("the field", &by_header, header("X-Api-Key", "mine"), false),
        ("another parameter", &by_query, get("https://a.example/?key=1"), true),
        ("as it was given back", &by_query, get("https://a.example/?api_key=(hidden)&page=2"), true),
        ("the parameter", &by_query, get("https://a.example/?page=2&api%5Fkey=mine"), false),
        ("the parameter, empty", &by_query, get("https://a.example/?api_key="), false),
    ] {
        let checked = check(step, &kind(), profile, MicroUsd::ZERO);
        assert_eq!(checked.is_ok(), right, "{case}");
        if let Err(failure) = checked {
            assert_eq!(failure.class, Class::Config, "{case}: a person wrote it");
            assert!(failure.message.contains("vault") && !failure.message.contains("mine"), "{}", failure.message);
        }
    }
}

/// A server that says the credential back would give it in halves, and half of it is found by nobody.
#[test]
fn with_a_credential_answers_are_asked_for_whole_and_by_their_method() {
    let carried = Carried::Header { header: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
    let credential = Some(NetCredential { name: "vault".parse().unwrap(), carried });
    let keyed = Profile { net: Net { credential, ..profile().net }, ..profile() };
    for name in ["range", "Range", "if-range", "IF-RANGE", "X-HTTP-Method-Override", "x-method-override"] {
        let step = || header(name, "bytes=0-30");
        check(step(), &kind(), &profile(), MicroUsd::ZERO).unwrap();
        // No fault of the plugin: a source may have named the field.
        let failure = check(step(), &kind(), &keyed, MicroUsd::ZERO).unwrap_err();
        assert_eq!(failure.class, Class::Config, "{name}");
        assert!(failure.message.contains("vault"), "{name}: {}", failure.message);
    }
    assert_eq!(
        check(header("accept-encoding", "gzip"), &kind(), &keyed, MicroUsd::ZERO).unwrap_err().class,
        Class::PluginFault
    );
}

#[test]
fn what_no_plugin_may_ask_is_a_fault() {
    let table: Vec<(&str, Step)> = vec![
        ("other method", with("https://a.example/", |request| request.method = "DELETE".to_owned())),
        ("lower-case method", with("https://a.example/", |request| request.method = "get".to_owned())),
        ("file", get("file:///etc/passwd")),
        ("relative", get("/x")),
        ("userinfo", get("https://user:secret@a.example/")),
        ("long URL", get(&format!("https://a.example/{}", "x".repeat(limits::URL_BYTES)))),
        ("CR in a value", header("accept", "a\r\nx: y")),
        ("colon in a name", header("a:b", "x")),
        ("empty name", header("", "x")),
        ("authorization", header("Authorization", "x")),
        ("cookie", header("cookie", "x")),
        ("host", header("HOST", "x")),
        ("forwarded", header("x-forwarded-for", "x")),
        ("proxy", header("Proxy-Anything", "x")),
        ("statuses", with("https://a.example/", |request| request.pass_statuses = vec![200])),
        ("body", with("https://a.example/", |r| r.body = Some(Body::Bytes(vec![0; limits::REQUEST_BODY_BYTES + 1])))),
        ("state", Step { state: Some("x".repeat(limits::STATE_BYTES + 1)), ..get("https://a.example/") }),
        ("extra", Step { extra: Some("[]".to_owned()), ..get("https://a.example/") }),
        ("other", Step { fetch: Fetch::Other(String::new()), ..get("https://a.example/") }),
    ];
    for (case, step) in table {
        assert_eq!(check(step, &kind(), &profile(), MicroUsd::ZERO).unwrap_err().class, Class::PluginFault, "{case}");
    }
}

#[test]
fn a_delay_is_cut() {
    let table = [
        ("", 0),
        ("{}", 0),
        (r#"{"delay-s": 2}"#, 2_000),
        (r#"{"delay-s": 0.5}"#, 500),
        (r#"{"delay-s": -1}"#, 0),
        (r#"{"delay-s": 1e300}"#, 60_000),
    ];
    for (extra, millis) in table {
        let step = Step { extra: Some(extra.to_owned()), ..get("https://a.example/") };
        let plan = check(step, &kind(), &profile(), MicroUsd::ZERO).unwrap();
        assert_eq!(plan.delay(), Duration::from_millis(millis), "{extra}");
    }
}
