//! Servers that forget, contradict themselves, lead round in a circle, or show a record where it does not belong.

use super::manners::{Expiry, Manner};
use super::server::Server;
use super::{Host, RUNS, read_all, settings};

const TOLD: [&str; 4] = ["cursor", "cursor-header", "link-header", "link-body"];

/// However a server refuses a position of an earlier run, once: everything is read all the same.
#[test]
fn a_position_that_is_forgotten_once_loses_nothing() {
    for kind in TOLD {
        for expiry in Expiry::ALL {
            for (order, filters) in [("newest-first", false), ("any", true), ("oldest-first", false)] {
                let mut server = Server::new(kind, Manner::Expires, 60, 5);
                (server.order, server.filters, server.incremental) = (order, filters, true);
                server.expiry = (expiry, Some(2));
                let mut host = Host::new(&settings(&server), 4, 1_000);
                read_all(&mut host, &mut server, &format!("{kind} {expiry:?} {order}"));
            }
        }
    }
}

/// And if it refuses each: the top is read in each run, and no run fails.
#[test]
fn positions_that_are_always_forgotten_do_not_keep_the_top_from_being_read() {
    for kind in TOLD {
        for expiry in Expiry::ALL {
            for order in ["newest-first", "any"] {
                let mut server = Server::new(kind, Manner::Expires, 60, 5);
                (server.order, server.incremental, server.expiry) = (order, true, (expiry, None));
                let mut host = Host::new(&settings(&server), 4, 1_000);
                for _ in 0..4 {
                    host.run(&mut server);
                }
                server.publish(3);
                let (name, wanted) = (format!("{kind} {expiry:?} {order}"), server.visible());
                let run = host.run(&mut server);
                assert!(run.requests <= 4 && host.last.contains("read from its beginning"), "{name}: {}", host.last);
                assert!(wanted.iter().all(|id| host.stored.contains(id)), "{name}");
            }
        }
    }
}

/// A server that shows no more than so many records of a listing shows its newest all the same.
#[test]
fn a_window_that_a_listing_is_seen_through() {
    for kind in ["offset", "page", "cursor"] {
        for status in [400, 403, 451, 500] {
            let mut server = Server::new(kind, Manner::Good, 60, 5);
            (server.order, server.incremental, server.window) = ("newest-first", true, Some((25, status)));
            let mut host = Host::new(&settings(&server), 5, 1_000);
            for more in [0, 3, 12] {
                server.publish(more);
                read_all(&mut host, &mut server, &format!("{kind} {status}"));
            }
        }
    }
}

/// A circle that is longer than a run is found, and what is new at the top is read.
#[test]
fn a_circle_that_is_longer_than_a_run() {
    for kind in TOLD {
        for order in ["newest-first", "any"] {
            let mut server = Server::new(kind, Manner::Circles, 60, 5);
            (server.order, server.incremental) = (order, true);
            let mut host = Host::new(&settings(&server), 4, 1_000);
            let mut found = 0;
            for _ in 0..RUNS {
                host.run(&mut server);
                found += usize::from(host.last.contains("circle"));
            }
            assert!(found >= 2, "{kind} {order}: found {found} times");
            server.publish(12);
            read_all(&mut host, &mut server, &format!("{kind} {order}"));
        }
    }
}

/// One record with the highest id there can be, at the top of each first page, or an old one at its end, hides nothing; and a listing
/// whose newest are known is left after its first page.
#[test]
fn one_record_that_is_out_of_order() {
    for kind in TOLD.into_iter().chain(["offset", "page"]) {
        for (by, texts) in [("id", false), ("id", true), ("time", false)] {
            for (huge, odd) in [(true, false), (false, true), (true, true)] {
                let mut server = Server::new(kind, Manner::Good, 40, 5);
                (server.order, server.by, server.texts, server.incremental) = ("newest-first", by, texts, true);
                (server.huge, server.odd) = (huge && !texts, odd);
                let name = format!("{kind} {by} texts {texts} huge {huge} odd {odd}");
                let mut host = Host::new(&settings(&server), 20, 1_000);
                read_all(&mut host, &mut server, &name);
                assert_eq!(host.run(&mut server).requests, 1, "{name}: nothing is new");
                for more in [20, 4, 7] {
                    server.publish(more);
                    read_all(&mut host, &mut server, &name);
                }
            }
        }
    }
}
