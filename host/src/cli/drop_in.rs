//! Plugins and profiles as they come: what lies in their directories is taken over while the daemon works.
//!
//! Owns: when a directory is looked at, and that each file stands for itself: one that is broken is refused with the reason, its last
//! good version holds on, and all others are taken. Must not know: how a change is noticed (`lookout`), when a file is believed
//! to be as it is (`settling`), or what a component has to pass (`plugins`). Called by `reload`, which has the rest:
//! `tidegate.toml` waits for SIGHUP, and what comes with SIGHUP is taken whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tokio::time::{Instant, sleep};

use super::eyes::Watch;
use super::home::{Home, keys, tokens};
use super::profile::in_order;
use super::reload::{Reload, told};
use super::settling::Settling;
use crate::config::{ConfigError, DirMarks, ProfileFile, Profiles, WatchBy};
use crate::lookout::{Lookout, Watching};
use crate::plugins::{Catalogue, Look, Refusal, Scan, State};
use crate::ports::{Absent, Event, Holds, Plugins as _, PluginsSeen, ProfilesSeen};

/// Which directory is worth looking at.
pub(super) enum Changed {
    Plugins,
    Profiles,
}

/// What is known of both directories.
pub(super) struct Looks {
    plugins: Lookout,
    profiles: Lookout,
    /// Some file has not settled yet.
    wait: (bool, bool),
    /// The profiles' files.
    settling: Settling,
    /// Other plugins serve than when profiles were last held against them.
    other_plugins: bool,
    /// A profile could not be held against its plugin, because that may be among those that are being loaded.
    unjudged: bool,
    /// The version of each file that was right when it was last held against its plugin.
    good: BTreeMap<String, ProfileFile>,
    /// What was said to be wrong.
    told: BTreeSet<String>,
    all_refused: BTreeMap<&'static str, u64>,
}

impl Looks {
    /// `taken`: how the profiles' files were before those that hold were read. `loading`: some plugins are being loaded still.
    pub(super) fn open(home: &Home, taken: DirMarks, refused: &[ConfigError], loading: bool) -> Self {
        let (plugins, profiles) = (&home.config.plugins, &home.config.profiles);
        Self {
            plugins: lookout(&home.path(&plugins.dir), plugins.watch),
            profiles: lookout(&home.path(&profiles.dir), profiles.watch),
            wait: (loading, false),
            settling: Settling::new(taken),
            // A start takes profiles as they are; the first look holds them against the plugins.
            other_plugins: true,
            unjudged: false,
            good: BTreeMap::new(),
            told: refused.iter().map(|error| told(&error.clone().into())).collect(),
            all_refused: BTreeMap::new(),
        }
    }

    /// Other settings hold, and these profiles, which are right, of the files as they were at `taken`.
    pub(super) fn renew(&mut self, home: &Home, taken: DirMarks, profiles: &Profiles) {
        self.profiles = lookout(&home.path(&home.config.profiles.dir), home.config.profiles.watch);
        (self.settling, self.other_plugins) = (Settling::new(taken), false);
        self.good = profiles.usable.values().map(|file| (file.place.clone(), file.clone())).collect();
        self.told.clear();
    }

    /// Waits until one of them is worth looking at.
    pub(super) async fn changed(&mut self) -> Changed {
        tokio::select! {
            () = self.plugins.changed() => Changed::Plugins,
            () = self.profiles.changed() => Changed::Profiles,
            () = sleep(limits::LOOK_GATHER), if self.wait.0 => Changed::Plugins,
            () = sleep(limits::LOOK_GATHER), if self.wait.1 || self.other_plugins => Changed::Profiles,
        }
    }
}

fn lookout(dir: &Path, by: WatchBy) -> Lookout {
    let watching = match by {
        WatchBy::Auto => Watching::Told,
        WatchBy::Poll => Watching::Polled,
        WatchBy::Off => Watching::Off,
    };
    Lookout::open(dir, watching)
}

/// Profiles that may hold, and what is wrong with the files of others.
struct Judged {
    usable: BTreeMap<ProfileName, ProfileFile>,
    wrong: Vec<(ConfigError, Holds)>,
    /// Why sources wait of profiles that hold: the version they pin is not here.
    waiting: Vec<String>,
}

impl Reload {
    /// Looks at a directory.
    pub(super) async fn look(&mut self, changed: Changed, watch: &mut Watch) {
        match changed {
            Changed::Plugins => match self.catalogue.look().await {
                Ok(look) => self.looked(look),
                Err(error) => {
                    self.once(&format!("the plugins directory cannot be read, what served serves on: {error}"));
                }
            },
            Changed::Profiles => self.look_at_profiles(watch).await,
        }
    }

