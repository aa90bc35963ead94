//! Disks that cannot be written, or not any more.
//!
//! Owns: a small file system of its own for each test, which takes root; without it the test says that it is left out.

use std::path::{Path, PathBuf};
use std::process::Command;

use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::daemon;
use tidegate_tests::place::{Place, QUICK_PROFILE, left_out, list};

use super::{LONG, refused, says};

/// A small file system over a folder, which only root may make. Gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn over(folder: &Path, options: &str) -> Option<Self> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tidegate-test"]).arg(folder).output();
        done.is_ok_and(|done| done.status.success()).then(|| Self(folder.to_path_buf()))
    }

    fn again(&self, options: &str) {
        let done = Command::new("mount").args(["-o", options]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that is just ending may still hold it.
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let place = Place::empty().unwrap();
    let Some(disk) = Disk::over(place.dir(), "size=8m") else {
        return left_out("a read-only directory", "making a file system takes root");
    };
    disk.again("remount,ro");
    for args in [&["serve"][..], &["run-scheduled"]] {
        refused(&place, args, 5, &["DIR/tidegate.db", "cannot be written", "Read-only", "another --dir"]);
    }
    disk.again("remount,rw");
    place.json(&["run-scheduled"]).unwrap();
    disk.again("remount,ro");
    refused(&place, &["serve"], 5, &["DIR/tidegate.db", "cannot be written", "another --dir"]);
}

#[test]
fn a_full_disk_is_named_and_work_goes_on_when_there_is_room_again() {
    let feeds = FeedServer::start(Script::load(40, 40, 1)).unwrap();
    let place = Place::empty().unwrap();
    let Some(_disk) = Disk::over(place.dir(), "size=64m") else {
        return left_out("a full disk", "making a file system takes root");
    };
    place.put("profiles/quick.toml", QUICK_PROFILE).unwrap();
    fill(&place.dir().join("filler"));
    says(&place.run(&["serve"]).unwrap(), 5, &["full", "free some room"]);

    std::fs::remove_file(place.dir().join("filler")).unwrap();
    let urls = feeds.urls();
    place.add("quick", &urls.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    fill(&place.dir().join("filler"));
    // The last bytes: enough to open the database, not for what comes in.
    let filler = std::fs::File::options().write(true).open(place.dir().join("filler")).unwrap();
    filler.set_len(filler.metadata().unwrap().len() - (300 << 10)).unwrap();
    let mut daemon = place.serve().unwrap();
    drop(filler);
    let times = failed_passes(&daemon, 3);
    assert!(times.windows(2).all(|two| two[0] != two[1]), "several times within a second: {times:?}");
    std::fs::remove_file(place.dir().join("filler")).unwrap();
    for url in urls.iter().take(5) {
        let args = ["items", "--limit", "100", "--source", url.as_str()];
        daemon.wait_until("the items", LONG, &args, |answer| list(answer, "items").len() == 40).unwrap();
    }
    let doctor = place.json(&["doctor"]).unwrap();
    assert_eq!(doctor["ok"], true, "{doctor}");
}

/// The seconds in which the daemon told of its first failures to admit sources.
fn failed_passes(daemon: &daemon::Daemon, count: usize) -> Vec<String> {
    let seen = std::cell::RefCell::new(Vec::new());
    let enough = daemon.wait_line("passes that fail for the full disk", LONG, |line| {
        if line.contains("pass admit failed") && line.contains("is full") {
            seen.borrow_mut().push(line.chars().take("2026-01-01T00:00:00".len()).collect());
        }
        seen.borrow().len() >= count
    });
    enough.unwrap();
    seen.into_inner()
}

/// Writes until there is no room.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
}
