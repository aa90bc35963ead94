//! What alerts say.
//!
//! Owns: title, text and remedy of each kind, so that every sink says the same. Texts of others come in as they are, cut.

use super::{About, Alert, AlertKey, Severity};
use crate::actor::gate::{Gate, GateKey};
use crate::failure::Class;
use crate::id::{ProfileName, Tenant};
use crate::limits;
use crate::quarantine::Quarantine;

/// A source was paused automatically. `about` names it.
#[must_use]
pub fn source_paused(about: About, reason: &str) -> Option<Alert> {
    let source = about.source?;
    Some(Alert {
        key: AlertKey::SourcePaused(source),
        severity: Severity::Warning,
        title: format!("paused {}", named(&about)),
        text: cut(reason),
        remedy: Some(format!("tidegate source resume {source}")),
        about,
    })
}

/// A source is gone for good. `about` names it.
#[must_use]
pub fn source_invalid(about: About, reason: &str) -> Option<Alert> {
    let source = about.source?;
    Some(Alert {
        key: AlertKey::SourceInvalid(source),
        severity: Severity::Warning,
        title: format!("{} is invalid", named(&about)),
        text: cut(reason),
        remedy: Some(format!("tidegate source remove {source}, or, if it is back: tidegate source resume {source}")),
        about,
    })
}

/// The retries of a run came to nothing; its source goes on by its schedule. `about` names it.
#[must_use]
pub fn retries_exhausted(about: About, reason: &str) -> Option<Alert> {
    let source = about.source?;
    Some(Alert {
        key: AlertKey::RetriesExhausted(source),
        severity: Severity::Warning,
        title: format!("retries of {} came to nothing", named(&about)),
        text: cut(&format!("{reason}; the run is kept as a dead letter, and the source goes on by its schedule")),
        remedy: Some(format!("tidegate dead list --source {source}")),
        about,
    })
}

/// A credential or actor refuses everybody. `None`: it is one that passes within minutes.
#[must_use]
pub fn gate_closed(gate: &Gate) -> Option<Alert> {
    if gate.class == Class::Capacity {
        return None;
    }
    let remedy = match (&gate.key, gate.class) {
        (GateKey::Credential(name), Class::Quota) => {
            format!("raise the limit or wait for the next period of the account behind credential {name}")
        }
        (GateKey::Credential(name) | GateKey::Net(name), _) => {
            format!("put a valid token where credential {name} is read from, then send the daemon SIGHUP")
        }
        (GateKey::Actor(_, actor), _) => {
            format!("look at {actor} on the platform, or name another actor in the profile")
        }
    };
    Some(Alert {
        key: AlertKey::Gate(gate.key.clone()),
        severity: Severity::Critical,
        title: format!("{} is closed: {}", gate.key, gate.class),
        text: cut(&gate.why),
        remedy: Some(remedy),
        about: About { class: Some(gate.class), ..About::default() },
    })
}

/// A platform asks us to slow down, again and again.
#[must_use]
pub fn rate_limited(platform: &str, message: &str) -> Alert {
    let (most, minutes) = (limits::ALERT_RATE_LIMITS, limits::ALERT_WINDOW.as_secs() / 60);
    Alert {
        key: AlertKey::RateLimited(platform.to_owned()),
        severity: Severity::Warning,
        title: format!("{platform} asks us to slow down"),
        text: cut(&format!("{most} rate limits within {minutes} minutes, last: {message}")),
        remedy: Some("give its profiles a longer schedule or a lower rate".to_owned()),
        about: About { platform: Some(platform.to_owned()), class: Some(Class::RateLimited), ..About::default() },
    }
}

/// A plugin is out of service.
#[must_use]
pub fn plugin_quarantined(quarantine: &Quarantine) -> Alert {
    let plugin = &quarantine.plugin;
    Alert {
        key: AlertKey::PluginQuarantined(plugin.clone()),
        severity: Severity::Critical,
        title: format!("plugin {plugin} is in quarantine"),
        text: cut(&format!("{}; its sources wait", quarantine.told())),
        remedy: Some(format!(
            "put another version into the plugins directory and send the daemon SIGHUP, or: {}",
            quarantine.remedy()
        )),
        about: About { platform: Some(plugin.clone()), class: Some(Class::PluginFault), ..About::default() },
    }
}

/// A pass of the scheduler fails repeatedly.
#[must_use]
pub fn pass_failing(pass: &str, error: &str) -> Alert {
    let (most, minutes) = (limits::ALERT_PASS_FAILURES, limits::ALERT_PASS_WINDOW.as_secs() / 60);
    Alert {
        key: AlertKey::PassFailing(pass.to_owned()),
        severity: Severity::Critical,
        title: format!("pass {pass} fails"),
        text: cut(&format!("{most} times within {minutes} minutes, last: {error}")),
        remedy: Some("tidegate doctor".to_owned()),
        about: About::default(),
    }
}

/// Elements of a profile's pages could not be normalized.
#[must_use]
pub fn dead_letters(tenant: &Tenant, profile: &ProfileName, platform: &str, rejected: u32, identifier: &str) -> Alert {
    Alert {
        key: AlertKey::DeadLetters(tenant.clone(), profile.clone()),
        severity: Severity::Warning,
        title: format!("dead letters of profile {profile} grow"),
        text: cut(&format!("{rejected} elements of {identifier} could not be normalized; the rest was stored")),
        remedy: Some("look at them, and replay them once the plugin is better".to_owned()),
        about: About {
            tenant: Some(tenant.clone()),
            profile: Some(profile.clone()),
            platform: Some(platform.to_owned()),
            identifier: Some(identifier.to_owned()),
            ..About::default()
        },
    }
}

/// What a person sees who asks for a test.
#[must_use]
pub fn test() -> Alert {
    Alert {
        key: AlertKey::Test,
        severity: Severity::Info,
        title: "test alert of tidegate".to_owned(),
        text: "Somebody ran `tidegate alert test`. Alerts arrive here.".to_owned(),
        remedy: None,
        about: About::default(),
    }
}

/// `nasa on x`
fn named(about: &About) -> String {
    let name = about.identifier.clone().or_else(|| about.source.map(|source| source.to_string())).unwrap_or_default();
    match &about.platform {
        Some(platform) => cut(&format!("{name} on {platform}")),
        None => cut(&name),
    }
}

/// On one line, not longer than a message may be.
fn cut(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= limits::ALERT_TEXT {
        return line;
    }
    line.chars().take(limits::ALERT_TEXT - 1).collect::<String>() + "…"
}
