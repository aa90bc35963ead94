//! Who may be dialled: loopback, exceptions of a profile, names that change their mind.

use super::*;

#[tokio::test]
async fn this_machine_is_closed_without_an_exception() {
    let server = saying(|| answer(200, &[], "")).await;
    let port = server.address.port();
    for url in [
        server.url("/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
    ] {
        let error = egress().fetch(Outbound { grant: NetGrant::default(), ..get(&url) }).await.unwrap_err();
        assert!(matches!(error, FetchError::Denied { .. }), "{url}: {error}");
    }
    assert_eq!(server.seen().len(), 0);
    let exact = format!("127.0.0.1:{port}");
    assert!(egress().fetch(Outbound { grant: grant(&[&exact]), ..get(&server.url("/")) }).await.is_ok());
    let other_port = Outbound { grant: grant(&["127.0.0.1:1234"]), ..get(&server.url("/")) };
    assert!(egress().fetch(other_port).await.is_err());
}

#[tokio::test]
async fn names_are_judged_by_all_their_addresses() {
    let names = Names::of(&[
        ("private.example", &[&["10.0.0.1"]]),
        ("mixed.example", &[&["93.184.216.34", "10.0.0.1"]]),
        ("nat64.example", &[&["64:ff9b::a00:1"]]),
        ("metadata.example", &[&["169.254.169.254"]]),
        ("none.example", &[&[]]),
    ]);
    let (egress, _) = egress_with(EgressLimits::default(), Arc::clone(&names) as Arc<dyn Resolve>);
    for host in ["private.example", "mixed.example", "nat64.example", "metadata.example"] {
        let error =
            egress.fetch(Outbound { grant: NetGrant::default(), ..get(&format!("http://{host}/")) }).await.unwrap_err();
        assert!(
            matches!(&error, FetchError::Denied { address: Some(_), host: named, .. } if named == host),
            "{error:?}"
        );
    }
    for host in ["none.example", "missing.example"] {
        let error = egress.fetch(get(&format!("http://{host}/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Dns { .. }), "{error:?}");
    }
    let asked = names.asked();
    let error = egress.fetch(get("http://db.internal/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Denied { address: None, .. }), "{error:?}");
    assert_eq!(names.asked(), asked, "a denied name is not even looked up");
}

#[tokio::test]
async fn a_rebinding_name_is_pinned_and_then_denied() {
    let server = saying(|| raw("HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", Then::Close)).await;
    let names = Names::of(&[("rebind.example", &[&["127.0.0.1"], &["10.0.0.1"]])]);
    let (egress, _) = egress_with(EgressLimits::default(), Arc::clone(&names) as Arc<dyn Resolve>);
    let url = format!("http://rebind.example:{}/", server.address.port());
    // The only look-up is the one that was judged: dialled is what it gave.
    assert!(egress.fetch(get(&url)).await.is_ok());
    assert_eq!(names.asked(), 1);
    // The next connection asks again, and is judged again.
    let error = egress.fetch(get(&url)).await.unwrap_err();
    assert!(matches!(error, FetchError::Denied { .. }), "{error:?}");
    assert_eq!((names.asked(), server.seen().len()), (2, 1));
}

#[tokio::test]
async fn an_exception_does_not_leak_to_other_profiles() {
    let server = saying(|| answer(200, &[], "")).await;
    let names = Names::of(&[("wiki.example", &[&["127.0.0.1"]])]);
    let (egress, _) = egress_with(EgressLimits::default(), names);
    let url = format!("http://wiki.example:{}/", server.address.port());
    let allowed = || Outbound { grant: grant(&["wiki.example"]), ..get(&url) };
    assert!(egress.fetch(allowed()).await.is_ok());
    // A connection to it is open now, and stays out of reach.
    for rules in [&[][..], &["10.0.0.0/8"], &["other.example"]] {
        let error = egress.fetch(Outbound { grant: grant(rules), ..get(&url) }).await.unwrap_err();
        assert!(matches!(error, FetchError::Denied { .. }), "{rules:?}: {error:?}");
    }
    assert!(egress.fetch(allowed()).await.is_ok());
    let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0], "the second request used the open connection");
}

#[tokio::test]
async fn an_exception_for_one_port_opens_no_other() {
    let open = saying(|| answer(200, &[], "open")).await;
    let closed = saying(|| answer(200, &[], "closed")).await;
    let there = format!("http://wiki.example:{}/", closed.address.port());
    let redirecting = Server::start(move |_| answer(302, &[("location", &there)], "")).await;
    let names = Names::of(&[("wiki.example", &[&["127.0.0.1"]])]);
    let (egress, _) = egress_with(EgressLimits::default(), names);
    let url = |server: &Server| format!("http://wiki.example:{}/", server.address.port());
    let rule = |server: &Server| format!("wiki.example:{}", server.address.port());
    let (ours, theirs) = ([rule(&open), rule(&redirecting)], [rule(&closed)]);
    let fetch = async |rules: &[String], url: String| {
        let rules: Vec<_> = rules.iter().map(String::as_str).collect();
        egress.fetch(Outbound { grant: grant(&rules), ..get(&url) }).await
    };
    // Both profiles get the same client, as each may reach the name at its own port; connections to both are open then.
    assert_eq!(bytes(&fetch(&ours, url(&open)).await.unwrap()), b"open");
    assert_eq!(bytes(&fetch(&theirs, url(&closed)).await.unwrap()), b"closed");
    for (rules, url) in
        [(&ours[..], url(&closed)), (&theirs[..], url(&open)), (&[][..], url(&open)), (&ours[..], url(&redirecting))]
    {
        let error = fetch(rules, url.clone()).await.unwrap_err();
        assert!(matches!(error, FetchError::Denied { address: Some(_), .. }), "{rules:?} {url}: {error:?}");
    }
    assert_eq!((open.seen().len(), closed.seen().len(), redirecting.seen().len()), (1, 1, 1));
}

/// The client would dial a literal without asking the resolver. So whatever it takes for one has to be one for the verdict.
#[test]
fn a_name_is_never_an_address_to_the_client() {
    use tidegate_core::fetch::{Host, Target};
    let hosts = [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[fe80::1%25eth0]",
        "1.2.3.4.5",
        "256.0.0.1",
        "127.0.0.1.example",
        "a.127.0.0.1",
    ];
    let mut addresses = 0;
    for target in hosts.iter().filter_map(|host| Target::parse(&format!("http://{host}/")).ok()) {
        let uri: http::Uri = target.url().as_str().parse().unwrap();
        let dialled = uri.host().unwrap().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let judged = if let Host::Address(address) = target.host() { Some(address) } else { None };
        assert_eq!(dialled, judged, "{target:?}");
        addresses += usize::from(judged.is_some());
    }
    assert!(addresses > 8, "{addresses}");
}

#[tokio::test]
async fn a_denied_literal_is_named_without_brackets() {
    for (url, host) in
        [("http://[::1]/", "::1"), ("http://10.0.0.1/", "10.0.0.1"), ("http://db.internal/", "db.internal")]
    {
        let error = egress().fetch(get(url)).await.unwrap_err();
        assert!(matches!(&error, FetchError::Denied { host: named, .. } if named == host), "{error:?}");
    }
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let server = saying(|| answer(200, &[], "")).await;
    // Nothing listens on the first.
    let names = Names::of(&[("two.example", &[&["127.0.0.2", "127.0.0.1"]])]);
    let (egress, _) = egress_with(EgressLimits::default(), names);
    let url = format!("http://two.example:{}/", server.address.port());
    assert_eq!(egress.fetch(get(&url)).await.unwrap().status, 200);
}

/// Run by the next test in a process of its own, whose environment names proxies.
#[tokio::test]
#[ignore = "run by proxies_in_the_environment_are_ignored"]
async fn with_proxies_in_the_environment() {
    let server = saying(|| answer(200, &[], "direct")).await;
    let names = Names::of(&[("plain.example", &[&["127.0.0.1"]])]);
    let (egress, _) = egress_with(EgressLimits::default(), names);
    for host in ["127.0.0.1", "plain.example"] {
        let url = format!("http://{host}:{}/", server.address.port());
        assert_eq!(bytes(&egress.fetch(get(&url)).await.unwrap()), b"direct");
    }
}

#[tokio::test]
async fn proxies_in_the_environment_are_ignored() {
    let trap = saying(|| answer(200, &[], "proxied")).await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "egress::tests::access::with_proxies_in_the_environment", "--ignored"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, trap.url(""));
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(trap.seen().len(), 0);
}