    /// Everything in the plugins directory as it is at this moment. What takes long to load is loaded on, and taken when it is there;
    /// gives whether something is. Where nothing will look at a directory again, by the settings to come, all of it is waited for.
    pub(super) async fn scan_plugins(&mut self, to_come: &Home) -> bool {
        let (plugins, profiles) = (&to_come.config.plugins, &to_come.config.profiles);
        let is_looked_at = ![plugins.watch, profiles.watch].contains(&WatchBy::Off);
        match self.catalogue.scan_within(is_looked_at.then_some(limits::LOOK_LOADING)).await {
            Ok(look) => self.looked(look),
            Err(error) => self.once(&format!("the plugins directory cannot be read, what served serves on: {error}")),
        }
        self.looks.wait.0
    }

    fn looked(&mut self, look: Look) {
        self.looks.wait.0 = look.waiting;
        self.plugins_seen(look.scan);
        if !look.waiting && core::mem::take(&mut self.looks.unjudged) {
            self.looks.other_plugins = true;
        }
    }

    /// These profiles are held against their plugins when all components are loaded.
    pub(super) fn judge_later(&mut self, unjudged: &[ConfigError]) {
        self.looks.unjudged = !unjudged.is_empty();
        for error in unjudged {
            self.once(&format!(
                "{}: is looked at when all plugins are loaded; until then what held holds on",
                error.place
            ));
        }
    }

    /// Says how many files are refused, before anything changes.
    pub(super) fn first_look(&mut self) {
        self.plugins_seen(Scan::default());
        let refused = u64::try_from(self.held.refused.len()).unwrap_or(u64::MAX);
        let seen = ProfilesSeen { all_refused: refused, ..ProfilesSeen::default() };
        self.engine.ports().observer.see(&Event::ProfilesSeen(seen));
    }

    /// Says what is new about plugins, and has sources looked at again that may be concerned.
    fn plugins_seen(&mut self, scan: Scan) {
        let all_refused = refused(&self.catalogue);
        if scan == Scan::default() && all_refused == self.looks.all_refused {
            return;
        }
        self.looks.all_refused.clone_from(&all_refused);
        let Scan { live, refused, gone, kept } = scan;
        if !(live.is_empty() && gone.is_empty() && kept.is_empty()) {
            self.looks.other_plugins = true;
            self.engine.renew();
        }
        let told = |refusal: Refusal| (refusal.kind.word(), format!("{refusal}{}", self.serves_on(&refusal)));
        let refused = refused.into_iter().map(told).collect();
        let seen = PluginsSeen { live, kept, refused, gone, all_refused };
        self.engine.ports().observer.see(&Event::PluginsSeen(seen));
    }

    /// What serves from a refused file all the same.
    fn serves_on(&self, refusal: &Refusal) -> String {
        let entry = self.catalogue.list().into_iter().find(|entry| entry.origin == refusal.origin);
        match entry.map(|entry| entry.state) {
            Some(State::Refused { serving: Some(version), .. }) => {
                format!("; version {version} serves on until the daemon is restarted")
            }
            _ => String::new(),
        }
    }

    async fn look_at_profiles(&mut self, watch: &mut Watch) {
        if self.home.config.profiles.watch == WatchBy::Off {
            self.looks.other_plugins = false;
            return;
        }
        let marks = match DirMarks::of(&self.home.path(&self.home.config.profiles.dir)) {
            Ok(marks) => marks,
            Err(error) => return self.once(&format!("{error}; the profiles that held hold on")),
        };
        let now = Instant::now();
        self.looks.settling.see(marks, now);
        self.looks.wait.1 = self.looks.settling.is_moving();
        let (ripe, others) = self.looks.settling.parted(now);
        if ripe.is_empty() && !self.looks.other_plugins {
            return;
        }
        let mut found = match self.home.profiles() {
            Ok(found) => found,
            Err(error) => return self.once(&told(&error)),
        };
        let is_of = |place: &str| others.contains(Path::new(place));
        found.refused.retain(|error| !is_of(&error.place));
        found.refused.extend(self.held.refused.iter().filter(|error| is_of(&error.place)).cloned());
        self.hold_on(&mut found.usable, is_of);
        let mut judged = self.judge(found).await;
        let settling = &mut self.looks.settling;
        judged.wrong.retain(|(error, _)| !settling.doubt(Path::new(&error.place), now));
        settling.take(&ripe, now);
        (self.looks.wait.1, self.looks.other_plugins) = (settling.is_moving(), false);
        self.take(judged, watch).await;
    }

    /// What held of the files at these places holds on, whatever stands in them now.
    pub(super) fn hold_on(&self, usable: &mut BTreeMap<ProfileName, ProfileFile>, is_of: impl Fn(&str) -> bool) {
        usable.retain(|_, file| !is_of(&file.place));
        let good = self.held.usable.iter().filter(|(_, file)| is_of(&file.place));
        usable.extend(good.map(|(name, file)| (name.clone(), file.clone())));
    }

