//! Whoever wants to know what the engine does: logs, metrics, the demo's screen.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::alert::Notice as AlertNotice;
use tidegate_core::failure::Failure;
use tidegate_core::id::{ProfileName, RunId, SourceId, Tenant};
use tidegate_core::item::Counts;
use tidegate_core::money::MicroUsd;
use tidegate_core::quarantine::Quarantine;
use tidegate_core::run::{Ending, Notice};
use tidegate_core::source::Trigger;

use super::{PluginLine, Used};

/// Told of everything that a person may have to explain later. Must be quick and must not fail.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn see(&self, event: &Event);
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run has ended: the attempt with all its facts, the same as its row.
    Attempt(Box<Attempt>),
    /// A source was not run.
    Skipped {
        /// Which source.
        source: SourceId,
        /// What it reads.
        identifier: String,
        /// Whose.
        tenant: Tenant,
        /// By which profile.
        profile: ProfileName,
        /// Why, in a word.
        reason: &'static str,
        /// Why, as a sentence.
        detail: String,
    },
    /// A run that died with its daemon was taken up again, or given up.
    Recovered {
        /// The run.
        run: RunId,
        /// Its source.
        source: SourceId,
        /// Attempts so far.
        attempt: u32,
        /// Whether it is queued again.
        requeued: bool,
    },
    /// A run was ended before it was done, because it could not go on or must not begin again.
    CutShort {
        /// The run.
        run: RunId,
        /// Its source.
        source: SourceId,
        /// Why, as a sentence.
        why: String,
    },
    /// An actor run was started, and is paid for.
    ActorStarted {
        /// For which run.
        run: RunId,
        /// Of which source.
        source: SourceId,
        /// The actor.
        actor: String,
        /// The platform's id of it.
        remote: String,
        /// The most it may cost.
        charge_cap: MicroUsd,
        /// Whether its start had been lost and it was found again.
        adopted: bool,
    },
    /// The cost of a run is final.
    CostFinal {
        /// The run.
        run: RunId,
        /// Its source.
        source: SourceId,
        /// What it cost.
        cost: MicroUsd,
    },
    /// Something refuses everybody who needs it.
    GateClosed {
        /// The gate.
        gate: Gate,
    },
    /// It may work again.
    GateOpened {
        /// What stood behind it.
        key: GateKey,
    },
    /// A run's write was refused: it belongs to somebody else now.
    Stale {
        /// The run.
        run: RunId,
        /// Its source.
        source: SourceId,
    },
    /// A pass could not do its work; the next one tries again.
    PassFailed {
        /// Which pass.
        pass: &'static str,
        /// Why.
        error: String,
    },
    /// A plugin breaks down too often, and is out of service.
    Quarantined {
        /// Which, since when and why.
        quarantine: Quarantine,
    },
    /// It serves again: another version has taken its place, or a person has released it.
    Released {
        /// Its name.
        plugin: String,
    },
    /// The machine's clock was set back.
    ClockSetBack {
        /// By how much, about.
        by: Duration,
    },
    /// The configuration was read again, and taken over.
    Reloaded {
        /// What kept it from being taken over, each as a sentence: all is as it was before.
        refused: Vec<String>,
    },
    /// Sources of a profile are paused until their plugin is there again.
    PluginAway {
        /// Which profile.
        profile: ProfileName,
        /// What is missing, as a sentence.
        why: String,
        /// How many sources.
        sources: usize,
    },
    /// Sources run again whose plugin is back.
    PluginBack {
        /// How many.
        sources: usize,
    },
    /// What plugins were asked for since this was last told.
    PluginsUsed {
        /// By version.
        used: Vec<Used>,
    },
    /// The plugins directory was looked at, and something there was new.
    PluginsSeen(PluginsSeen),
    /// The profiles directory was looked at, and something there was new.
    ProfilesSeen(ProfilesSeen),
    /// A plugin logged something.
    PluginLogged {
        /// In which run.
        run: RunId,
        /// Which plugin.
        plugin: String,
        /// What.
        line: PluginLine,
    },
    /// A person is to hear of something.
    Alerted {
        /// Of what, and why now.
        notice: Box<AlertNotice>,
    },
    /// Notices were sent to a webhook, or not.
    AlertSent {
        /// The webhook's name in the configuration.
        sink: String,
        /// How many notices.
        notices: usize,
        /// What became of them.
        delivery: Delivery,
    },
}

/// What is new about plugins, and what is refused now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginsSeen {
    /// Plugins that serve now and did not before, as name and version.
    pub live: Vec<(String, String)>,
    /// Versions that serve only because a profile pins them, as name and digest.
    pub kept: Vec<(String, String)>,
    /// Why components are refused that were not refused for that before: a word, and a sentence with the remedy.
    pub refused: Vec<(&'static str, String)>,
    /// Plugins that no longer serve.
    pub gone: Vec<String>,
    /// All components that are refused now, by the word.
    pub all_refused: BTreeMap<&'static str, u64>,
}

/// What is new about profiles, and what is refused now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfilesSeen {
    /// Profiles that are new or others than before.
    pub taken: Vec<ProfileName>,
    /// Profiles that are gone.
    pub gone: Vec<ProfileName>,
    /// Why files are refused that were not refused for that before, as sentences with the remedy, and what holds in their place.
    pub refused: Vec<(String, Holds)>,
    /// Files that are refused now.
    pub all_refused: u64,
}

/// What holds where a profile's file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// An older version of it, which was right.
    Older,
    /// What stands in the file, as nothing better is known: it held when it came to be wrong, or since the start.
    Itself,
    /// Nothing.
    Nothing,
}

/// What became of notices on their way to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It has taken them.
    Sent,
    /// It has refused them, or could not be reached: why, without its address.
    Failed(String),
    /// Too many were waiting already; so many have been dropped until now.
    Dropped(u64),
}

impl Delivery {
    /// The delivery in a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed(_) => "failed",
            Self::Dropped(_) => "dropped",
        }
    }
}

/// An attempt that has ended.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// Its source.
    pub source: SourceId,
    /// What it reads.
    pub identifier: String,
    /// Whose.
    pub tenant: Tenant,
    /// The plugin's name.
    pub platform: String,
    /// By which profile.
    pub profile: ProfileName,
    /// As given for the source; a JSON object.
    pub overrides: String,
    /// Why it ran.
    pub trigger: Trigger,
    /// Which attempt of the run.
    pub attempt: u32,
    /// How it ended.
    pub ending: Ending,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What became of its items.
    pub counts: Counts,
    /// Fetches made.
    pub fetches: u32,
    /// Bytes fetched.
    pub bytes: u64,
    /// From claim to commit.
    pub duration: Duration,
    /// CPU time inside the sandbox.
    pub plugin_cpu: Duration,
    /// What it could have cost at most.
    pub cost_estimate: MicroUsd,
    /// What it cost.
    pub cost: MicroUsd,
    /// For a person.
    pub warnings: Vec<String>,
    /// A change of the source that somebody should hear of.
    pub notice: Option<Notice>,
    /// Whether it is kept as a dead letter: nothing tries it again by itself.
    pub dead: bool,
}
