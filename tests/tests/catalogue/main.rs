//! The plugins directory: what a look at it changes, and what goes on serving.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod slow;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use tidegate::plugins::{Catalogue, Digest, Entry, Look, Origin, PluginRoom, RefusalKind, RoomConfig, State};
use tidegate::ports::Plugins as _;
use tidegate_core::limits;
use tidegate_tests::{binary, guests};
use tokio::time::Instant;

static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build("tidegate-guest-hostile", &[]).unwrap());
static CACHE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// The guest as another plugin: names and versions have as many letters as its own.
fn guest(name: &str, version: &str) -> Vec<u8> {
    guests::patched(&guests::patched(&GUEST, "hostile-guest", name), "0.1.0+seal", version)
}

async fn catalogue(shipped: &[(&str, &[u8])], dir: &Path) -> Catalogue {
    let cache_dir = Some(CACHE.path().join("cache"));
    let room = PluginRoom::new(RoomConfig { cache_dir, ..RoomConfig::default() }).unwrap();
    Catalogue::new(room, shipped, Some(dir.to_owned())).await
}

fn version(catalogue: &Catalogue, name: &str) -> Option<String> {
    catalogue.get(name).ok().map(|plugin| plugin.version().to_owned())
}

fn entry(catalogue: &Catalogue, file: &str) -> Entry {
    let of = |entry: &Entry| matches!(&entry.origin, Origin::File(path) if path.ends_with(file));
    catalogue.list().into_iter().find(of).unwrap()
}

const ONE: &str = "first--plugin";
const TWO: &str = "second-plugin";

#[tokio::test]
async fn files_come_change_break_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let catalogue = catalogue(&[], dir.path()).await;
    assert_eq!(catalogue.scan().await.unwrap(), Default::default());
    let unknown = catalogue.get(ONE).unwrap_err();
    assert!(unknown.to_string().contains("no plugin is loaded"), "{unknown}");

    fs::write(at("a.wasm"), guest(ONE, "1.0.0+aaaa")).unwrap();
    fs::write(at("notes.txt"), "not looked at").unwrap();
    fs::write(at(".hidden.wasm"), "not looked at").unwrap();
    let scan = catalogue.scan().await.unwrap();
    assert_eq!(scan.live, [(ONE.to_owned(), "1.0.0+aaaa".to_owned())]);
    assert_eq!(catalogue.scan().await.unwrap(), Default::default());
    let unknown = catalogue.get("frist--plugin").unwrap_err();
    assert_eq!(unknown.nearest.as_deref(), Some(ONE));

    // A run that began with the old version keeps it.
    let held = catalogue.get(ONE).unwrap();
    fs::write(at("a.wasm"), guest(ONE, "2.0.0+bbbb")).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().live, [(ONE.to_owned(), "2.0.0+bbbb".to_owned())]);
    assert_eq!((held.version(), version(&catalogue, ONE).as_deref()), ("1.0.0+aaaa", Some("2.0.0+bbbb")));

    // Broken: told once, and the last good version serves on.
    fs::write(at("a.wasm"), "broken").unwrap();
    let scan = catalogue.scan().await.unwrap();
    assert_eq!((scan.live.len(), scan.gone.len(), scan.refused.len()), (0, 0, 1));
    assert_eq!(catalogue.scan().await.unwrap(), Default::default());
    assert_eq!(version(&catalogue, ONE).as_deref(), Some("2.0.0+bbbb"));
    let State::Refused { reason, serving } = entry(&catalogue, "a.wasm").state else { panic!("not refused") };
    assert_eq!((reason.kind, serving.as_deref()), (RefusalKind::NotWasm { looks: "text" }, Some("2.0.0+bbbb")));

    fs::write(at("a.wasm"), guest(ONE, "3.0.0+cccc")).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().live.len(), 1);
    assert_eq!(entry(&catalogue, "a.wasm").state, State::Live);

    fs::remove_file(at("a.wasm")).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().gone, [ONE]);
    assert!(catalogue.get(ONE).is_err() && catalogue.list().is_empty());
}

