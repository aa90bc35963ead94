//! `doctor`: is everything a daemon needs in order?

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use tidegate_core::counted::counted;
use tidegate_core::id::{CredentialName, ProfileName};

use super::accounts::credentials;
use super::args::Place;
use super::error::{CliError, Exit};
use super::home::{Database, Home, each_source};
use super::output::Output;
use super::plugin::{self, quarantines};
use super::profile::{in_order, kept_for};
use crate::config::{Process, Profiles, warnings};
use crate::plugins::State;
use crate::ports::{DeadCount, DeadFilter};

/// One thing that was looked at.
#[derive(Serialize)]
pub(super) struct Finding {
    pub(super) what: &'static str,
    pub(super) ok: bool,
    pub(super) detail: String,
    pub(super) hint: Option<String>,
}

impl Finding {
    pub(super) fn ok(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, ok: true, detail: detail.into(), hint: None }
    }

    /// It works, but should be otherwise.
    pub(super) fn doubtful(what: &'static str, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self { what, ok: true, detail: detail.into(), hint }
    }

    /// It does not work.
    pub(super) fn broken(what: &'static str, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self { what, ok: false, detail: detail.into(), hint }
    }

    fn wrong(what: &'static str, error: &CliError) -> Self {
        Self { what, ok: false, detail: error.message.clone(), hint: error.hint.clone() }
    }
}

/// Looks at everything, and says what is wrong and what to do.
pub(super) async fn doctor(place: &Place, output: Output) -> Result<Exit, CliError> {
    let mut findings = Vec::new();
    match Home::find(place) {
        Err(error) => findings.push(Finding::wrong("configuration", &error)),
        Ok(home) => {
            findings.push(Finding::ok("configuration", format!("{} is right", home.dir.display())));
            let used = database(&home, &mut findings).await;
            Box::pin(plugins_and_profiles(&home, &used, &mut findings)).await;
            egress(&home, &mut findings);
            webhooks(&home, &mut findings);
        }
    }
    let ok = findings.iter().all(|finding| finding.ok);
    output.data(&json!({ "ok": ok, "findings": findings }), |_| {
        let mut text = String::new();
        for finding in &findings {
            let mark = if finding.ok { "ok   " } else { "WRONG" };
            text.push_str(&format!("{mark}  {}: {}\n", finding.what, finding.detail));
            if let Some(hint) = &finding.hint {
                text.push_str(&format!("       help: {hint}\n"));
            }
        }
        text
    })?;
    Ok(if ok { Exit::Ok } else { Exit::Failed })
}

/// Gives the profiles that sources use.
async fn database(home: &Home, findings: &mut Vec<Finding>) -> BTreeSet<ProfileName> {
    let mut used = BTreeSet::new();
    let database = home.database();
    if let Database::File(file) = &database
        && !file_there(file, findings)
    {
        return used;
    }
    let store = match home.shared_store().await {
        Ok(store) => store,
        Err(error) => {
            findings.push(Finding::wrong("database", &error));
            return used;
        }
    };
    match store.check().await {
        Ok(problems) if problems.is_empty() => {
            findings.push(Finding::ok("database", format!("{database} is whole")));
        }
        Ok(problems) => findings.push(Finding::wrong(
            "database",
            &CliError::failed(format!("{database} is damaged: {}", problems.join("; ")))
                .hint("stop the daemon and restore a backup"),
        )),
        Err(error) => findings.push(Finding::wrong("database", &error.into())),
    }
    match store.dead_counts(&DeadFilter::default()).await {
        Ok(counts) => findings.push(dead_letters(&counts)),
        Err(error) => findings.push(Finding::wrong("dead letters", &error.into())),
    }
    let seen = each_source(&*store, |source| {
        if !used.contains(&source.profile) {
            used.insert(source.profile.clone());
        }
    });
    if let Err(error) = seen.await {
        findings.push(Finding::wrong("database", &error));
    }
    store.close().await;
    used
}

/// Whether there is a file to look into.
fn file_there(file: &Path, findings: &mut Vec<Finding>) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        let message = format!("there is no directory {} for the database", folder.display());
        findings.push(Finding::wrong("database", &CliError::failed(message).hint("make it first")));
        return false;
    }
    if !file.exists() {
        findings.push(Finding::ok("database", format!("{} is not there yet; the daemon makes it", file.display())));
    }
    file.exists()
}

/// What waits for a person is no fault of the daemon's.
fn dead_letters(counts: &[DeadCount]) -> Finding {
    let of = |kind: &str| counts.iter().filter(|count| count.kind == kind).map(|count| count.count).sum::<u64>();
    let (elements, runs) = (of("element"), of("run"));
    if elements + runs == 0 {
        return Finding::ok("dead letters", "none is open");
    }
    let detail = format!("for a person wait: {}, {}", counted(runs, "run"), counted(elements, "element"));
    Finding::doubtful("dead letters", detail, Some("`tidegate dead list` shows them".to_owned()))
}

