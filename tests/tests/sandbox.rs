//! The plugin room against plugins that misbehave: every trick ends in the fault that names it, and in nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "tests; their tasks are awaited"
)]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::json;
use tidegate::plugins::{
    CallContext, Digest, FaultKind, LogLevel, Origin, Plugin, PluginRoom, RefusalKind, RoomConfig, Track, WasiPolicy,
};
use tidegate_core::contract::{
    ActorEnd, Body, DatasetPage, Delivery, Failure, FailureCategory, Fetch, Header, HttpResponse, Job, Page,
    PageContent, Redirect,
};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tidegate_tests::guests;

const PACKAGE: &str = "tidegate-guest-hostile";
static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build(PACKAGE, &[]).unwrap());
static WASI_GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build(PACKAGE, &["wasi"]).unwrap());
/// One cache for all tests: each component is compiled once.
static CACHE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn room() -> PluginRoom {
    let cache_dir = Some(CACHE.path().join("cache"));
    PluginRoom::new(RoomConfig { cache_dir, ..RoomConfig::default() }).unwrap()
}

fn file(name: &str) -> Origin {
    Origin::File(name.into())
}

async fn plugin(room: &PluginRoom) -> Arc<Plugin> {
    room.load(GUEST.clone(), file("hostile.wasm")).await.unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The guest with another word in its marker: what it does while it is loaded.
fn in_mode(mode: &str) -> Vec<u8> {
    let marker = |word: &str| format!("MODE:{word}{}", ".".repeat(27 - word.len()));
    guests::patched(&GUEST, &marker("calm"), &marker(mode))
}

fn now() -> UtcMillis {
    UtcMillis::parse("2026-11-21T23:04:05Z").unwrap()
}

fn cx() -> CallContext {
    CallContext::at(now())
}

/// Little CPU time, so that what never ends ends soon.
fn short() -> CallContext {
    CallContext { cpu: Duration::from_millis(50), ..cx() }
}

fn job(identifier: &str) -> Job {
    Job {
        kind: "trick".into(),
        identifier: identifier.into(),
        overrides: "{}".into(),
        watermark: None,
        max_items: 7,
        max_pages: 10,
        now: now().to_string(),
        actor: None,
        platform_id: None,
        extra: None,
    }
}

fn http_page(body: Body) -> Page {
    let headers = vec![Header { name: "etag".into(), value: "\"1\"".into() }];
    let redirects = vec![Redirect { status: 301, url: "https://example.org/b".into() }];
    let answer =
        HttpResponse { status: 200, final_url: "https://example.org/b".into(), redirects, headers, body, extra: None };
    Page { state: Some("s".into()), content: PageContent::Http(answer), number: 3, extra: None }
}

#[tokio::test]
async fn a_calm_plugin_says_what_it_is_and_answers() {
    let plugin = plugin(&room()).await;
    assert_eq!((plugin.name(), plugin.version()), ("hostile-guest", "0.1.0+seal"));
    assert_eq!(plugin.track(), Track::V0_1);
    assert_eq!(plugin.digest(), Digest::of(&GUEST));
    assert!(plugin.wasi_imports().is_empty() && plugin.takes_deliveries());

    let valid = plugin.validate("trick", "Echo", "{}", &cx()).await.unwrap();
    assert_eq!(valid.value.unwrap().identifier, "echo");
    let refused = plugin.validate("trick", "unknown", "{}", &cx()).await.unwrap();
    assert_eq!(refused.value.unwrap_err().len(), 1);

    let answer = plugin.plan(&job("echo"), &cx()).await.unwrap();
    let step = answer.value.unwrap();
    assert_eq!(step.state.as_deref(), Some("echo 7 2026-11-21T23:04:05Z"));
    assert!(matches!(&step.fetch, Fetch::Http(request) if request.url == "https://example.org/feed"));
    assert!(answer.memory > 0 && answer.cpu > Duration::ZERO && answer.log.is_empty());

    let failed = plugin.plan(&job("fail"), &cx()).await.unwrap().value.unwrap_err();
    let told = Failure {
        category: FailureCategory::Config,
        message: "told to fail".into(),
        retry_after_s: Some(1.5),
        pointer: None,
        extra: None,
    };
    assert_eq!(failed, told);
}

#[tokio::test]
async fn pages_and_deliveries_arrive_whole() {
    let plugin = plugin(&room()).await;
    let dataset = DatasetPage {
        elements: vec!["{}".into(), "[1]".into()],
        offset: 5,
        more: true,
        ended: ActorEnd::Running,
        extra: None,
    };
    let dataset = Page { state: None, content: PageContent::Dataset(dataset), number: 1, extra: None };
    let other = Page { state: None, content: PageContent::Other("x".into()), number: 0, extra: None };
    let start = "s #3 200 https://example.org/b etag=\"1\" 301>https://example.org/b";
    let table = [
        (http_page(Body::Text("ä".into())), format!("{start} text ä")),
        (http_page(Body::Bytes(vec![0xff; 5 << 20])), format!("{start} 5242880 bytes")),
        (dataset, " #1 5+{}|[1] true".to_owned()),
        (other, " #0 other x".to_owned()),
    ];
    for (page, seen) in table {
        let batch = plugin.normalize(&job("echo"), &page, &cx()).await.unwrap().value.unwrap();
        let item = batch.items.first().unwrap();
        assert_eq!(item.text.as_deref(), Some(seen.as_str()));
        // The contract: the host replaces NUL.
        assert_eq!(item.title.as_deref(), Some("a\u{FFFD}b"));
    }
    let delivery = Delivery {
        method: "POST".into(),
        query: vec![],
        headers: vec![],
        body: Body::Text("ping".into()),
        received_at: now().to_string(),
        extra: None,
    };
    let batch = plugin.normalize_delivery(&job("echo"), &delivery, &cx()).await.unwrap().unwrap().value.unwrap();
    assert_eq!(batch.items.first().unwrap().text.as_deref(), Some("ping"));
}

#[tokio::test]
async fn every_trick_of_a_call_ends_in_the_fault_that_names_it() {
    let room = room();
    let plugin = plugin(&room).await;
    type Check = fn(&FaultKind) -> bool;
    let table: [(&str, Check); 12] = [
        ("loop", |kind| matches!(kind, FaultKind::DeadlineCpu { .. })),
        ("post-return", |kind| matches!(kind, FaultKind::DeadlineCpu { .. })),
        ("grow", |kind| matches!(kind, FaultKind::Memory { limit, .. } if *limit == limits::MEMORY_BYTES)),
        ("recurse", |kind| matches!(kind, FaultKind::Stack { .. })),
        ("panic", |kind| {
            matches!(kind, FaultKind::Trap { said: Some(said), frames, .. }
                if said.contains("told to panic") && frames.iter().any(|frame| frame.contains("give_up")))
        }),
        ("silent", |kind| matches!(kind, FaultKind::Trap { said: None, cause, .. } if cause.contains("unreachable"))),
        ("bad-utf8", |kind| matches!(kind, FaultKind::BadOutput { what } if what.contains("utf-8"))),
        ("bad-pointer", |kind| matches!(kind, FaultKind::BadOutput { what } if what.contains("out of bounds"))),
        ("bad-case", |kind| matches!(kind, FaultKind::BadOutput { what } if what.contains("discriminant"))),
        ("big-answer", |kind| matches!(kind, FaultKind::AnswerTooLarge { .. })),
        ("long-line", |kind| matches!(kind, FaultKind::AnswerTooLarge { .. })),
        ("echo", |_| unreachable!("a calm call is no fault")),
    ];
    for (trick, expected) in table {
        let outcome = plugin.plan(&job(trick), &short()).await;
        if trick == "echo" {
            // The faults before have left nothing behind.
            assert!(outcome.is_ok());
            continue;
        }
        let fault = outcome.map(|answer| answer.value).expect_err(trick);
        assert!(expected(&fault.kind), "{trick}: {fault}");
        let text = fault.to_string();
        assert!(text.starts_with("plugin hostile-guest 0.1.0+seal plan: "), "{text}");
        assert!(text.ends_with(fault.kind.remedy()) && !text.contains('\n'), "{text}");
    }
    let fault = plugin.normalize(&job("many-items"), &http_page(Body::Text(String::new())), &cx()).await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::AnswerTooLarge { .. }), "{fault}");
    for identifier in ["nothing-wrong", "empty"] {
        let fault = plugin.validate("trick", identifier, "{}", &cx()).await.unwrap_err();
        assert!(matches!(fault.kind, FaultKind::BadOutput { .. }), "{fault}");
    }
}

