//! `plugin list`: what serves, what was refused, what is out of service, and what all of it was asked for.
//!
//! Owns: what is said of plugins. Must not know: how they are loaded, or what puts one into quarantine. What lies in the directory
//! is found by this process; what a daemon makes of it (which version it serves, how often it was called) is what that daemon
//! has written into the database.

use serde_json::{Value, json};
use tidegate_core::limits;
use tidegate_core::quarantine::Quarantine;
use tidegate_core::sandbox::CallLimits;

use crate::cli::error::{CliError, Exit};
use crate::cli::home::{Database, Home};
use crate::cli::output::{Output, table};
use crate::plugins::{Entry, RefusalKind, State};
use crate::ports::{Clock as _, Store, UseRow};
use crate::system::SystemClock;

/// Runs `plugin list`.
pub(super) async fn list(home: &Home, output: Output) -> Result<Exit, CliError> {
    let entries = home.catalogue().await?.list();
    let (held, used) = match store(home).await? {
        None => (Vec::new(), Vec::new()),
        Some(store) => {
            let (held, used) = (store.quarantines().await, store.plugin_use().await);
            store.close().await;
            (held?, used?)
        }
    };
    let lines: Vec<Line<'_>> = entries.iter().map(|entry| Line::of(entry, &held, &used)).collect();
    let data: Vec<Value> = lines.iter().map(Line::described).collect();
    output.data(&json!({ "plugins": data, "limits": CallLimits::default() }), |_| {
        let rows: Vec<Vec<String>> = lines.iter().map(Line::row).collect();
        let names = ["NAME", "VERSION", "DIGEST", "TRACK", "KINDS", "WASI", "CALLS", "FAULTS", "CPU", "STATE", "FROM"];
        let mut text = table(&names, &rows);
        for line in &lines {
            if let State::Refused { reason, .. } = &line.entry.state {
                text.push_str(&format!("help: {}: {}\n", reason.origin, reason.kind.remedy()));
            }
        }
        text.push_str(&format!("limits of a call: {}; a profile may set its own\n", CallLimits::default()));
        text
    })?;
    Ok(Exit::Ok)
}

/// Versions that are out of service. Without a database there is none.
pub(in crate::cli) async fn quarantines(home: &Home) -> Result<Vec<Quarantine>, CliError> {
    let Some(store) = store(home).await? else { return Ok(Vec::new()) };
    let held = store.quarantines().await;
    store.close().await;
    Ok(held?)
}

async fn store(home: &Home) -> Result<Option<std::sync::Arc<dyn Store>>, CliError> {
    if let Database::File(file) = home.database()
        && !file.exists()
    {
        return Ok(None);
    }
    home.existing_store().await.map(Some)
}

/// What versions were asked for. Without a database nothing is known.
pub(in crate::cli) async fn used(home: &Home) -> Result<Vec<UseRow>, CliError> {
    let Some(store) = store(home).await? else { return Ok(Vec::new()) };
    let used = store.plugin_use().await;
    store.close().await;
    Ok(used?)
}

/// The version that a daemon serves from a file which is refused as it is now. For its name a file is refused here that served there
/// before the other one came: a daemon goes on with it.
pub(in crate::cli) fn served_by_a_daemon<'a>(entry: &Entry, used: &'a [UseRow]) -> Option<&'a UseRow> {
    let State::Refused { reason, .. } = &entry.state else { return None };
    let by_name = matches!(reason.kind, RefusalKind::SameName { .. });
    let (fresh, origin) = (SystemClock.now().minus(limits::USE_FRESH), entry.origin.to_string());
    let of_file = |row: &&UseRow| row.version.origin == origin && row.served_at >= fresh;
    let newest = used.iter().filter(of_file).max_by_key(|row| row.served_at);
    let digest = entry.digest.map(|digest| digest.to_string());
    newest.filter(|row| by_name || Some(&row.version.digest) != digest.as_ref())
}

/// A component with what is known of it beside the directory.
struct Line<'a> {
    entry: &'a Entry,
    quarantine: Option<&'a Quarantine>,
    /// What its version was asked for.
    used: Option<&'a UseRow>,
    /// Another version that a daemon serves from the same file.
    serving: Option<&'a UseRow>,
}