#[tokio::test]
async fn two_files_with_one_name_refuse_each_other_but_what_served_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let catalogue = catalogue(&[], dir.path()).await;
    fs::write(at("a.wasm"), guest(ONE, "1.0.0+aaaa")).unwrap();
    fs::write(at("b.wasm"), guest(ONE, "2.0.0+bbbb")).unwrap();
    let scan = catalogue.scan().await.unwrap();
    assert_eq!(scan.refused.len(), 2);
    for (refusal, other) in scan.refused.iter().zip(["b.wasm", "a.wasm"]) {
        assert!(refusal.to_string().contains(other), "{refusal}");
    }
    assert!(catalogue.get(ONE).is_err());

    fs::remove_file(at("b.wasm")).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().live.len(), 1);
    fs::write(at("b.wasm"), guest(ONE, "2.0.0+bbbb")).unwrap();
    let scan = catalogue.scan().await.unwrap();
    assert_eq!((scan.refused.len(), scan.gone.len()), (1, 0));
    assert_eq!(version(&catalogue, ONE).as_deref(), Some("1.0.0+aaaa"));
    assert!(matches!(entry(&catalogue, "b.wasm").state, State::Refused { .. }));

    // Under a name of its own it serves beside.
    fs::write(at("b.wasm"), guest(TWO, "2.0.0+bbbb")).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().live, [(TWO.to_owned(), "2.0.0+bbbb".to_owned())]);
}

#[tokio::test]
async fn a_file_goes_before_a_shipped_plugin_while_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let shipped = guest(ONE, "1.0.0+ship");
    let catalogue = catalogue(&[("first", &shipped)], dir.path()).await;
    assert_eq!(version(&catalogue, ONE).as_deref(), Some("1.0.0+ship"));
    let path = dir.path().join("mine.wasm");
    fs::write(&path, guest(ONE, "1.1.0+mine")).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().live, [(ONE.to_owned(), "1.1.0+mine".to_owned())]);
    let states: Vec<State> = catalogue.list().into_iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Replaced { by: path.clone() }, State::Live]);
    fs::remove_file(&path).unwrap();
    assert_eq!(catalogue.scan().await.unwrap().live, [(ONE.to_owned(), "1.0.0+ship".to_owned())]);
}

#[tokio::test]
async fn a_directory_that_is_not_there_holds_nothing_and_one_that_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let missing = catalogue(&[], &dir.path().join("missing")).await;
    assert_eq!(missing.scan().await.unwrap(), Default::default());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(catalogue(&[], &file).await.scan().await.is_err());
    // An entry that is no file.
    fs::create_dir(dir.path().join("dir.wasm")).unwrap();
    let odd = catalogue(&[], dir.path()).await;
    let refused = odd.scan().await.unwrap().refused;
    assert!(refused.first().unwrap().to_string().contains("not a regular file"));
}

/// Looks as they follow each other in time.
struct Looks<'a> {
    catalogue: &'a Catalogue,
    now: Instant,
}

impl Looks<'_> {
    /// A look so much later than the last one.
    async fn after(&mut self, time: Duration) -> Look {
        self.now += time;
        self.catalogue.look_at(self.now).await.unwrap()
    }

    /// Looks until nothing waits any more; gives what the last one found, and how much time that took.
    async fn settled(&mut self) -> (Look, Duration) {
        let began = self.now;
        loop {
            let look = self.after(limits::LOOK_GATHER).await;
            if !look.waiting {
                return (look, self.now.duration_since(began));
            }
            assert!(self.now.duration_since(began) < limits::LOOK_BELIEVED * 2, "it waits for ever");
        }
    }
}

