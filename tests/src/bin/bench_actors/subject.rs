//! The daemon that is measured.
//!
//! Owns: its directory, its process and what its log says. Must not know: what is measured when.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tidegate_tests::measure::{Stopwatch, Usage, cost, pause};
use tidegate_tests::{Trouble, measure};

use crate::platform::{Platform, io};

/// Sources of X and of Instagram, whose runs come once.
const PROFILES: [(&str, &str); 2] = [
    (
        "bench_x",
        "plugin = \"x\"\nkind = \"account\"\nschedule = { every = \"30d\" }\n[actor]\nname = \"apidojo/tweet-scraper\"\n\
         build = \"latest\"\ntimeout = \"10m\"\n[actor.price]\nas_of = \"2026-01-01\"\nelement = 0.0004\nminimum = 0.01\n",
    ),
    (
        "bench_instagram",
        "plugin = \"instagram\"\nkind = \"account\"\nschedule = { every = \"30d\" }\n[actor]\n\
         name = \"apify/instagram-post-scraper\"\nbuild = \"latest\"\ntimeout = \"10m\"\n[actor.price]\n\
         as_of = \"2026-08-01\"\nelement = 0.0017\nminimum = 0.01\n",
    ),
];

/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(50);
/// How long nothing may happen until it is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the log has told.
#[derive(Default)]
struct Told {
    /// That it serves: its database is there.
    serves: AtomicU64,
    ended: AtomicU64,
    settled: AtomicU64,
    /// A run that did not end well, and what else should not be.
    bad: AtomicU64,
}

/// A running `tidegate serve`. Ends when dropped.
pub(crate) struct Subject {
    binary: PathBuf,
    dir: PathBuf,
    child: Child,
    told: Arc<Told>,
}

impl Subject {
    /// Starts it in `dir`, budgets wide open.
    pub(crate) fn start(binary: &Path, dir: &Path, origin: &str) -> Result<Self, Trouble> {
        let write =
            |name: &str, text: &str| std::fs::write(dir.join(name), text).map_err(io(format!("writing {name}")));
        std::fs::create_dir(dir.join("profiles")).map_err(io("making a directory"))?;
        for (name, text) in PROFILES {
            write(&format!("profiles/{name}.toml"), text)?;
        }
        write("token", "emulator-token\n")?;
        let config = format!(
            "[budget]\nruns_per_day = 1000000\nusd_per_day = 100000\nusd_per_month = 1000000\n[scheduler]\nruns_at_once = 256\n\
             [credentials.apify]\norigin = \"{origin}\"\nfile = \"token\"\nruns_at_once = 100000\n"
        );
        write("tidegate.toml", &config)?;
        let mut command = tidegate(binary, dir);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(io(format!("starting {command:?}")))?;
        let told = Arc::<Told>::default();
        let (log, counts) = (child.stderr.take(), Arc::clone(&told));
        std::thread::spawn(move || {
            let lines = log.into_iter().flat_map(|log| BufReader::new(log).lines()).map_while(Result::ok);
            lines.for_each(|line| counts.read(&line));
        });
        let subject = Self { binary: binary.to_path_buf(), dir: dir.to_path_buf(), child, told };
        subject.wait(("daemon that serves", 1), &subject.told.serves, || Ok(()))?;
        Ok(subject)
    }

    /// Adds so many sources, half of each profile.
    pub(crate) fn add(&self, name: &str, count: u32) -> Result<(), Trouble> {
        for (at, (profile, _)) in PROFILES.iter().enumerate() {
            let numbers = (0..count).filter(|number| usize::try_from(number % 2).is_ok_and(|half| half == at));
            let handles: String = numbers.map(|number| format!("{name}_{number}\n")).collect();
            let file = self.dir.join(format!("{profile}-{name}.txt"));
            std::fs::write(&file, handles).map_err(io("writing a list of handles"))?;
            let mut command = tidegate(&self.binary, &self.dir);
            cost(command.args(["source", "add", "--profile", profile, "--from"]).arg(&file))?;
        }
        Ok(())
    }

    /// What the daemon has used by now.
    pub(crate) fn usage(&self) -> Result<Usage, Trouble> {
        measure::usage(self.child.id())
    }

    /// Waits until so many runs have ended, all of them well.
    pub(crate) fn wait_ended(&self, count: u64, platform: &Platform) -> Result<(), Trouble> {
        self.wait(("ended runs", count), &self.told.ended, || platform.advance(1))
    }

    /// Waits until the costs of so many runs are final.
    pub(crate) fn wait_settled(&self, count: u64, platform: &Platform) -> Result<(), Trouble> {
        self.wait(("final costs", count), &self.told.settled, || platform.advance(1))
    }

    /// `each_second`: the platform's time goes on meanwhile, as the daemon's does, which counts the seconds after which a cost
    /// is final.
    fn wait(
        &self,
        (what, count): (&str, u64),
        counter: &AtomicU64,
        each_second: impl Fn() -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let (mut last, mut idle) = (0, Duration::ZERO);
        let (watch, mut passed) = (Stopwatch::start(), 0);
        loop {
            let (now, bad) = (counter.load(Ordering::Relaxed), self.told.bad.load(Ordering::Relaxed));
            if now >= count && bad == 0 {
                return Ok(());
            }
            idle = if now == last { idle + LOOK } else { Duration::ZERO };
            if bad > 0 || idle > PATIENCE {
                let printed = format!("{now}, and {bad} lines of trouble in the log");
                return Err(Trouble::Printed { what: format!("{count} {what}"), printed });
            }
            last = now;
            pause(LOOK);
            while watch.elapsed().as_secs() > passed {
                each_second()?;
                passed += 1;
            }
        }
    }

    /// Spent in all, in micro-USD.
    pub(crate) fn spent(&self) -> Result<u64, Trouble> {
        let mut command = tidegate(&self.binary, &self.dir);
        let printed = cost(command.args(["-o", "json", "budget"]))?.stdout;
        let answer: Value = serde_json::from_str(&printed).unwrap_or_default();
        let windows = answer["windows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let whole = windows.iter().find(|row| row["scope"] == "all" && row["measure"] == "usd-per-day");
        whole
            .and_then(|row| row["spent"].as_u64())
            .ok_or(Trouble::Printed { what: "what was spent in all".to_owned(), printed })
    }
}

impl Told {
    fn read(&self, line: &str) {
        let counter = if line.contains("ingested ") {
            &self.ended
        } else if line.contains("tidegate serves ") {
            &self.serves
        } else if line.contains(" has cost ") {
            &self.settled
        } else if [" WARN ", " ERROR "].iter().any(|level| line.contains(level)) {
            &self.bad
        } else {
            return;
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn tidegate(binary: &Path, dir: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_CONFIG").arg("--dir").arg(dir);
    command
}
