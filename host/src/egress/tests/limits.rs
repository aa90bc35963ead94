//! Every limit of a fetch is reached once, and named.

use std::num::NonZeroU32;

use tidegate_core::rate::{HostRates, Rates};

use super::*;

fn short(change: impl Fn(&mut EgressLimits)) -> Egress {
    let mut limits = EgressLimits::default();
    change(&mut limits);
    egress_with(limits, Arc::new(Names::default())).0
}

fn phase(error: &FetchError) -> Option<Phase> {
    if let FetchError::Timeout { phase, .. } = error { Some(*phase) } else { None }
}

#[tokio::test]
async fn a_slow_header() {
    for reply in ["", "HTTP/1.1 200 x\r\nx: y"] {
        let server = saying(move || raw(reply, Then::Hang)).await;
        let error = short(|limits| limits.header = SHORT).fetch(get(&server.url("/"))).await.unwrap_err();
        assert_eq!(phase(&error), Some(Phase::Header), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_stops() {
    let server = saying(|| raw("HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nabc", Then::Hang)).await;
    let error = short(|limits| limits.idle = SHORT).fetch(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(phase(&error), Some(Phase::Body), "{error}");
}

#[tokio::test]
async fn the_whole() {
    let server = saying(|| raw("HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nabc", Then::Hang)).await;
    let error = short(|limits| limits.total = SHORT).fetch(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(phase(&error), Some(Phase::Total), "{error}");
}

#[tokio::test]
async fn the_deadline_of_the_run() {
    let server = saying(|| raw("", Then::Hang)).await;
    let (egress, clock) = egress_with(EgressLimits::default(), Arc::new(Names::default()));
    let in_time = Some(clock.now().plus(SHORT));
    let error = egress.fetch(Outbound { deadline: in_time, ..get(&server.url("/")) }).await.unwrap_err();
    assert_eq!(phase(&error), Some(Phase::Total), "{error}");
}

#[tokio::test]
async fn a_queue_ends_at_the_deadline() {
    let server = saying(|| raw("", Then::Hang)).await;
    let default = Rates { concurrency: NonZeroU32::new(1), ..Rates::default() };
    let hosts = HostRates { default, ..HostRates::default() };
    let (egress, clock) = egress_of(EgressConfig { hosts, roots: Roots::Bundled, ..EgressConfig::default() });
    let mut first = Box::pin(egress.fetch(get(&server.url("/"))));
    // Far enough to hold the only turn.
    assert!(timeout(SHORT, &mut first).await.is_err());
    let deadline = Some(clock.now().plus(SHORT));
    let error = egress.fetch(Outbound { deadline, ..get(&server.url("/")) }).await.unwrap_err();
    assert_eq!(phase(&error), Some(Phase::Queue), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_name_server_that_does_not_answer() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str) -> Lookup<'a> {
            Box::pin(std::future::pending())
        }
    }
    let limits = EgressLimits { dns: SHORT, ..EgressLimits::default() };
    let (egress, _) = egress_with(limits, Arc::new(Silent));
    let error = egress.fetch(get("http://silent.example/")).await.unwrap_err();
    assert_eq!(phase(&error), Some(Phase::Dns), "{error}");
    assert!(error.to_string().contains("silent.example"), "{error}");
}

#[tokio::test]
async fn nobody_listens() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = egress().fetch(get(&format!("http://{address}/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_hangs_counts_as_connecting() {
    let server = saying(|| raw("", Then::Hang)).await;
    let url = format!("https://{}/", server.address);
    let error = short(|limits| limits.connect = SHORT).fetch(get(&url)).await.unwrap_err();
    assert_eq!(phase(&error), Some(Phase::Connect), "{error}");
}