#[tokio::test]
async fn files_that_somebody_writes_wait_until_they_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wasm");
    let catalogue = catalogue(&[], dir.path()).await;
    let mut looks = Looks { catalogue: &catalogue, now: Instant::now() };
    let whole = guest(ONE, "1.0.0+aaaa");

    // Piece by piece, with pauses in which half of it looks like all there is: nothing is said of it, nothing is listed.
    for part in 1..=8 {
        fs::write(&path, &whole[..whole.len() * part / 9]).unwrap();
        for pause in [limits::LOOK_GATHER, limits::LOOK_SETTLED, limits::LOOK_BELIEVED - limits::LOOK_SETTLED * 2] {
            assert_eq!(looks.after(pause).await, Look { waiting: true, ..Look::default() }, "part {part}");
        }
        assert_eq!(catalogue.list(), []);
    }
    fs::write(&path, &whole).unwrap();
    let (look, took) = looks.settled().await;
    assert_eq!(look.scan.live, [(ONE.to_owned(), "1.0.0+aaaa".to_owned())]);
    assert!(took < limits::LOOK_BELIEVED, "what is whole waits less long than what is not: {took:?}");

    // Truncated in place: the last good one serves meanwhile and afterwards, and it is refused once.
    fs::write(&path, &whole[..100]).unwrap();
    let (look, took) = looks.settled().await;
    assert!(took >= limits::LOOK_BELIEVED, "{took:?}");
    assert!(matches!(look.scan.refused[0].kind, RefusalKind::Truncated { .. }), "{look:?}");
    assert_eq!(looks.after(limits::LOOK_SURE).await, Look::default());
    assert_eq!(version(&catalogue, ONE).as_deref(), Some("1.0.0+aaaa"));
    fs::write(&path, &whole).unwrap();
    looks.settled().await;
    assert_eq!(entry(&catalogue, "a.wasm").state, State::Live);
}

#[tokio::test]
async fn a_file_that_is_gone_for_a_moment_is_not_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wasm");
    let catalogue = catalogue(&[], dir.path()).await;
    let mut looks = Looks { catalogue: &catalogue, now: Instant::now() };
    fs::write(&path, guest(ONE, "1.0.0+aaaa")).unwrap();
    looks.settled().await;
    // Removed, and another one written in its place.
    fs::remove_file(&path).unwrap();
    assert_eq!(looks.after(limits::LOOK_BELIEVED / 2).await, Look { waiting: true, ..Look::default() });
    fs::write(&path, guest(ONE, "2.0.0+bbbb")).unwrap();
    let (look, _) = looks.settled().await;
    assert_eq!((look.scan.live.len(), look.scan.gone.len()), (1, 0), "{look:?}");
    // Renamed: neither of the two stands in the other's way.
    fs::rename(&path, dir.path().join("b.wasm")).unwrap();
    let (look, _) = looks.settled().await;
    assert_eq!((look.scan.refused.len(), look.scan.gone.len()), (0, 0), "{look:?}");
    assert_eq!(entry(&catalogue, "b.wasm").state, State::Live);
    fs::remove_file(dir.path().join("b.wasm")).unwrap();
    let (look, took) = looks.settled().await;
    assert!(look.scan.gone == [ONE] && took >= limits::LOOK_BELIEVED, "{look:?} {took:?}");
}

fn pinning(digest: Digest) -> tidegate_core::profile::Profile {
    let text = format!(
        "plugin = \"{ONE}\"\nkind = \"trick\"\nschedule = {{ every = \"1h\" }}\nplugin_digest = \"sha256:{digest}\"\n"
    );
    tidegate::config::parse_profile("pinned", &text, "pinned.toml").unwrap()
}

#[tokio::test]
async fn a_pinned_version_serves_while_another_one_lies_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wasm");
    let (old, new) = (guest(ONE, "1.0.0+aaaa"), guest(ONE, "2.0.0+bbbb"));
    let profile = pinning(Digest::of(&old));
    let pins = || [(ONE.to_owned(), profile.plugin_digest.clone().unwrap())].into();
    let of = |catalogue: &Catalogue| catalogue.of(&profile).ok().map(|plugin| plugin.digest());
    let pinned = Some(Digest::of(&old).to_string());
    let first = catalogue(&[], dir.path()).await;
    first.pin(pins()).await;
    fs::write(&path, &old).unwrap();
    first.scan().await.unwrap();
    assert_eq!(of(&first), pinned);
    fs::write(&path, &new).unwrap();
    let scan = first.scan().await.unwrap();
    assert_eq!((scan.live.len(), scan.kept.len()), (1, 1), "{scan:?}");
    assert_eq!((version(&first, ONE).as_deref(), of(&first)), (Some("2.0.0+bbbb"), pinned.clone()));
    assert_eq!(first.scan().await.unwrap(), Default::default());
    // Another process, which has never seen its file.
    let second = catalogue(&[], dir.path()).await;
    second.pin(pins()).await;
    second.scan().await.unwrap();
    assert_eq!(of(&second), pinned);
    assert!(second.list().iter().any(|entry| entry.state == State::Kept));
    // A copy that somebody has changed is not taken.
    let copy = CACHE.path().join("cache/pinned").join(format!("{}.wasm", Digest::of(&old)));
    fs::write(&copy, &new).unwrap();
    let third = catalogue(&[], dir.path()).await;
    third.pin(pins()).await;
    third.scan().await.unwrap();
    assert!(of(&third).is_none() && !copy.exists());
    // Without a pin nothing is kept; without any version of the name nothing serves.
    first.pin(Default::default()).await;
    first.scan().await.unwrap();
    assert_eq!(of(&first), None);
    second.pin(pins()).await;
    fs::remove_file(&path).unwrap();
    second.scan().await.unwrap();
    assert_eq!(of(&second), None);
}