async fn plugins_and_profiles(home: &Home, used: &BTreeSet<ProfileName>, findings: &mut Vec<Finding>) {
    let catalogue = match home.catalogue().await {
        Ok(catalogue) => catalogue,
        Err(error) => {
            findings.push(Finding::wrong("plugins", &error));
            return;
        }
    };
    let names: Vec<String> = catalogue.list().into_iter().filter_map(|entry| entry.name).collect();
    for platform in home.config.platforms.keys().filter(|platform| !names.contains(platform)) {
        // A mistyped name would lift the limit in silence.
        let detail = format!("[platforms.{platform}] limits no plugin: none of that name is there");
        findings.push(Finding::broken("rates", detail, Some(format!("plugins here: {}", names.join(", ")))));
    }
    // A database that cannot be read has been told of.
    let served = plugin::used(home).await.unwrap_or_default();
    for entry in catalogue.list() {
        match &entry.state {
            State::Live => {
                let (name, version) = (entry.name.unwrap_or_default(), entry.version.unwrap_or_default());
                findings.push(Finding::ok("plugin", format!("{name} {version} serves")));
            }
            State::Replaced { .. } | State::Kept => {}
            State::Refused { reason, .. } => {
                let on = plugin::served_by_a_daemon(&entry, &served).map(|row| &row.version.version);
                let on = on.map(|version| format!("; a daemon serves version {version} until it is restarted"));
                let detail = format!("{reason}{}", on.unwrap_or_default());
                findings.push(Finding::wrong("plugin", &CliError::refused(detail)));
            }
        }
    }
    // A database that cannot be read has been told of.
    for held in quarantines(home).await.unwrap_or_default() {
        let detail = format!("plugin {} is in quarantine: {}", held.plugin, held.told());
        findings.push(Finding::broken("quarantine", detail, Some(format!("replace it, or: {}", held.remedy()))));
    }
    match home.profiles() {
        Err(error) => findings.push(Finding::wrong("profiles", &error)),
        Ok(profiles) => {
            for error in &profiles.refused {
                findings.push(Finding::wrong("profile", &error.clone().into()));
            }
            for (name, file) in &profiles.usable {
                match in_order(file, home, &catalogue).await {
                    Ok(()) => findings.push(Finding::ok("profile", format!("{name} is right"))),
                    Err(error) => findings.push(Finding::wrong("profile", &error.into())),
                }
                let kept = kept_for(file, &catalogue);
                for warning in warnings(&file.profile, &file.place).into_iter().chain(kept) {
                    findings.push(Finding::doubtful("profile", warning.message, warning.hint));
                }
            }
            accounts(home, &profiles, used, findings).await;
        }
    }
}

/// Credentials: those of profiles that have sources, and those that have an entry, are needed.
async fn accounts(home: &Home, profiles: &Profiles, used: &BTreeSet<ProfileName>, findings: &mut Vec<Finding>) {
    let of_sources = profiles.usable.values().filter(|file| used.contains(&file.profile.name));
    let of_sources = of_sources.flat_map(|file| file.profile.credentials().cloned());
    let needed = of_sources.chain(home.config.credentials.keys().cloned()).collect();
    // Those that only requests carry have no account to ask; nor may one be asked for that has an origin of its own and no profile
    // yet, as that says nothing about what it is for.
    let mut carried: BTreeSet<CredentialName> =
        profiles.usable.values().filter_map(|file| Some(file.profile.net.credential.as_ref()?.name.clone())).collect();
    let elsewhere = home.config.credentials.iter().filter(|(_, config)| config.origin.is_some());
    carried.extend(elsewhere.map(|(name, _)| name.clone()));
    let of_actors = profiles.usable.values().filter_map(|file| Some(&file.profile.actor.as_ref()?.credential));
    for name in of_actors {
        carried.remove(name);
    }
    let held = home.credentials(profiles);
    match home.actors(&held) {
        Ok(actors) => findings.extend(credentials(&held, &needed, &carried, Some(&actors)).await),
        Err(error) => findings.push(Finding::wrong("credential", &error)),
    }
}

/// Whether alerts can be sent: a reload refuses what is wrong here.
fn webhooks(home: &Home, findings: &mut Vec<Finding>) {
    for webhook in home.config.alerts.webhooks(&home.dir, &Process) {
        let name = &webhook.name;
        findings.push(match &webhook.url {
            Ok(_) => Finding::ok("alert webhook", format!("the address of {name} is in {}", webhook.from)),
            Err(why) => {
                let hint = format!("say in [alerts.webhook.{name}] where its address is, and put it there");
                Finding::broken("alert webhook", format!("alerts cannot be sent to {name}: {why}"), Some(hint))
            }
        });
    }
}

fn egress(home: &Home, findings: &mut Vec<Finding>) {
    match home.egress() {
        Ok(_) => findings.push(Finding::ok("outgoing requests", "TLS and its certificates are ready")),
        Err(error) => findings.push(Finding::wrong("outgoing requests", &error)),
    }
}
