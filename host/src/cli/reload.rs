//! SIGHUP: the configuration is read again while the daemon works.
//!
//! Owns: the order of a reload (read all, check all, open what has to be opened, then swap), what is said of it, and that a
//! mistake anywhere leaves everything as it was. Must not know: what a setting means; whoever uses one takes the new one
//! over. Called by `serve` and `run-scheduled` beside the engine.
//!
//! Plugins and profiles are also taken over as they come, file by file: see `drop_in`.
//!
//! What `tidegate doctor` finds wrong in settings and profiles is what a reload refuses. What is not a setting follows its own
//! rules, as at a start: a plugin's file that is broken leaves its last good version, a credential without a value is told of.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_core::id::ProfileName;
use tidegate_core::profile::Profile;
use tokio::signal::unix::Signal;

use super::drop_in::Looks;
use super::error::CliError;
use super::eyes::{Opened, Watch};
use super::home::{Home, keys, tokens};
use super::profile::in_order;
use super::signals::Signals;
use crate::config::{ConfigError, Credentials, DirMarks, Process, Profiles, check_credential};
use crate::egress::{ApifyClient, Keys};
use crate::engine::Engine;
use crate::plugins::Catalogue;
use crate::ports::Event;
use crate::telemetry::Level;

/// What a daemon serves by, and what is swapped when it changes.
pub(super) struct Reload {
    pub(super) home: Home,
    /// Profiles that hold, and what is wrong with files whose last good version does.
    pub(super) held: Profiles,
    pub(super) credentials: Credentials,
    pub(super) engine: Arc<Engine>,
    pub(super) actors: Arc<ApifyClient>,
    pub(super) keys: Keys,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) looks: Looks,
    hangup: Signal,
}

/// What was read and found right.
struct Fresh {
    home: Home,
    profiles: Profiles,
    /// Profiles whose plugin may be among those that are being loaded.
    unjudged: Vec<ConfigError>,
    /// The files of those profiles, before they were read.
    marks: DirMarks,
    credentials: Credentials,
    opened: Opened,
}

impl Reload {
    /// Listens for SIGHUP from now on; what comes before [`Reload::listen`] waits. `marks`: the files of the profiles, before they
    /// were read. `loading`: some plugins are being loaded still.
    pub(super) fn new(
        home: Home,
        (held, marks): (Profiles, DirMarks),
        credentials: Credentials,
        engine: Arc<Engine>,
        (actors, keys): (Arc<ApifyClient>, Keys),
        (catalogue, loading): (Arc<Catalogue>, bool),
    ) -> Result<Self, CliError> {
        let looks = Looks::open(&home, marks, &held.refused, loading);
        Ok(Self { home, held, credentials, engine, actors, keys, catalogue, looks, hangup: Signals::hangup()? })
    }

    /// Reloads at every SIGHUP, and takes over plugins and profiles as they come, until it is dropped. `level`: where the log's
    /// level is changed.
    pub(super) async fn listen(mut self, watch: &mut Watch, level: Level) {
        self.first_look();
        loop {
            let changed = tokio::select! {
                biased;
                signal = self.hangup.recv() => match signal {
                    Some(()) => None,
                    None => return,
                },
                changed = self.looks.changed() => Some(changed),
            };
            if let Some(changed) = changed {
                self.look(changed, watch).await;
                continue;
            }
            let refused = match self.read(watch).await {
                Ok(fresh) => {
                    self.swap(fresh, watch, &level).await;
                    self.engine.try_gates().await;
                    Vec::new()
                }
                Err(wrong) => wrong.iter().map(told).collect(),
            };
            self.engine.ports().observer.see(&Event::Reloaded { refused });
        }
    }

    /// Reads everything and checks it. Nothing that serves is touched but plugins, each of which looks after itself.
    async fn read(&mut self, watch: &Watch) -> Result<Fresh, Vec<CliError>> {
        let home = self.home.again().map_err(|error| vec![error])?;
        let mut wrong = Vec::new();
        for key in self.home.config.needs_restart(&home.config) {
            let message = format!("{key} was changed, which a daemon takes over at its start only");
            wrong.push(CliError::refused(message).hint("restart the daemon, or write the old value"));
        }
        let loading = self.scan_plugins(&home).await;
        let marks = DirMarks::of(&home.path(&home.config.profiles.dir)).map_err(|error| vec![error.into()])?;
        let mut profiles = match home.profiles() {
            Ok(profiles) => profiles,
            Err(error) => {
                wrong.push(error);
                return Err(wrong);
            }
        };
        wrong.extend(profiles.refused.iter().map(|error| error.clone().into()));
        let mut unjudged = Vec::new();
        for file in profiles.usable.values() {
            let Err(error) = in_order(file, &home, &self.catalogue).await else { continue };
            let by_plugin = check_credential(&file.profile, &home.config, &Process, &file.place).is_ok();
            if loading && by_plugin { unjudged.push(error) } else { wrong.push(error.into()) }
        }
        self.hold_on(&mut profiles.usable, |place| unjudged.iter().any(|error| error.place == place));
        let found = home.config.alerts.webhooks(&home.dir, &Process);
        for webhook in &found {
            if let Err(why) = &webhook.url {
                wrong.push(CliError::refused(format!("alerts cannot be sent to webhook {}: {why}", webhook.name)));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        // Last, as the only thing that takes something: what cannot be opened leaves the old listener.
        let opened = watch.open(&home, found).await.map_err(|error| vec![error])?;
        let credentials = home.credentials(&profiles);
        Ok(Fresh { home, profiles, unjudged, marks, credentials, opened })
    }

    /// Takes over what was read. Nothing here can fail.
    async fn swap(&mut self, fresh: Fresh, watch: &mut Watch, level: &Level) {
        let Fresh { home, profiles, unjudged, marks, credentials, opened } = fresh;
        changes(&self.engine.settings().profiles, &profiles);
        told_of(&credentials, &self.credentials);
        level.set(&home.config.log.level);
        self.actors.replace_tokens(tokens(&credentials));
        self.keys.replace(keys(&credentials));
        let daemon = self.engine.settings().daemon;
        let settings = home.settings(daemon, &profiles, &credentials);
        watch.renew(&home, &settings, opened).await;
        self.engine.reconfigure(settings);
        self.looks.renew(&home, marks, &profiles);
        self.judge_later(&unjudged);
        (self.home, self.credentials) = (home, credentials);
        self.pin(&profiles).await;
        self.held = profiles;
    }
}

/// Says which profiles are others now.
fn changes(before: &BTreeMap<ProfileName, Profile>, profiles: &Profiles) {
    for (name, profile) in profiles.by_name() {
        match before.get(&name) {
            None => tracing::info!(profile = %name, "profile {name} is new"),
            Some(old) if *old != profile => tracing::info!(profile = %name, "profile {name} has changed"),
            Some(_) => {}
        }
    }
    for name in before.keys().filter(|name| !profiles.usable.contains_key(*name)) {
        tracing::warn!(profile = %name, "profile {name} is gone; its sources do not run");
    }
}

/// Says which credentials are others now, and what is wrong with them.
fn told_of(credentials: &Credentials, before: &Credentials) {
    for state in credentials.states() {
        if let Some(problem) = state.problem {
            tracing::warn!(credential = %state.name, "credential {}: {problem}", state.name);
        }
    }
    let names = credentials.others_than(before).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    tracing::info!("credentials were read again; {}", if names.is_empty() { "none has changed" } else { &names });
}

/// A mistake with its remedy.
pub(super) fn told(error: &CliError) -> String {
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{hint}", error.message)
}
