//! The demo's platforms, profiles and sources.
//!
//! Owns: the feeds, two accounts of an actor platform (one of them small), the profiles that make half a minute show a day,
//! and who is followed. Must not know: how it is shown. The first account's token and prices are the emulator's own.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use apify_emulator::{Account, Books, Emulator, Options, Rhythm};
use serde_json::Map;
use tidegate_core::id::Tenant;
use tidegate_core::money::MicroUsd;
use tidegate_platforms::{FeedServer, Script};

use super::failed;
use super::screen::Screen;
use crate::cli::error::CliError;
use crate::engine::Engine;
use crate::engine::sources::{Wish, create};
use crate::ports::Created;

/// Sources run every few seconds here, and waits are short, so that half a minute shows a day.
const FEEDS: &str = r#"
description = "The demo's feeds: as the shipped rss_profile, only faster, and allowed to reach this machine"
plugin = "rss"
kind = "feed"
keep_pages = "1d"
schedule = { every = "4s", min_interval = "2s" }
caps = { max_items = 20, deadline = "20s" }
retry = { in_run = ["1s"], runs = ["2s", "3s"], max_failures = 3 }
net = { allow_private = ["127.0.0.1"] }
"#;

/// The same with a budget that binds while one watches.
const FEW_RUNS: &str = "\n[budget]\nruns_per_day = 4\n";

/// As the shipped `x_profile`, only faster.
const X: &str = r#"
description = "The demo's accounts on X"
plugin = "x"
kind = "account"
keep_pages = "1d"
schedule = { every = "8s", min_interval = "2s" }
caps = { max_items = 10, bootstrap_max_items = 20 }
retry = { in_run = ["1s"], runs = ["2s", "3s"], max_failures = 3 }
[actor]
name = "apidojo/tweet-scraper"
build = "latest"
timeout = "1m"
[actor.price]
as_of = "2026-01-01"
element = 0.0004
minimum = 0.01
"#;

/// The same with a budget that binds while one watches: the worst case of each run is $0.01.
const LITTLE_MONEY: &str = "\n[budget]\nusd_per_day = 0.02\n";

/// Instagram by the actor that can also look at a profile, which tells private from empty.
const INSTAGRAM: &str = r#"
description = "The demo's accounts on Instagram"
plugin = "instagram"
kind = "account"
keep_pages = "1d"
schedule = { every = "8s", min_interval = "2s" }
caps = { max_items = 10, bootstrap_max_items = 20 }
retry = { in_run = ["1s"], runs = ["2s", "3s"], max_failures = 3 }
[actor]
name = "apify/instagram-scraper"
build = "latest"
timeout = "1m"
# One for the posts, and one for a look at the profile where none come.
starts = 2
[actor.price]
as_of = "2026-08-01"
start = 0.001
element = 0.0023
minimum = 0.01
[actor.price.events]
date-filter = 0.0013
"#;

/// Who is followed on X: profile, handle. The last two share the small account, which takes one run at a time.
const X_SOURCES: [(&str, &str); 6] = [
    ("demo_x", "harbour_gazette"),
    ("demo_x", "fast_ferry"),
    ("demo_x", "fast_gulls"),
    ("demo_x_little_money", "fast_tides"),
    ("demo_x_small_account", "pier_north"),
    ("demo_x_small_account", "pier_south"),
];

/// Who is followed on Instagram. What begins with `private_` is.
const INSTAGRAM_SOURCES: [&str; 3] = ["lighthouse.views", "fast_oysters", "private_lagoon"];

/// Everything outside the daemon.
pub(super) struct Scene {
    feeds: FeedServer,
    actors: Emulator,
    small: Emulator,
    dir: PathBuf,
}

impl Scene {
    /// Starts the platforms and writes the daemon's directory.
    pub(super) fn set(dir: &Path) -> Result<Self, CliError> {
        let feeds = FeedServer::start(Script::demo()).map_err(failed("starting its feeds"))?;
        let options = Options {
            duration: (Duration::from_millis(800), Duration::from_millis(2_500)),
            ready: Duration::from_millis(200),
            rhythm: Rhythm::every(Duration::from_secs(240)),
            ..Options::default()
        };
        // Its runs take so long that the second account's start finds the first one's under way.
        let small = Options {
            account: Account { concurrent_runs: 1, ..Account::default() },
            duration: (Duration::from_secs(5), Duration::from_secs(8)),
            ..options.clone()
        };
        let actors = Emulator::start(options).map_err(failed("starting its actor platform"))?;
        let small = Emulator::start(small).map_err(failed("starting its small account"))?;
        let scene = Self { feeds, actors, small, dir: dir.to_path_buf() };
        scene.write(dir, "").map_err(failed("writing the daemon's directory"))?;
        Ok(scene)
    }

