//! Events of the engine as log lines.

use tidegate_core::alert::{Change, Notice as AlertNotice, Severity};
use tidegate_core::counted::counted;
use tidegate_core::run::{Ending, Notice};
use tracing::{debug, error, info, warn};

use crate::ports::{Attempt, Delivery, Event, Holds, Observer, PluginsSeen, ProfilesSeen};

/// Logs every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogObserver;

impl Observer for LogObserver {
    fn see(&self, event: &Event) {
        match event {
            Event::Attempt(attempt) => log_attempt(attempt),
            Event::Skipped { source, identifier, tenant, profile, reason, detail } => info!(
                source.id = %source, identifier, %tenant, %profile, reason,
                "skipped {identifier}: {detail}"
            ),
            Event::Recovered { run, source, attempt, requeued: true } => {
                warn!(run.id = %run, source.id = %source, attempt, "run died with its daemon and is queued again");
            }
            Event::Recovered { run, source, attempt, requeued: false } => {
                error!(run.id = %run, source.id = %source, attempt, "run died with its daemon too often and is given up");
            }
            Event::CutShort { run, source, why } => {
                warn!(run.id = %run, source.id = %source, "run was ended early: {why}");
            }
            Event::ActorStarted { run, source, actor, remote, charge_cap, adopted } => {
                let how = if *adopted { "found the lost start of" } else { "started" };
                info!(
                    run.id = %run, source.id = %source, actor, remote, adopted, charge_cap_micro_usd = charge_cap.micros(),
                    "{how} {actor} as {remote}: at most {charge_cap}"
                );
            }
            Event::CostFinal { run, source, cost } => {
                info!(run.id = %run, source.id = %source, cost_micro_usd = cost.micros(), "run {run} has cost {cost}");
            }
            Event::GateClosed { gate } => error!(
                gate = gate.key.stored(), class = gate.class.word(), until = %gate.until,
                "{} is closed until {}: {}", gate.key, gate.until, gate.why
            ),
            Event::GateOpened { key } => info!(gate = key.stored(), "{key} is open again"),
            Event::Stale { run, source } => {
                warn!(run.id = %run, source.id = %source, "run belongs to somebody else now; its result is dropped");
            }
            Event::PassFailed { pass, error } => {
                error!(pass, error, "pass {pass} failed and will be repeated: {error}");
            }
            Event::Quarantined { quarantine } => error!(
                plugin = quarantine.plugin,
                digest = quarantine.digest,
                runs = quarantine.runs,
                sources = quarantine.sources,
                "plugin {} is in quarantine: {}; release it with: {}",
                quarantine.plugin,
                quarantine.told(),
                quarantine.remedy()
            ),
            Event::Released { plugin } => {
                info!(plugin, "plugin {plugin} is in quarantine no more: another version serves");
            }
            Event::ClockSetBack { by } => {
                let seconds = by.as_secs();
                warn!(seconds, "the clock was set back by about {seconds} s; what is due moves with it");
            }
            Event::Reloaded { refused } if refused.is_empty() => {
                info!("the configuration was read again and holds now");
            }
            Event::Reloaded { refused } => {
                for wrong in refused {
                    error!("reload refused: {wrong}");
                }
                error!(mistakes = refused.len(), "the configuration was not taken over; what held before holds on");
            }
            Event::PluginAway { profile, why, sources } => warn!(
                %profile, sources,
                "paused: {} of profile {profile}: {why}; they go on by themselves when it is back",
                counted(*sources as u64, "source")
            ),
            Event::PluginBack { sources } => {
                info!(sources, "going on, as their plugin is back: {}", counted(*sources as u64, "source"));
            }
            Event::PluginsUsed { .. } => {}
            Event::PluginsSeen(seen) => log_plugins(seen),
            Event::ProfilesSeen(seen) => log_profiles(seen),
            Event::PluginLogged { run, plugin, line } => {
                debug!(run.id = %run, plugin, level = line.level, "plugin {plugin}: {}", line.message);
            }
            Event::Alerted { notice } => log_alert(notice),
            Event::AlertSent { sink, notices, delivery } => match delivery {
                Delivery::Sent => debug!(sink, notices, "sent {notices} alerts to {sink}"),
                Delivery::Failed(why) => {
                    error!(sink, notices, "{notices} alerts could not be sent to {sink} and are given up: {why}");
                }
                Delivery::Dropped(dropped) => {
                    warn!(sink, dropped, "an alert for {sink} is dropped, as too many wait; {dropped} until now");
                }
            },
        }
    }
}

