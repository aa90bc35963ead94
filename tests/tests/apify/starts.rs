//! Scenarios 1 to 4 and 7: what can happen to a start.

use apify_emulator::LogEntry;
use serde_json::json;
use tidegate_tests::place::word;

use crate::scene::{Part, Shared, Stage, part, scripted};

/// Starts that fail come in waves: the daemon leaves a platform alone for half a minute after five failures in a row. Beside
/// them goes a run that is asked about all the time.
static STAGE: Shared = Shared::new(|| {
    let stage = Stage::new();
    let pulse = r#"{"when":{"endpoint":"start","handle":"HANDLE"},"effect":{"run":{"duration_ms":50000}}}"#;
    let waves: [Vec<Part>; 4] = [
        vec![
            scripted("ig", pulse, "pulse.one"),
            part("ig", "1", "plain.one"),
            part("x", "1", "plain_two"),
            part("ig", "2", "lost.head"),
            part("ig", "2-unanswered", "lost.answer"),
            part("x", "2-reset", "lost_reset"),
        ],
        vec![part("ig", "2-body", "lost.body"), part("ig", "2-lag", "lost.lag"), part("x", "3-after", "gateway_after")],
        vec![
            part("ig", "3-after-504", "gateway.late"),
            part("ig", "3-before", "gateway.before"),
            part("x", "3-before-504", "gateway_never"),
        ],
        vec![
            part("ig", "4", "rate.limited"),
            part("ig", "7-301", "moved.301"),
            part("ig", "7-302", "moved.302"),
            part("ig", "7-307", "moved.307"),
            part("ig", "7-other", "moved.away"),
            part("x", "7-other-307", "moved_away_307"),
            part("ig", "7-get", "moved.poll"),
            part("ig", "7-get-other", "moved.look"),
        ],
    ];
    for wave in waves {
        let handles: Vec<&str> = wave.iter().map(Part::handle).collect();
        stage.add(&wave);
        stage.until("the starts of a wave", |stage| handles.iter().all(|handle| !stage.starts(handle).is_empty()));
    }
    stage
});

/// 1: the plain case. One run, its items, its cost to the micro-dollar; the token stands nowhere.
#[test]
fn scenario_01_a_start_is_answered() {
    let stage = STAGE.get();
    for handle in ["plain.one", "plain_two"] {
        stage.went_well(handle, 20);
        assert_eq!(stage.starts(handle).len(), 1, "{handle}");
    }
    assert_eq!(stage.world.leaks(&[("the log", &stage.log())]).unwrap(), Vec::<String>::new());
}

/// 2: the run exists and the answer is lost, in each of the ways in which it can be. The run is found, not started again.
#[test]
fn scenario_02_an_answer_that_is_lost_starts_nothing_twice() {
    let stage = STAGE.get();
    for handle in ["lost.head", "lost.answer", "lost_reset", "lost.body", "lost.lag"] {
        stage.went_well(handle, 20);
        assert_eq!(stage.starts(handle).len(), 1, "{handle}: {:#?}", stage.starts(handle));
        assert!(stage.logged(handle, "found the lost start of"), "{handle}: {:#?}", stage.lines(handle));
    }
}

/// 3: a gateway gives up. Whether a run came of it is found out; only if there is none it is asked for again, as the same
/// intent.
#[test]
fn scenario_03_a_gateway_gives_up_before_or_after() {
    let stage = STAGE.get();
    for (handle, asked) in [("gateway_after", 1), ("gateway.late", 1), ("gateway.before", 2), ("gateway_never", 2)] {
        stage.went_well(handle, 20);
        let starts = stage.starts(handle);
        assert_eq!(starts.len(), asked, "{handle}: {starts:#?}");
        assert_eq!(starts[0].user_agent, starts[asked - 1].user_agent, "{handle}");
        assert_eq!(stage.logged(handle, "found the lost start of"), asked == 1, "{handle}");
    }
}

/// 4: 429 comes before any run: the start is repeated, after waits that grow, and the platform's advice is their least.
#[test]
fn scenario_04_a_limited_rate_is_waited_out() {
    let stage = STAGE.get();
    stage.went_well("rate.limited", 20);
    let starts = stage.starts("rate.limited");
    let answers: Vec<u16> = starts.iter().map(|start| start.status).collect();
    assert_eq!(answers, [429, 429, 429, 201]);
    let waits: Vec<i64> = starts.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
    assert!(waits.iter().zip([500, 1_000, 2_000]).all(|(wait, least)| *wait >= least), "{waits:?}");
}

/// 7: a redirected start is followed only where it stays a POST to the same origin; the token goes nowhere else.
#[test]
fn scenario_07_redirects_start_nothing_elsewhere() {
    let stage = STAGE.get();
    for handle in ["moved.307", "moved.poll", "moved.look"] {
        stage.went_well(handle, 20);
    }
    assert_eq!(statuses(&stage.starts("moved.307")), [307, 201]);
    for handle in ["moved.poll", "moved.look"] {
        let polls = statuses(&stage.polls(handle));
        assert_eq!((polls[0], polls[1]), (302, 200), "{handle}: {polls:?}");
    }
    for (handle, status) in [("moved.301", 301), ("moved.302", 302), ("moved.away", 302), ("moved_away_307", 307)] {
        let run = &stage.ended(handle, 1)[0];
        assert_eq!((word(run, "ending"), &run["failure"][0]), ("failed".to_owned(), &json!("bad-answer")), "{run}");
        assert!(stage.logged(handle, &format!("answered {status}")), "{:#?}", stage.lines(handle));
        assert_eq!(statuses(&stage.starts(handle)), [status], "{handle}");
        assert_eq!(stage.paid_for(handle, 0), 0);
        assert_eq!(stage.state(handle), (1, "active".to_owned()), "{handle}");
        // The next one is answered.
        stage.again(handle);
        let run = &stage.ended(handle, 2)[0];
        assert_eq!((word(run, "ending"), stage.items(handle).len()), ("ok".to_owned(), 20), "{handle}: {run}");
        stage.paid_for(handle, 1);
    }
    let log = stage.world.emulator.log();
    let host = stage.world.emulator.addr().to_string();
    let strays: Vec<&LogEntry> = log.iter().filter(|entry| entry.host != host).collect();
    assert!(strays.is_empty(), "another host was asked: {strays:#?}");
    let turned = log.iter().filter(|entry| entry.method == "GET" && entry.path.contains("maxTotalChargeUsd"));
    assert_eq!(turned.count(), 0, "a start became a GET");
    assert_eq!(stage.world.books().tokens_in_urls, 0);
}

fn statuses(entries: &[LogEntry]) -> Vec<u16> {
    entries.iter().map(|entry| entry.status).collect()
}
