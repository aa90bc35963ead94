//! Servers of every sort, walked by the plugin run after run as the host does it: whatever they do, a run ends within its pages, and
//! whatever is read once is never hidden behind the mark.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod corners;
mod host;
mod manners;
mod server;

use host::Host;
use manners::{Expiry, Manner, Mishap};
use proptest::prelude::*;
use serde_json::json;
use server::Server;
use tidegate_plugin_kit::Plugin as _;

/// Runs after which everything that a server shows has been read.
const RUNS: usize = 40;

fn settings(server: &Server) -> serde_json::Value {
    let mut settings = server.settings();
    if server.incremental {
        settings["incremental"] = json!({"by": server.by, "order": server.order, "overlap_s": 0});
        if server.filters {
            settings["query"] = json!({"since": "{{since}}"});
        }
    }
    settings
}

/// The same in a table, so that a failure is found at its name.
#[test]
fn every_kind_of_paging_and_every_manner() {
    for kind in server::KINDS {
        for manner in Manner::ALL {
            for (order, by, filters) in [
                ("any", "time", true),
                ("newest-first", "time", false),
                ("newest-first", "id", false),
                ("oldest-first", "time", false),
                ("oldest-first", "id", true),
            ] {
                for incremental in [false, true] {
                    let mut server = Server::new(kind, manner, 23, 3);
                    (server.order, server.by, server.filters, server.incremental) = (order, by, filters, incremental);
                    let name = format!("{kind} {manner:?} {order} {by} {filters} incremental {incremental}");
                    let mut host = Host::new(&settings(&server), 4, 1_000);
                    let first = host.run(&mut server);
                    assert!(first.requests <= 4, "{name}: {} requests", first.requests);
                    read_all(&mut host, &mut server, &name);
                    // New ones come while the source is known, a few and then many.
                    for more in [2, 17] {
                        server.publish(more);
                        read_all(&mut host, &mut server, &name);
                    }
                }
            }
        }
    }
}

/// Everything the server shows is read within so many runs, each within its pages.
fn read_all(host: &mut Host, server: &mut Server, name: &str) {
    let wanted = server.visible();
    for _ in 0..RUNS {
        let run = host.run(server);
        assert!(run.requests <= host.max_pages as usize, "{name}: {} requests in a run", run.requests);
        if wanted.iter().all(|id| host.stored.contains(id)) {
            return;
        }
    }
    let missing: Vec<&String> = wanted.iter().filter(|id| !host.stored.contains(*id)).collect();
    panic!("{name}: never read {missing:?}; it ended with {:?}", host.last);
}

/// Once everything is read, a run asks for no more than it has to: a listing with the newest first ends at what is known.
#[test]
fn what_is_known_is_not_read_again() {
    for (kind, by) in [("offset", "time"), ("cursor", "time"), ("page", "id"), ("link-header", "time")] {
        let mut server = Server::new(kind, Manner::Good, 47, 5);
        (server.order, server.by, server.incremental) = ("newest-first", by, true);
        let mut host = Host::new(&settings(&server), 100, 1_000);
        read_all(&mut host, &mut server, kind);
        server.publish(2);
        let run = host.run(&mut server);
        assert_eq!((run.requests, run.new), (1, 2), "{kind}");
    }
}

/// The first run of a source is cut, and what is older than its cut stays away.
#[test]
fn a_first_run_is_cut() {
    let mut server = Server::new("cursor", Manner::Good, 47, 5);
    (server.order, server.incremental) = ("newest-first", true);
    let mut host = Host::new(&settings(&server), 10, 10);
    let first = host.run(&mut server);
    assert_eq!((first.requests, first.new), (2, 10));
    assert_eq!(host.run(&mut server).new, 0);
}

/// A platform that asks to slow down after every few pages is read to its end all the same.
#[test]
fn a_listing_that_is_cut_by_429_again_and_again_is_read_to_its_end() {
    for kind in server::KINDS.into_iter().filter(|kind| *kind != "none") {
        let mut server = Server::new(kind, Manner::Good, 47, 5);
        (server.order, server.incremental, server.slow_after) = ("newest-first", true, Some(2));
        let mut host = Host::new(&settings(&server), 50, 1_000);
        read_all(&mut host, &mut server, kind);
        server.publish(33);
        read_all(&mut host, &mut server, kind);
    }
}

/// What goes wrong once, in a first run or in a later one, costs nothing but time: the mark proves nothing that was not read.
#[test]
fn a_page_that_fails_once_loses_nothing() {
    for kind in ["cursor", "cursor-header", "link-header", "link-body"] {
        for mishap in Mishap::ALL {
            for (order, filters) in [("newest-first", false), ("any", true), ("oldest-first", true)] {
                for run in [1, 2] {
                    let mut server = Server::new(kind, Manner::Good, 60, 10);
                    (server.order, server.filters, server.incremental) = (order, filters, true);
                    server.mishap = Some((mishap, run));
                    let mut host = Host::new(&settings(&server), 10, 1_000);
                    host.run(&mut server);
                    if run == 2 {
                        server.publish(60);
                        host.run(&mut server);
                    }
                    read_all(&mut host, &mut server, &format!("{kind} {mishap:?} {order} in run {run}"));
                }
            }
        }
    }
}