    /// Each file by itself. One that is wrong gives way to its last good version.
    async fn judge(&mut self, found: Profiles) -> Judged {
        let (mut wrong, mut usable) = (found.refused, found.usable);
        let mut waiting = Vec::new();
        for file in usable.values() {
            if self.holds(file) && !self.looks.other_plugins {
                // As it was judged before.
                let before = self.held.refused.iter().filter(|error| error.place == file.place);
                let before: Vec<_> = before.filter(|error| !wrong.contains(error)).cloned().collect();
                wrong.extend(before);
                continue;
            }
            // Without its plugin, or the version it pins, a profile waits for it, as at a start.
            let absent = self.catalogue.of(&file.profile).err();
            match (absent, in_order(file, &self.home, &self.catalogue).await) {
                (Some(Absent::Plugin), _) => {}
                (_, Ok(())) => drop(self.looks.good.insert(file.place.clone(), file.clone())),
                (Some(Absent::Pinned), Err(error)) => waiting.push(told(&error.into())),
                (_, Err(error)) => wrong.push(error),
            }
        }
        let wrong = wrong.into_iter().map(|error| self.give_way(&mut usable, error)).collect();
        self.looks.good.retain(|place, good| usable.get(&good.profile.name).is_some_and(|file| file.place == *place));
        Judged { usable, wrong, waiting }
    }

    /// The last good version in the place of a file that is wrong; else what holds of it.
    fn give_way(&self, usable: &mut BTreeMap<ProfileName, ProfileFile>, wrong: ConfigError) -> (ConfigError, Holds) {
        let of = |file: &&ProfileFile| file.place == wrong.place;
        let written = usable.values().find(of).cloned();
        let good = self.looks.good.get(&wrong.place);
        let better = good.or_else(|| self.held.usable.values().find(of)).cloned();
        usable.retain(|_, file| file.place != wrong.place);
        let holds = match &better {
            None => Holds::Nothing,
            Some(file) if Some(file) == written.as_ref() => Holds::Itself,
            Some(_) => Holds::Older,
        };
        usable.extend(better.map(|file| (file.profile.name.clone(), file)));
        (wrong, holds)
    }

    /// Whether the profile of a file is the one that holds.
    fn holds(&self, file: &ProfileFile) -> bool {
        self.held.usable.get(&file.profile.name) == Some(file)
    }

    /// Works by these profiles from now on, and says so.
    async fn take(&mut self, judged: Judged, watch: &mut Watch) {
        let Judged { usable, wrong, waiting } = judged;
        let profiles = Profiles { usable, refused: wrong.iter().map(|(error, _)| error.clone()).collect() };
        let before = self.held.by_name();
        let after = profiles.by_name();
        let is_new = |name: &_| before.get(name) != after.get(name);
        let taken: Vec<_> = after.keys().filter(|name| is_new(*name)).cloned().collect();
        let gone: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        let sentences: BTreeMap<String, Holds> =
            wrong.iter().map(|(error, holds)| (told(&error.clone().into()), *holds)).collect();
        let is_new = |(why, _): &(String, Holds)| !self.looks.told.contains(why);
        let refused = sentences.clone().into_iter().filter(is_new).collect::<Vec<_>>();
        let mended = self.held.refused.len() != wrong.len();
        let others = !(taken.is_empty() && gone.is_empty());
        if others {
            self.work_by(&profiles, watch).await;
        }
        if others || mended || !refused.is_empty() {
            let all_refused = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
            let seen = ProfilesSeen { taken, gone, refused, all_refused };
            self.engine.ports().observer.see(&Event::ProfilesSeen(seen));
        }
        self.looks.told = sentences.into_keys().collect();
        for why in waiting {
            self.once(&format!("its sources wait: {why}"));
        }
        self.held = profiles;
    }

    async fn work_by(&mut self, profiles: &Profiles, watch: &mut Watch) {
        if profiles.credentials() != self.held.credentials() {
            // One that is named for the first time.
            self.credentials = self.home.credentials(profiles);
            self.actors.replace_tokens(tokens(&self.credentials));
            self.keys.replace(keys(&self.credentials));
        }
        self.pin(profiles).await;
        let daemon = self.engine.settings().daemon;
        let settings = self.home.settings(daemon, profiles, &self.credentials);
        watch.renew_settings(&settings);
        self.engine.reconfigure(settings);
    }

    /// Versions that these profiles pin serve on.
    pub(super) async fn pin(&mut self, profiles: &Profiles) {
        let scan = self.catalogue.pin(profiles.pins()).await;
        self.plugins_seen(scan);
    }

    /// A trouble that lasts is told once.
    fn once(&mut self, trouble: &str) {
        if self.looks.told.insert(trouble.to_owned()) {
            tracing::warn!("{trouble}");
        }
    }
}

/// How many components are refused, by the word.
fn refused(catalogue: &Catalogue) -> BTreeMap<&'static str, u64> {
    let mut all = BTreeMap::new();
    for entry in catalogue.list() {
        if let State::Refused { reason, .. } = &entry.state {
            *all.entry(reason.kind.word()).or_default() += 1;
        }
    }
    all
}
