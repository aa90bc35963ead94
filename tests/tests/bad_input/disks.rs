//! Disks that cannot be written, or not any more, when the daemon starts. Those that fail it at work are in `disks`.
//!
//! Owns: a small file system of its own for each test, which takes root; without it the test says that it is left out.

use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::daemon;
use tidegate_tests::disk::{Disk, fill};
use tidegate_tests::place::{Place, QUICK_PROFILE, left_out, list};

use super::{LONG, refused, says};

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let place = Place::empty().unwrap();
    let Some(disk) = Disk::over(place.dir(), "size=8m") else {
        return left_out("a read-only directory", "making a file system takes root");
    };
    disk.again("remount,ro").unwrap();
    for args in [&["serve"][..], &["run-scheduled"]] {
        refused(&place, args, 5, &["DIR/tidegate.db", "cannot be written", "Read-only", "another --dir"]);
    }
    disk.again("remount,rw").unwrap();
    place.json(&["run-scheduled"]).unwrap();
    disk.again("remount,ro").unwrap();
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
    fill(&place.dir().join("filler")).unwrap();
    says(&place.run(&["serve"]).unwrap(), 5, &["full", "free some room"]);

    std::fs::remove_file(place.dir().join("filler")).unwrap();
    let urls = feeds.urls();
    place.add("quick", &urls.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    fill(&place.dir().join("filler")).unwrap();
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
