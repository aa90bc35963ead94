//! Components that compile for long: what waits for them, and what does not.

use super::*;

/// A compiler that begins when something is written into the pipe `go`, and says in `starts` that it was started.
fn slow_compiler(dir: &Path) -> PathBuf {
    let (script, go) = (dir.join("compiler"), dir.join("go"));
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    let real = binary::tidegate().unwrap();
    let starts = dir.join("starts");
    let (starts, go, real) = (starts.display(), go.display(), real.display());
    let text = format!("#!/bin/sh\necho started >> '{starts}'\nread -r line < '{go}'\nexec '{real}' \"$@\"\n");
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    script
}

#[tokio::test]
async fn what_compiles_for_long_holds_nobody_up() {
    let (dir, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = |name: &str| dir.path().join(name);
    let (cache_dir, known) = (Some(scratch.path().join("cache")), guest(TWO, "1.0.0+aaaa"));
    // One of them is compiled already.
    let config = RoomConfig { cache_dir, ..RoomConfig::default() };
    let room = PluginRoom::new(config.clone()).unwrap();
    room.load(known.clone(), Origin::File("it.wasm".into())).await.unwrap();
    let config = RoomConfig { compiler: Some(slow_compiler(scratch.path())), ..config };
    let catalogue = Catalogue::new(PluginRoom::new(config).unwrap(), &[], Some(dir.path().to_owned())).await;
    let mut looks = Looks { catalogue: &catalogue, now: Instant::now() };
    for file in ["a.wasm", "c.wasm"] {
        fs::write(at(file), guest(ONE, "1.0.0+aaaa")).unwrap();
    }
    fs::write(at("b.wasm"), &known).unwrap();
    assert!(looks.after(Duration::ZERO).await.waiting);
    let mut live = looks.after(limits::LOOK_SETTLED).await.scan.live;
    let look = looks.after(limits::LOOK_BELIEVED).await;
    live.extend(look.scan.live);
    assert_eq!(live, [(TWO.to_owned(), "1.0.0+aaaa".to_owned())]);
    assert!(look.waiting && look.scan.refused.is_empty(), "{:?}", look.scan.refused);
    // Its file goes while it is compiled, and another one takes its turn.
    fs::remove_file(at("a.wasm")).unwrap();
    assert!(looks.after(limits::LOOK_BELIEVED).await.waiting);
    looks.after(limits::LOOK_BELIEVED).await;
    let go = scratch.path().join("go");
    let told = tokio::task::spawn_blocking(move || fs::write(go, "go\n"));
    let (look, _) = looks.settled().await;
    told.await.unwrap().unwrap();
    assert_eq!(look.scan.live, [(ONE.to_owned(), "1.0.0+aaaa".to_owned())]);
    assert_eq!(entry(&catalogue, "c.wasm").state, State::Live);
}

/// A reload takes what lies there, as it is, and does not wait for what compiles for long; nor does it begin that anew.
#[tokio::test]
async fn a_scan_that_may_not_wait_leaves_the_compiler_at_work() {
    let (dir, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = RoomConfig { compiler: Some(slow_compiler(scratch.path())), ..RoomConfig::default() };
    let catalogue = Catalogue::new(PluginRoom::new(config).unwrap(), &[], Some(dir.path().to_owned())).await;
    fs::write(dir.path().join("a.wasm"), guest(ONE, "1.0.0+aaaa")).unwrap();
    fs::write(dir.path().join("b.wasm"), "no component").unwrap();
    let starts = || fs::read_to_string(scratch.path().join("starts")).unwrap_or_default().lines().count();
    let mut refused = Vec::new();
    while starts() == 0 || refused.is_empty() {
        let look = catalogue.scan_within(Some(Duration::from_millis(20))).await.unwrap();
        refused.extend(look.scan.refused);
        assert!(look.waiting && look.scan.live.is_empty(), "{:?}", look.scan.live);
    }
    assert_eq!(refused.len(), 1, "the other one is judged meanwhile: {refused:?}");
    assert!(catalogue.scan_within(Some(Duration::ZERO)).await.unwrap().waiting);
    let go = scratch.path().join("go");
    let told = tokio::task::spawn_blocking(move || fs::write(go, "go\n"));
    let scan = catalogue.scan().await.unwrap();
    told.await.unwrap().unwrap();
    assert_eq!((scan.live, starts()), (vec![(ONE.to_owned(), "1.0.0+aaaa".to_owned())], 1));
}
