//! Two tracks in one room: plugins of both load, are called in their own words, and give the same kind of answer.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use tidegate_core::contract::{Body, Fetch, HttpResponse, Job, Page, PageContent};
use tidegate_core::time::UtcMillis;

use crate::plugins::shipped::shipped;
use crate::plugins::{
    CallContext, Catalogue, LogLevel, Origin, Plugin, PluginRoom, Refusal, RefusalKind, RoomConfig, Track,
};

const GUEST: &str = include_str!("guest.wat");

fn room() -> PluginRoom {
    PluginRoom::new(RoomConfig::default()).unwrap()
}

async fn load(room: &PluginRoom, wat: &str) -> Result<Arc<Plugin>, Refusal> {
    room.load(wat::parse_str(wat).unwrap(), Origin::File(PathBuf::from("guest.wasm"))).await
}

fn context() -> CallContext {
    CallContext::at(UtcMillis::from_millis(0))
}

fn job(kind: &str, identifier: &str) -> Job {
    Job {
        kind: kind.to_owned(),
        identifier: identifier.to_owned(),
        overrides: "{}".to_owned(),
        watermark: None,
        max_items: 10,
        max_pages: 2,
        now: "2026-01-01T00:00:00Z".to_owned(),
        actor: None,
        platform_id: None,
        extra: None,
    }
}

fn page(url: &str, body: &str) -> Page {
    let response = HttpResponse {
        status: 200,
        final_url: url.to_owned(),
        redirects: Vec::new(),
        headers: Vec::new(),
        body: Body::Text(body.to_owned()),
        extra: None,
    };
    Page { state: None, content: PageContent::Http(response), number: 0, extra: None }
}

#[tokio::test]
async fn a_plugin_of_the_other_track_speaks_through_its_adapter() {
    let plugin = load(&room(), GUEST).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!((plugin.name(), plugin.version(), plugin.track()), ("newer-plugin", "9.1.0", Track::V0_9));
    assert!(!plugin.takes_deliveries() && plugin.wasi_imports().is_empty());
    let kind = plugin.manifest().kind("list").unwrap();
    assert_eq!(
        (kind.hosts.as_slice(), kind.methods.as_slice()),
        (["*".to_owned()].as_slice(), ["GET".to_owned()].as_slice())
    );

    let valid = plugin.validate("list", "https://a.example", "{}", &context()).await.unwrap().value;
    assert_eq!(valid.unwrap().identifier, "https://a.example");
    let wrong = plugin.validate("list", "ftp://a.example", "{}", &context()).await.unwrap().value.unwrap_err();
    assert_eq!((wrong[0].pointer.as_str(), wrong[0].message.as_str()), ("", "give a URL"));

    let job = job("list", "https://a.example");
    let step = plugin.plan(&job, &context()).await.unwrap().value.unwrap();
    assert!(matches!(step.fetch, Fetch::Http(request) if request.url == "https://a.example"));
    let answer = plugin.normalize(&job, &page("https://a.example", "water"), &context()).await.unwrap();
    let logged: Vec<(LogLevel, &str)> = answer.log.iter().map(|line| (line.level, line.message.as_str())).collect();
    assert_eq!(logged, [(LogLevel::Info, "water")]);
    let item = answer.value.unwrap().items.remove(0);
    assert_eq!((item.external_id.as_str(), item.title.as_deref()), ("water", Some("tide")));
}

#[tokio::test]
async fn both_tracks_serve_from_one_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("newer.wasm"), wat::parse_str(GUEST).unwrap()).unwrap();
    let rss: Vec<(&str, &[u8])> = shipped().iter().copied().filter(|(name, _)| *name == "rss").collect();
    let catalogue = Catalogue::new(room(), &rss, Some(dir.path().to_owned())).await;
    assert!(catalogue.scan().await.unwrap().refused.is_empty());

    let (old, new) = (catalogue.get("rss").unwrap(), catalogue.get("newer-plugin").unwrap());
    assert_eq!((old.track(), new.track()), (Track::V0_1, Track::V0_9));
    let feed = "<rss version=\"2.0\"><channel><title>T</title><item><guid>water</guid><title>tide</title></item></channel></rss>";
    for (plugin, kind, body) in [(&old, "feed", feed), (&new, "list", "water")] {
        let given = page("https://a.example/feed", body);
        let answer = plugin.normalize(&job(kind, "https://a.example/feed"), &given, &context()).await.unwrap();
        let batch = answer.value.unwrap();
        let item = batch.items.first().unwrap();
        assert_eq!((item.external_id.as_str(), item.title.as_deref()), ("water", Some("tide")), "{}", plugin.name());
    }
}

#[tokio::test]
async fn what_is_not_served_is_told_the_range() {
    let room = room();
    for (version, told) in [("0.10.1", "use a newer tidegate"), ("0.0.3", "no longer served")] {
        let refusal = load(&room, &GUEST.replace("@0.9.2", &format!("@{version}"))).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Track { found: version.to_owned() });
        let words = refusal.to_string();
        let all = [version, "this tidegate serves 0.1.x, 0.9.x", told, "wit/v0.9", "guest.wasm"];
        assert!(all.iter().all(|word| words.contains(word)), "{words}");
    }
    // The names of one track, the functions of another.
    let refusal = load(
        &room,
        &GUEST
            .replace("@0.9.2", "@0.1.0")
            .replace("(import \"tidegate:plugin/log@0.1.0\"", "(import \"tidegate:plugin/log@0.9.2\""),
    )
    .await
    .unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Track { found: "0.9.2".to_owned() }, "its log is of another track");
    // A function that the track does not have.
    let refusal = load(&room, &GUEST.replace("(param \"identifier\" string)", "(param \"id\" string)")).await;
    assert!(refusal.is_ok(), "names of parameters do not count: {refusal:?}");
    let other = GUEST.replace("(export \"normalize\" (func $normalize))", "(export \"normalize\" (func $plan))");
    let refusal = load(&room, &other).await.unwrap_err();
    assert!(matches!(&refusal.kind, RefusalKind::Signature { what } if what.contains("normalize")), "{refusal}");
}
