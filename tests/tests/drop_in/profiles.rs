//! Profiles that are dropped in: good ones, broken ones, one that never rests.

use super::*;

/// Each profile's file stands for itself, and its last good version holds on.
#[test]
fn profiles_are_taken_file_by_file() {
    let feed = Feed::start(usize::MAX).unwrap();
    let place = place("");
    let (mut daemon, address) = serving(&place);
    let source = place.add("feeds", &[&feed.url]).unwrap().remove(0);
    let runs = |answer: &Value, count: usize| list(answer, "runs").len() >= count;
    let args = ["runs", "list", "--source", &source];
    daemon.wait_until("its runs", LONG, &args, |answer| runs(answer, 1)).unwrap();

    // One that is new and one that is broken at the same time: each for itself.
    let good = profile("rss", "feed", "description = \"mine\"");
    place.put("profiles/mine.toml", &good).unwrap();
    place.put("profiles/feeds.toml", profile("rss", "feed", "").replace("every", "evry")).unwrap();
    let line = daemon.wait_line("the refusal", LONG, |line| line.contains("profile refused")).unwrap();
    assert!(line.contains("feeds.toml") && line.contains("line 4"), "{line}");
    daemon.wait_line("the mistake itself", LONG, |line| line.contains("evry")).unwrap();
    daemon.wait_line("the new one", LONG, |line| line.contains("profile mine was read and holds now")).unwrap();
    metric(&daemon, &address, "tidegate_profiles_refused 1");
    let mine = place.add("mine", &[&feed.url]).unwrap().remove(0);
    daemon.wait_until("its runs", LONG, &["runs", "list", "--source", &mine], |answer| runs(answer, 1)).unwrap();
    goes_on(&mut daemon, &source);

    // Mended, and limited: what it may use is too little for anything.
    place.put("profiles/feeds.toml", profile("rss", "feed", "limits = { memory_mb = 1, cpu = \"1s\" }")).unwrap();
    let failed = |answer: &Value| {
        let faults = list(answer, "runs").iter().filter(|run| run["failure"][0] == "plugin-fault");
        faults
            .into_iter()
            .any(|run| run["failure"][1].as_str().unwrap_or_default().contains("more than 1 MiB of memory"))
    };
    daemon.wait_until("a run beyond its limits", LONG, &args, failed).unwrap();
    let (_, metrics) = get(&address, "/metrics").unwrap();
    assert!(metrics.lines().any(|line| line == "tidegate_profiles_refused 0"), "{metrics}");

    // One that never rests holds up nobody, and is nothing to anybody.
    let restless = place.dir().join("profiles/restless.toml");
    let (stop, stopped) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let restless = &restless;
        scope.spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(20)) == Err(mpsc::RecvTimeoutError::Timeout) {
                fs::OpenOptions::new().create(true).append(true).open(restless).unwrap().write_all(b"half ").unwrap();
            }
        });
        place.put("profiles/mine.toml", good.replace("mine", "still mine")).unwrap();
        let seen = Cell::new(0);
        let again = daemon.wait_line("the other one", LONG, |line| {
            seen.set(seen.get() + usize::from(line.contains("profile mine was read and holds now")));
            seen.get() == 2
        });
        drop(stop);
        again.unwrap();
    });
    assert!(!daemon.log().iter().any(|line| line.contains("restless")), "{:?}", daemon.log());
    fs::remove_file(&restless).unwrap();

    // Gone: its sources say so, the other one's go on.
    fs::remove_file(place.dir().join("profiles/mine.toml")).unwrap();
    let explain = ["source", "explain", &mine];
    let holds = |answer: &Value| word(&answer["last_skip"], "reason").contains("there is no profile");
    daemon.wait_until("its skip", LONG, &explain, holds).unwrap();
    end(daemon);
}
