//! Things that happen to a plugins directory and to the cache beside it.
//!
//! Owns: playing them one after the other on a real catalogue, with calls that are under way meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tidegate::plugins::{Answer, CallContext, Catalogue, Fault, Plugin};
use tidegate_core::contract::{Failure, Step};
use tokio::task::JoinHandle;

use crate::calls::{says, word};
use crate::case::{Case, Happening};
use crate::make;
use crate::scene::{Scene, cx, job, printable, room};

/// What `plan` gives.
type Came = Result<Answer<Result<Step, Failure>>, Box<Fault>>;

/// A call under way: it spins, so that it is still under way when things happen, and is then given up.
struct UnderWay {
    plugin: Arc<Plugin>,
    call: JoinHandle<Came>,
}

struct Stage {
    dir: tempfile::TempDir,
    cache: tempfile::TempDir,
    catalogue: Catalogue,
    /// What of a file is not written yet.
    rest: Vec<u8>,
    under_way: Option<UnderWay>,
    /// Everything that was said.
    said: String,
}

/// Plays what happens in a case.
pub(crate) async fn play(case: &Case, scene: &Scene) -> String {
    let dir = tempfile::tempdir().unwrap();
    // A cache of its own, as some cases damage it; filled from the room's, so that nothing is compiled twice.
    let cache = tempfile::tempdir().unwrap();
    copied(&scene.cache().path().join("cache"), &cache.path().join("cache"));
    let catalogue = Catalogue::new(room(&cache), &[], Some(dir.path().to_owned())).await;
    let mut stage = Stage { dir, cache, catalogue, rest: Vec::new(), under_way: None, said: String::new() };
    for (number, happening) in case.life.iter().enumerate() {
        stage.happens(happening, &format!("{}, step {number}", case.name)).await;
    }
    copied(&stage.cache.path().join("cache"), &scene.cache().path().join("cache"));
    says(case, &stage.said);
    format!("{} happenings", case.life.len())
}

/// Whole files only: what was damaged is made again by the host before a case ends.
fn copied(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let new = to.join(path.file_name().unwrap());
        if !new.exists() {
            fs::copy(&path, new).unwrap();
        }
    }
}

impl Stage {
    async fn happens(&mut self, happening: &Happening, at: &str) {
        match happening {
            Happening::Put { file, plugin, version, first, mode } => {
                let mut bytes = make::named(plugin, version);
                if let Some(mode) = mode {
                    bytes = make::in_mode(&bytes, mode);
                }
                self.rest = bytes.split_off(first.unwrap_or(bytes.len()));
                fs::write(self.at(file), bytes).unwrap();
            }
            Happening::Finish { file } => {
                let begun = fs::read(self.at(file)).unwrap();
                fs::write(self.at(file), [begun, std::mem::take(&mut self.rest)].concat()).unwrap();
            }
            Happening::Text { file, text } => fs::write(self.at(file), text).unwrap(),
            Happening::Link { file, to } => {
                let there = self.at(file);
                drop(fs::remove_file(&there));
                std::os::unix::fs::symlink(to, there).unwrap();
            }
            Happening::Folder { file } => fs::create_dir(self.at(file)).unwrap(),
            Happening::Fifo { file } => {
                assert!(std::process::Command::new("mkfifo").arg(self.at(file)).status().unwrap().success());
            }
            Happening::Rename { file, to } => fs::rename(self.at(file), self.at(to)).unwrap(),
            Happening::Remove { file } => fs::remove_file(self.at(file)).unwrap(),
            Happening::Crowd { count } => {
                (0..*count).for_each(|number| fs::write(self.at(&format!("crowd-{number:06}.wasm")), "").unwrap());
            }
            Happening::Tamper { how } => self.tamper(how),
            Happening::Restart => {
                self.catalogue = Catalogue::new(room(&self.cache), &[], Some(self.dir.path().to_owned())).await;
            }
            Happening::Look { live, refused, gone } => self.look(live, refused, gone, at).await,
            Happening::Serves { plugin, version } => {
                let serves = self.catalogue.get(plugin).ok();
                assert_eq!(serves.as_ref().map(|plugin| plugin.version()), version.as_deref(), "{at}");
                if let Some(plugin) = serves {
                    assert!(plugin.plan(&job("echo"), &cx()).await.is_ok(), "{at}");
                }
            }
            Happening::Begin { plugin } => {
                let plugin = self.catalogue.get(plugin).unwrap();
                let held = Arc::clone(&plugin);
                let call = tokio::spawn(async move {
                    let long = CallContext { cpu: Duration::from_secs(600), wall: Duration::from_secs(600), ..cx() };
                    held.plan(&job("loop"), &long).await
                });
                tokio::task::yield_now().await;
                self.under_way = Some(UnderWay { plugin, call });
            }
            Happening::End { version } => {
                let UnderWay { plugin, call } = self.under_way.take().unwrap();
                assert!(!call.is_finished(), "{at}: it was over before anything had happened");
                call.abort();
                assert!(call.await.unwrap_err().is_cancelled(), "{at}");
                // The run goes on with the version that it began with.
                assert_eq!(plugin.version(), version, "{at}");
                assert!(plugin.plan(&job("echo"), &cx()).await.is_ok(), "{at}");
            }
        }
    }

    fn at(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    async fn look(&mut self, live: &[String], refused: &[String], gone: &[String], at: &str) {
        let scan = self.catalogue.scan().await.unwrap();
        let came: Vec<String> = scan.live.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let kinds: Vec<String> = scan.refused.iter().map(|refusal| word(&refusal.kind)).collect();
        for refusal in &scan.refused {
            printable(&refusal.to_string(), at);
            self.said.push_str(&format!("{refusal}\n"));
        }
        assert_eq!(
            (came.as_slice(), kinds.as_slice(), scan.gone.as_slice()),
            (live, refused, gone),
            "{at}: {}",
            self.said
        );
    }

    fn tamper(&self, how: &str) {
        let mut touched = 0;
        for entry in fs::read_dir(self.cache.path().join("cache")).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            match how {
                "bit" => *bytes.get_mut(middle).unwrap() ^= 1,
                "seal" => *bytes.first_mut().unwrap() ^= 1,
                "cut" => bytes.truncate(middle),
                "empty" => bytes.clear(),
                "longer" => bytes.push(0),
                "text" => bytes = b"\x7fELF, so to say".to_vec(),
                other => panic!("there is no way to tamper {other:?}"),
            }
            fs::write(&path, bytes).unwrap();
            touched += 1;
        }
        assert!(touched > 0, "nothing was in the cache");
    }
}