    /// Writes a daemon's directory: profiles, token, configuration.
    fn write(&self, dir: &Path, more: &str) -> std::io::Result<()> {
        std::fs::create_dir_all(dir.join("profiles"))?;
        let profile = |name: &str, text: String| std::fs::write(dir.join("profiles").join(name), text);
        profile("demo.toml", FEEDS.to_owned())?;
        profile("demo_tight.toml", format!("{FEEDS}{FEW_RUNS}"))?;
        profile("demo_x.toml", X.to_owned())?;
        profile("demo_x_little_money.toml", format!("{X}{LITTLE_MONEY}"))?;
        profile("demo_x_small_account.toml", X.replace("[actor]", "[actor]\ncredential = \"small\""))?;
        profile("demo_instagram.toml", INSTAGRAM.to_owned())?;
        let token = OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.join("token"));
        token?.write_all(Options::default().tokens.join("").as_bytes())?;
        let (actors, small) = (self.actors.url(), self.small.url());
        let text = format!(
            "[budget]\nruns_per_day = 100000\nusd_per_day = 5\nusd_per_month = 50\n[scheduler]\nwatch = \"1s\"\n\
             [credentials.apify]\norigin = \"{actors}\"\nfile = \"token\"\n\
             [credentials.small]\norigin = \"{small}\"\nfile = \"token\"\n{more}"
        );
        std::fs::write(dir.join("tidegate.toml"), text)
    }

    /// The directory of a second daemon, which finds the plugins compiled.
    pub(super) fn second_directory(&self) -> Result<PathBuf, CliError> {
        let dir = self.dir.join("second");
        let cache = self.dir.join(".tidegate-cache");
        let more = format!("[plugins]\ncache_dir = \"{}\"\n", cache.display());
        self.write(&dir, &more).map_err(failed("writing the second daemon's directory"))?;
        Ok(dir)
    }

    /// The actor platform of the large account.
    pub(super) fn actors(&self) -> &Emulator {
        &self.actors
    }

    /// Where the feeds are.
    pub(super) fn feeds_url(&self) -> &str {
        self.feeds.base_url()
    }

    /// What is there, for a person.
    pub(super) fn told(&self) -> String {
        let (feeds, x, instagram) = (self.feeds.urls().len(), X_SOURCES.len(), INSTAGRAM_SOURCES.len());
        format!(
            "{feeds} feeds at {}, {x} accounts on X and {instagram} on Instagram through actors at {}",
            self.feeds_url(),
            self.actors.url()
        )
    }

    /// Adds all sources. Every tenth feed runs under the tight budget.
    pub(super) async fn add_sources(&self, engine: &Engine, screen: &Screen) -> Result<(), CliError> {
        for (number, url) in self.feeds.urls().iter().enumerate() {
            let profile = if number % 10 == 4 { "demo_tight" } else { "demo" };
            add(engine, screen, profile, url, url.strip_prefix(self.feeds_url()).unwrap_or(url)).await?;
        }
        for (profile, handle) in X_SOURCES {
            add(engine, screen, profile, handle, &format!("X @{handle}")).await?;
        }
        for handle in INSTAGRAM_SOURCES {
            add(engine, screen, "demo_instagram", handle, &format!("Instagram @{handle}")).await?;
        }
        Ok(())
    }

    /// Stops the platforms; gives what their books say.
    pub(super) fn end(self) -> String {
        let _served = self.feeds.stop();
        let books: [Books; 2] = [self.actors.stop(), self.small.stop()];
        let runs: usize = books.iter().map(|books| books.runs.len()).sum();
        let refused: usize = books.iter().map(|books| books.refused.len()).sum();
        let charged = MicroUsd::new(books.iter().map(|books| books.charged.0).sum());
        format!(
            "  books   the actor platform started {runs} runs, refused {refused} and charged {charged}; what is not spent yet \
             stays reserved until its cost is final"
        )
    }
}

async fn add(engine: &Engine, screen: &Screen, profile: &str, identifier: &str, label: &str) -> Result<(), CliError> {
    let tenant: Tenant =
        "demo".parse().map_err(|error: tidegate_core::id::NotAName| CliError::failed(error.to_string()))?;
    let wish = Wish {
        tenant,
        profile: profile.to_owned(),
        identifier: identifier.to_owned(),
        overrides: Map::new(),
        schedule: None,
        active: true,
    };
    let (Created::New(source) | Created::Existing(source)) = create(engine.ports(), &engine.settings(), wish).await?;
    screen.name(source.id, label);
    Ok(())
}