/// A sweep that is read again because one was cut does not bring more than a first run may.
#[test]
fn a_first_run_that_fails_is_cut_all_the_same() {
    let mut server = Server::new("cursor", Manner::Good, 200, 10);
    (server.order, server.incremental, server.mishap) = ("newest-first", true, Some((Mishap::NotFound, 1)));
    let mut host = Host::new(&settings(&server), 100, 50);
    host.run(&mut server);
    let again: Vec<usize> = (0..3).map(|_| host.run(&mut server).requests).collect();
    assert_eq!((again, host.stored.len()), (vec![5, 1, 1], 50));
}

/// Records dated a few minutes ahead, which anybody may post, do not hide those that come after them.
#[test]
fn a_record_dated_ahead_hides_nothing() {
    for kind in ["cursor", "offset", "page"] {
        for (order, filters) in [("newest-first", false), ("newest-first", true), ("any", true), ("oldest-first", true)]
        {
            let mut server = Server::new(kind, Manner::Good, 6, 10);
            (server.order, server.filters, server.incremental, server.ahead) = (order, filters, true, Some(5));
            let mut host = Host::new(&settings(&server), 10, 1_000);
            host.run(&mut server);
            for more in [3, 4, 28] {
                server.publish(more);
                host.run(&mut server);
            }
            read_all(&mut host, &mut server, &format!("{kind} {order} {filters}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No loop and no loss, for servers that nobody thought of.
    #[test]
    fn whatever_a_server_does(
        kind in proptest::sample::select(server::KINDS.to_vec()),
        manner in proptest::sample::select(Manner::ALL.to_vec()),
        (records, size, pages, cap) in (0_usize..40, 1_usize..9, 1_u32..8, 1_u32..30),
        (order, by) in proptest::sample::select(vec![("any", "time"), ("newest-first", "time"), ("newest-first", "id"), ("oldest-first", "id"), ("oldest-first", "time")]),
        (filters, incremental, texts, pinned) in any::<(bool, bool, bool, bool)>(),
        (huge, odd) in any::<(bool, bool)>(),
        expiry in proptest::sample::select(Expiry::ALL.to_vec()),
        growth in prop::collection::vec(0_usize..20, 0..3),
    ) {
        // A first sweep that is never whole brings what a first run may, again and again: of a server without an end no more.
        prop_assume!(!matches!(manner, Manner::Wraps | Manner::Circles) || cap > 7);
        let mut server = Server::new(kind, manner, records, size);
        (server.order, server.by, server.filters, server.incremental) = (order, by, filters, incremental);
        // Of a page of one record nobody can tell that it is pinned, and some servers show half of what is asked for.
        (server.texts, server.pinned, server.expiry) = (texts, pinned && size > 2, (expiry, None));
        // Of a page of few records most would be out of order.
        let newest = order == "newest-first" && size > 6;
        (server.huge, server.odd) = (huge && newest && !texts, odd && newest);
        let mut host = Host::new(&settings(&server), pages, cap);
        host.run(&mut server);
        for more in growth {
            server.publish(more);
            let run = host.run(&mut server);
            prop_assert!(run.requests <= pages as usize, "{} requests", run.requests);
        }
        // What came after the first run has ended is read, sooner or later.
        let name = format!("{kind} {manner:?} {order} {by} pages {pages} cap {cap}");
        server.publish(7);
        let fresh = server.newest(7);
        for _ in 0..150 {
            if fresh.iter().all(|id| host.stored.contains(id)) {
                break;
            }
            host.run(&mut server);
        }
        let shown = server.visible();
        let missing: Vec<&String> = fresh.iter().filter(|id| shown.contains(*id) && !host.stored.contains(*id)).collect();
        prop_assert!(missing.is_empty(), "{name}: {missing:?}, ended with {:?}", host.last);
    }

    /// Whatever an answer holds, nothing panics and states stay within their bound.
    #[test]
    fn any_answer(body in r#"[\[\]{}:,"a-d0-9 \\u-]{0,60}|.{0,30}"#, status in 200_u16..600, kind in proptest::sample::select(server::KINDS.to_vec())) {
        use tidegate_plugin_kit::{HttpResponse, Job, Page};
        let server = Server::new(kind, Manner::Good, 1, 1);
        let overrides = settings(&server).to_string();
        let job = Job { overrides, ..Job::new("rest", "https://api.example/items") };
        let step = tidegate_plugin_http::Http::plan(&job).unwrap();
        let page = Page::http(step.state, HttpResponse::new(status, "https://api.example/items", body));
        if let Ok(batch) = tidegate_plugin_http::Http::normalize(&job, &page) {
            prop_assert!(batch.warnings.len() <= 16);
            prop_assert!(batch.watermark.is_none_or(|mark| mark.cursor.is_none_or(|cursor| cursor.len() <= 64 * 1_024)));
            prop_assert!(batch.next.is_none_or(|step| step.state.is_none_or(|state| state.len() <= 64 * 1_024)));
        }
    }
}