#[tokio::test]
async fn logs_are_kept_under_their_cap_also_when_the_call_fails() {
    let plugin = plugin(&room()).await;
    let log = plugin.plan(&job("log"), &cx()).await.unwrap().log;
    assert_eq!(
        log.iter().map(|line| (line.level, line.message.as_str())).collect::<Vec<_>>(),
        [(LogLevel::Warn, "one two")]
    );
    let log = plugin.plan(&job("flood-log"), &cx()).await.unwrap().log;
    assert_eq!(log.len(), limits::LOG_LINES + 1);
    assert!(log.last().unwrap().message.contains("were dropped"));
    let fault = plugin.plan(&job("panic"), &cx()).await.unwrap_err();
    assert_eq!(fault.log.len(), 1);
}

#[tokio::test]
async fn a_spinning_plugin_leaves_the_thread_to_others() {
    // One thread for both: the second call can only answer if the first gives its turn away.
    let plugin = plugin(&room()).await;
    let spinning = tokio::spawn({
        let plugin = Arc::clone(&plugin);
        async move { plugin.plan(&job("loop"), &CallContext { cpu: Duration::from_millis(500), ..cx() }).await }
    });
    tokio::task::yield_now().await;
    for _ in 0..10 {
        assert!(plugin.plan(&job("echo"), &cx()).await.is_ok());
    }
    assert!(!spinning.is_finished());
    let fault = spinning.await.unwrap().unwrap_err();
    assert!(matches!(fault.kind, FaultKind::DeadlineCpu { .. }), "{fault}");
    assert!(fault.cpu >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_call_ends_at_its_wall_deadline_and_when_it_is_dropped() {
    let plugin = plugin(&room()).await;
    let wall = CallContext { wall: Duration::from_millis(30), cpu: Duration::from_secs(60), ..cx() };
    let fault = plugin.plan(&job("loop"), &wall).await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::DeadlineWall { .. }), "{fault}");
    assert!(!fault.kind.is_plugins());
    // More calls than there are slots, each dropped in the middle: every slot comes back.
    for _ in 0..limits::INSTANCES + 8 {
        let job = job("loop");
        let context = cx();
        tokio::select! {
            biased;
            outcome = plugin.plan(&job, &context) => panic!("{outcome:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(plugin.plan(&job("echo"), &cx()).await.is_ok());
}

#[tokio::test]
async fn no_instance_is_used_twice() {
    let plugin = plugin(&room()).await;
    for _ in 0..3 {
        let step = plugin.plan(&job("count"), &cx()).await.unwrap().value.unwrap();
        assert_eq!(step.state.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn more_calls_than_slots_wait_their_turn() {
    let plugin = plugin(&room()).await;
    let calls: Vec<_> = (0..limits::INSTANCES * 2)
        .map(|_| {
            let plugin = Arc::clone(&plugin);
            let context = CallContext { cpu: Duration::from_millis(11), wall: Duration::from_secs(60), ..cx() };
            tokio::spawn(async move { plugin.plan(&job("loop"), &context).await })
        })
        .collect();
    for call in calls {
        let fault = call.await.unwrap().unwrap_err();
        assert!(matches!(fault.kind, FaultKind::DeadlineCpu { .. }), "{fault}");
    }
}

#[tokio::test]
async fn what_misbehaves_while_it_is_loaded_is_refused() {
    let room = room();
    let table = [
        ("panic", "told to panic"),
        ("grow", "more than 64 MiB of memory"),
        ("bad-name", "name: \"Not A Name\" is not a name"),
        ("bad-schema", "kinds[0].overrides-schema"),
        ("bad-example", "/limit"),
        ("not-idempotent", "and \"Echo!!\" of that"),
    ];
    for (mode, words) in table {
        let refusal = room.load(in_mode(mode), file("hostile.wasm")).await.unwrap_err();
        let text = refusal.to_string();
        assert!(text.starts_with("plugin file hostile.wasm was refused: ") && text.contains(words), "{mode}: {text}");
    }
}

#[tokio::test]
async fn a_pin_takes_one_component_only() {
    let room = room();
    let pin = Digest::of(&GUEST);
    assert!(room.load_pinned(GUEST.clone(), file("a.wasm"), Some(pin)).await.is_ok());
    let refusal = room.load_pinned(in_mode("other"), file("a.wasm"), Some(pin)).await.unwrap_err();
    assert!(matches!(refusal.kind, RefusalKind::Pin { pinned, .. } if pinned == pin), "{refusal}");
}

#[tokio::test]
async fn overrides_are_checked_against_the_schema() {
    let plugin = plugin(&room()).await;
    assert!(plugin.check_overrides("trick", &json!({"limit": 9})).is_empty());
    let problems = plugin.check_overrides("trick", &json!({"limit": 10, "limt": 1}));
    let mut pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/limit", "/limt"]);
    assert!(plugin.check_overrides("trik", &json!({})).first().unwrap().message.contains("it has trick"));
}

#[tokio::test]
async fn wasi_is_there_and_grants_nothing() {
    let room = room();
    let plugin = room.load(WASI_GUEST.clone(), file("wasi.wasm")).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(plugin.wasi_imports().iter().any(|name| name.starts_with("wasi:random/random@0.2")));
    let look = plugin.plan(&job("outside"), &cx()).await.unwrap().value.unwrap().state.unwrap();
    assert!(look.starts_with("now 1795302245.000000000 stands true random "), "{look}");
    assert!(look.contains(" env 0 args 0 dirs 0 socket ErrorCode { code: 1, name: \"access-denied\""), "{look}");
    let again = plugin.plan(&job("outside"), &cx()).await.unwrap().value.unwrap().state.unwrap();
    assert_eq!(look, again);

    let fault = plugin.plan(&job("stderr"), &cx()).await.unwrap_err();
    assert!(fault.to_string().contains("Traceback: told to give up"), "{fault}");
    assert_eq!(fault.log.len(), 1);

    let strict = PluginRoom::new(RoomConfig { wasi: WasiPolicy::Refuse, ..RoomConfig::default() }).unwrap();
    let refusal = strict.load(WASI_GUEST.clone(), file("wasi.wasm")).await.unwrap_err();
    assert!(matches!(refusal.kind, RefusalKind::WasiRefused { .. }), "{refusal}");
}