#[tokio::test]
async fn copies_of_pinned_versions_are_made_good_again() {
    let (dir, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, cache) = (dir.path().join("a.wasm"), scratch.path().join("cache"));
    let (old, new) = (guest(ONE, "1.0.0+aaaa"), guest(ONE, "2.0.0+bbbb"));
    let profile = pinning(Digest::of(&old));
    let pins = || [(ONE.to_owned(), profile.plugin_digest.clone().unwrap())].into();
    let start = async || {
        let room = PluginRoom::new(RoomConfig { cache_dir: Some(cache.clone()), ..RoomConfig::default() }).unwrap();
        let catalogue = Catalogue::new(room, &[], Some(dir.path().to_owned())).await;
        catalogue.pin(pins()).await;
        catalogue.scan().await.unwrap();
        catalogue
    };
    let copy = cache.join("pinned").join(format!("{}.wasm", Digest::of(&old)));
    // There is no place for it, until another version serves; it is not forgotten.
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(cache.join("pinned"), "in the way").unwrap();
    fs::write(&path, &old).unwrap();
    let first = start().await;
    fs::write(&path, &new).unwrap();
    first.scan().await.unwrap();
    assert!(!copy.exists() && first.of(&profile).is_ok());
    fs::remove_file(cache.join("pinned")).unwrap();
    first.scan().await.unwrap();
    assert_eq!(fs::read(&copy).unwrap(), old);
    drop(first);
    assert_eq!(start().await.of(&profile).ok().unwrap().digest(), Digest::of(&old).to_string());
    // A damaged one is written again while the version lies in the directory.
    fs::write(&path, &old).unwrap();
    fs::write(&copy, "damaged").unwrap();
    start().await;
    assert_eq!(fs::read(&copy).unwrap(), old);
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_pinned_file_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wasm");
    let old = guest(ONE, "1.0.0+pipe");
    let profile = pinning(Digest::of(&old));
    let catalogue = catalogue(&[], dir.path()).await;
    fs::write(&path, &old).unwrap();
    catalogue.scan().await.unwrap();
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let looks = async {
        catalogue.pin([(ONE.to_owned(), profile.plugin_digest.clone().unwrap())].into()).await;
        catalogue.scan().await.unwrap()
    };
    let scan = tokio::time::timeout(Duration::from_secs(60), looks).await.unwrap();
    assert!(scan.refused[0].to_string().contains("not a regular file"), "{scan:?}");
    assert_eq!(version(&catalogue, ONE).as_deref(), Some("1.0.0+pipe"));
}

#[tokio::test]
async fn what_serves_goes_before_a_flood_of_files() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = catalogue(&[], dir.path()).await;
    fs::write(dir.path().join("z.wasm"), guest(ONE, "1.0.0+aaaa")).unwrap();
    catalogue.scan().await.unwrap();
    for n in 0..limits::PLUGINS + 5 {
        fs::write(dir.path().join(format!("a{n}.wasm")), "junk").unwrap();
    }
    let scan = catalogue.scan().await.unwrap();
    assert_eq!((scan.gone.len(), version(&catalogue, ONE).as_deref()), (0, Some("1.0.0+aaaa")));
    let too_many = scan.refused.iter().filter(|refusal| refusal.kind == RefusalKind::TooMany).count();
    assert_eq!(too_many, 1, "one beyond the most says so");
}