fn log_plugins(seen: &PluginsSeen) {
    for (name, version) in &seen.live {
        info!(plugin = name, version, "plugin {name} {version} serves");
    }
    for (name, digest) in &seen.kept {
        info!(plugin = name, digest, "plugin {name} serves as sha256:{digest} too: a profile pins it");
    }
    for (reason, refusal) in &seen.refused {
        warn!(reason, "{refusal}");
    }
    for name in &seen.gone {
        warn!(plugin = name, "plugin {name} serves no more: its file is gone");
    }
}

fn log_profiles(seen: &ProfilesSeen) {
    for profile in &seen.taken {
        info!(%profile, "profile {profile} was read and holds now");
    }
    for profile in &seen.gone {
        warn!(%profile, "profile {profile} is gone; its sources do not run");
    }
    for (refused, holds) in &seen.refused {
        let instead = match holds {
            Holds::Older => "a version of it that held before holds on",
            Holds::Itself => "but it holds all the same, as no better version of it is known",
            Holds::Nothing => "and no version of it holds: its sources do not run",
        };
        warn!("profile refused, {instead}: {refused}");
    }
}

/// The log hears of every alert.
fn log_alert(notice: &AlertNotice) {
    let alert = &notice.open.alert;
    let remedy = alert.remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    let source = alert.about.source.map(|source| source.to_string());
    macro_rules! line {
        ($level:ident, $remedy:expr) => {
            $level!(
                alert.key = alert.key.stored(),
                alert.change = notice.change.word(),
                source.id = source,
                "alert: {}: {}{}",
                notice.line(),
                alert.text,
                $remedy
            )
        };
    }
    match (notice.change, alert.severity) {
        (Change::Resolved, _) => line!(info, ""),
        (Change::Test, _) | (_, Severity::Info) => line!(info, remedy),
        (_, Severity::Warning) => line!(warn, remedy),
        (_, Severity::Critical) => line!(error, remedy),
    }
}

/// One line with everything that the run's row knows.
fn log_attempt(attempt: &Attempt) {
    let duration_ms = u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX);
    let plugin_cpu_us = u64::try_from(attempt.plugin_cpu.as_micros()).unwrap_or(u64::MAX);
    let counts = &attempt.counts;
    let message = message(attempt);
    macro_rules! line {
        ($level:ident) => {
            $level!(
                source.id = %attempt.source,
                run.id = %attempt.run,
                tenant = %attempt.tenant,
                platform = attempt.platform,
                profile = %attempt.profile,
                overrides = attempt.overrides,
                trigger = %attempt.trigger,
                attempt = attempt.attempt,
                ending = attempt.ending.word(),
                class = attempt.failure.as_ref().map(|failure| failure.class.word()),
                item_count = counts.new,
                updated = counts.updated,
                duplicate = counts.duplicate,
                over_cap = counts.over_cap,
                rejected = counts.rejected,
                fetches = attempt.fetches,
                bytes = attempt.bytes,
                duration_ms,
                plugin_cpu_us,
                cost_estimate_micro_usd = attempt.cost_estimate.micros(),
                cost_micro_usd = attempt.cost.micros(),
                "{message}"
            )
        };
    }
    match attempt.ending {
        Ending::Ok | Ending::NoNew => line!(info),
        Ending::Failed => line!(warn),
    }
    for warning in &attempt.warnings {
        warn!(source.id = %attempt.source, run.id = %attempt.run, "{}: {warning}", attempt.identifier);
    }
    match &attempt.notice {
        None => {}
        Some(Notice::Paused(reason)) => warn!(
            source.id = %attempt.source,
            "paused {}: {reason}; resume it with: tidegate source resume {}", attempt.identifier, attempt.source
        ),
        Some(Notice::Invalidated(reason)) => {
            warn!(source.id = %attempt.source, "{} is invalid now: {reason}", attempt.identifier);
        }
        Some(Notice::Recovered) => info!(source.id = %attempt.source, "{} works again", attempt.identifier),
    }
}

fn message(attempt: &Attempt) -> String {
    let counts = &attempt.counts;
    match (&attempt.failure, attempt.ending) {
        (Some(failure), _) => format!("failed {}: {} ({})", attempt.identifier, failure.message, failure.class),
        (None, Ending::NoNew) => format!("ingested {}: nothing new", attempt.identifier),
        (None, _) => format!(
            "ingested {}: {} new, {} changed",
            attempt.identifier,
            counts.new,
            counts.updated + counts.metrics_updated + counts.removed
        ),
    }
}