impl<'a> Line<'a> {
    fn of(entry: &'a Entry, held: &'a [Quarantine], used: &'a [UseRow]) -> Self {
        let digest = entry.digest.map(|digest| digest.to_string());
        let is_it = |plugin: &str, of: &str| Some(of) == digest.as_deref() && entry.name.as_deref() == Some(plugin);
        let quarantine = held.iter().find(|held| is_it(&held.plugin, &held.digest));
        let own = used.iter().find(|row| is_it(&row.version.plugin, &row.version.digest));
        Self { entry, quarantine, used: own, serving: served_by_a_daemon(entry, used) }
    }

    /// Its name; of a file that cannot be asked, that of what a daemon serves from it.
    fn name(&self) -> Option<&str> {
        self.entry.name.as_deref().or_else(|| self.serving.map(|row| row.version.plugin.as_str()))
    }

    fn row(&self) -> Vec<String> {
        let entry = self.entry;
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let short = |digest: String| digest.chars().take(12).collect();
        let used = self.used.map(|row| &row.used);
        let serves_on = |version: &str| format!(" ({version} serves on)");
        vec![
            or_dash(self.name().map(str::to_owned)),
            or_dash(entry.version.clone()),
            or_dash(entry.digest.map(|digest| short(digest.to_string()))),
            or_dash(entry.track.map(|track| track.to_string())),
            entry.kinds.join(","),
            if entry.wasi_imports.is_empty() { "-".to_owned() } else { entry.wasi_imports.len().to_string() },
            or_dash(used.map(|used| used.calls.to_string())),
            or_dash(used.map(|used| used.faults.values().sum::<u64>().to_string())),
            or_dash(used.map(|used| format!("{:.1} s", used.cpu.as_secs_f64()))),
            match &entry.state {
                State::Live => self
                    .quarantine
                    .map_or_else(|| "live".to_owned(), |held| format!("in quarantine since {}", held.since)),
                State::Kept => "kept: a profile pins it".to_owned(),
                State::Replaced { by } => format!("replaced by {}", by.display()),
                State::Refused { reason, serving } => {
                    let daemons = self.serving.map(|row| row.version.version.as_str());
                    let on = serving.as_deref().or(daemons).map(serves_on).unwrap_or_default();
                    format!("refused: {}{on}", reason.kind)
                }
            },
            entry.origin.to_string(),
        ]
    }

    fn described(&self) -> Value {
        let entry = self.entry;
        let (state, reason, remedy) = match &entry.state {
            State::Live => ("live", None, None),
            State::Kept => ("kept", Some("a profile pins it".to_owned()), None),
            State::Replaced { by } => ("replaced", Some(format!("by {}", by.display())), None),
            State::Refused { reason, .. } => ("refused", Some(reason.to_string()), Some(reason.kind.remedy())),
        };
        let refusal = if let State::Refused { reason, .. } = &entry.state { Some(reason.kind.word()) } else { None };
        let used = self.used.map(|row| &row.used);
        json!({
            "name": self.name(),
            "version": entry.version,
            "digest": entry.digest.map(|digest| digest.to_string()),
            "track": entry.track.map(|track| track.to_string()),
            "kinds": entry.kinds,
            "wasi_imports": entry.wasi_imports,
            "limits": CallLimits::default(),
            "origin": entry.origin.to_string(),
            "state": state,
            "refusal": refusal,
            "reason": reason,
            "remedy": remedy,
            "serving": self.serving.map(|row| json!({ "version": row.version.version, "digest": row.version.digest })),
            "quarantine": self.quarantine,
            "calls": used.map_or(0, |used| used.calls),
            "faults": used.map_or(0, |used| used.faults.values().sum::<u64>()),
            "faults_by_kind": used.map(|used| used.faults.clone()).unwrap_or_default(),
            "cpu_ms": used.map_or(0, |used| u64::try_from(used.cpu.as_millis()).unwrap_or(u64::MAX)),
            "bytes_in": used.map_or(0, |used| used.bytes_in),
            "bytes_out": used.map_or(0, |used| used.bytes_out),
            "items": used.map_or(0, |used| used.items),
            "first_at": self.used.map(|row| row.first_at),
            "served_at": self.used.map(|row| row.served_at),
        })
    }
}
