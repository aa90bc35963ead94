//! Putting the rooms together for a daemon's directory.
//!
//! Owns: which edges are made of which configuration, and how a person's name for a source becomes the source. Called by
//! every command; each takes only what it needs (a listing loads no plugin).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::id::{DaemonId, SourceId, Tenant};
use tidegate_core::nearest;
use tidegate_core::source::{Source, printable_identifier};

use super::args::Place;
use super::error::CliError;
use super::progress::watched;
use crate::config::{
    self, Config, Credential, CredentialConfig, Credentials, LogFormat, Process, Profiles, Wasi, WatchBy,
};
use crate::database::DatabaseUrl;
use crate::egress::{ActorCredential, ApifyClient, Egress, EgressConfig, Key, Keys};
use crate::engine::{Ports, Settings};
use crate::plugins::{Catalogue, PluginRoom, RoomConfig, WasiPolicy, shipped::shipped};
use crate::ports::{Actors, Clock, Dice, Observer, SourceFilter, Store};
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::{OpenOptions, SqliteStore};
use crate::system::{SystemClock, SystemDice};
use crate::telemetry;

/// Where the database is.
#[derive(Debug, Clone)]
pub(super) enum Database {
    /// In a file.
    File(PathBuf),
    /// On a server.
    Server(DatabaseUrl),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Server(url) => write!(f, "{url}"),
        }
    }
}

/// A daemon's directory with its configuration.
#[derive(Clone)]
pub(super) struct Home {
    /// The directory.
    pub(super) dir: PathBuf,
    /// Its configuration.
    pub(super) config: Config,
    /// As it was typed.
    place: Place,
    /// Whether logs are JSON whatever the configuration says.
    log_json: bool,
}

impl Home {
    /// Reads the configuration.
    pub(super) fn find(place: &Place) -> Result<Self, CliError> {
        if !place.dir.is_dir() {
            let message = format!("{} is not a directory", place.dir.display());
            return Err(CliError::not_found(message).hint("make it first, or choose another --dir"));
        }
        let environment = config::process_environment();
        let mut config = Config::load(&place.dir, place.config.as_deref(), &environment)?;
        if let Some(typed) = &place.database {
            let url = typed.server().map_err(|why| {
                CliError::usage(format!("--database {why}"))
                    .hint("name a server, postgres://user@host/database, or a SQLite file")
            })?;
            if url.is_none() {
                config.store.path = typed.file().to_path_buf();
            }
            config.store.url = url;
        }
        telemetry::filter(&config.log.level).map_err(CliError::refused)?;
        Ok(Self { dir: place.dir.clone(), config, place: place.clone(), log_json: false })
    }

    /// Logs are JSON, whatever the configuration says.
    pub(super) fn log_json(&mut self) {
        self.config.log.format = LogFormat::Json;
        self.log_json = true;
    }

    /// Reads the configuration again, as it was first found.
    pub(super) fn again(&self) -> Result<Self, CliError> {
        let mut home = Self::find(&self.place)?;
        if self.log_json {
            home.log_json();
        }
        Ok(home)
    }

    /// A path of the configuration, relative to the directory.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }

    /// The database.
    pub(super) fn database(&self) -> Database {
        match &self.config.store.url {
            Some(url) => Database::Server(url.clone()),
            None => Database::File(self.path(&self.config.store.path)),
        }
    }

    /// Profiles, shipped ones and those of the directory.
    pub(super) fn profiles(&self) -> Result<Profiles, CliError> {
        Ok(config::load_profiles(&self.path(&self.config.profiles.dir))?)
    }

    /// Credentials with their values: those of the configuration, and those that profiles name.
    pub(super) fn credentials(&self, profiles: &Profiles) -> Credentials {
        Credentials::load(&self.config, &self.dir, profiles.credentials(), &Process)
    }

    /// The sandbox. `cache`: where compiled components are kept, if at all.
    pub(super) fn room(&self, cache: Option<PathBuf>) -> Result<PluginRoom, CliError> {
        let wasi = match self.config.plugins.wasi {
            Wasi::Allow => WasiPolicy::Allow,
            Wasi::Refuse => WasiPolicy::Refuse,
        };
        // Not by its path: the file there may be another one since this process was started.
        let compiler = Some(PathBuf::from("/proc/self/exe")).filter(|own| own.exists());
        PluginRoom::new(RoomConfig { cache_dir: cache, wasi, compiler })
            .map_err(|error| CliError::failed(error.to_string()))
    }

    /// Loads all plugins.
    pub(super) async fn catalogue(&self) -> Result<Catalogue, CliError> {
        Ok(self.catalogue_within(None).await?.0)
    }

    /// Loads all plugins, or those that can be loaded in that time; gives whether others are being loaded on, to be taken by a later
    /// look. Where nothing looks again, all of them are waited for.
    pub(super) async fn catalogue_within(&self, wait: Option<Duration>) -> Result<(Catalogue, bool), CliError> {
        let plugins = &self.config.plugins;
        let room = self.room(Some(self.path(&plugins.cache_dir)))?;
        let dir = self.path(&plugins.dir);
        watched("loading plugins", async {
            let catalogue = Catalogue::new(room, shipped(), Some(dir.clone())).await;
            if let Ok(profiles) = self.profiles() {
                catalogue.pin(profiles.pins()).await;
            }
            let wait = wait.filter(|_| plugins.watch != WatchBy::Off);
            let look = catalogue.scan_within(wait).await.map_err(|error| {
                CliError::failed(format!("the plugins directory {} cannot be read: {error}", dir.display()))
            })?;
            for refusal in &look.scan.refused {
                tracing::warn!("{refusal}");
            }
            Ok((catalogue, look.waiting))
        })
        .await
    }

    /// The database as the daemon has it: a file alone, a server with others.
    pub(super) async fn daemon_store(&self, daemon: DaemonId) -> Result<Arc<dyn Store>, CliError> {
        let now = SystemClock.now();
        match self.database() {
            Database::File(file) => {
                let options = OpenOptions { create: true, daemon, now };
                Ok(Arc::new(watched("opening the database", SqliteStore::open(&file, options)).await?))
            }
            Database::Server(url) => {
                let opening = PostgresStore::open(&url, self.config.store.connections, now);
                Ok(Arc::new(watched("opening the database", opening).await?))
            }
        }
    }

    /// The database beside a daemon that may be running, which must be there: a mistyped directory must not look like lost
    /// data.
    pub(super) async fn existing_store(&self) -> Result<Arc<dyn Store>, CliError> {
        if let Database::File(file) = self.database()
            && !file.exists()
        {
            let message = format!("there is no database {}", file.display());
            return Err(
                CliError::not_found(message).hint("`tidegate serve` and `source add` make one; is --dir right?")
            );
        }
        self.shared_store().await
    }

    /// The database beside a daemon that may be running; made if it is not there.
    pub(super) async fn shared_store(&self) -> Result<Arc<dyn Store>, CliError> {
        let now = SystemClock.now();
        Ok(match self.database() {
            Database::File(file) => Arc::new(SqliteStore::open_shared(&file, true, now).await?),
            Database::Server(url) => {
                Arc::new(PostgresStore::open_shared(&url, self.config.store.connections, now).await?)
            }
        })
    }

    /// The way out.
    pub(super) fn egress(&self) -> Result<Egress, CliError> {
        let mut config = EgressConfig::default();
        config.hosts = self.config.host_rates();
        config.limits.idle_connections = self.config.net.host_concurrency;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Egress::new(config, clock).map_err(|error| CliError::failed(error.to_string()))
    }

    /// The way to the actor platform.
    pub(super) fn actors(&self, credentials: &Credentials) -> Result<ApifyClient, CliError> {
        let contact = self.config.net.contact.clone();
        let (clock, dice) = (Arc::new(SystemClock), Arc::new(SystemDice));
        ApifyClient::new(EgressConfig::default(), tokens(credentials), contact, clock, dice)
            .map_err(|error| CliError::failed(error.to_string()))
    }

    /// What the engine is told.
    pub(super) fn settings(&self, daemon: DaemonId, profiles: &Profiles, credentials: &Credentials) -> Settings {
        let by_name = profiles.by_name();
        let mut rates = self.config.rate_book(by_name.values());
        for one in credentials.usable() {
            // Also of those that have no entry: what an account takes at once has a default.
            rates.credentials.entry(one.name).or_insert_with(|| CredentialConfig::default().rates());
        }
        Settings {
            daemon,
            rates,
            profiles: by_name,
            budget: self.config.global_budget(),
            watch: self.config.scheduler.watch.duration(),
            credentials: credentials.usable().into_iter().map(|one| (one.name, one.runs_at_once)).collect(),
            runs_at_once: self.config.scheduler.runs_at_once,
            active_within: self.config.scheduler.active_within.duration(),
            catch_up_window: self.config.scheduler.catch_up_window.duration(),
        }
    }

    /// Everything that a command beside the daemon needs to ask the engine's questions: the database, which the caller closes,
    /// all edges, and what the operator has set.
    pub(super) async fn beside(&self) -> Result<(Arc<dyn Store>, Ports, Settings), CliError> {
        let profiles = self.profiles()?;
        let credentials = self.credentials(&profiles);
        let settings = self.settings(daemon_id(), &profiles, &credentials);
        let store = self.shared_store().await?;
        let actors = Arc::new(self.actors(&credentials)?);
        let plugins = Arc::new(self.catalogue().await?);
        let keys = Keys::new(keys(&credentials));
        let ports = self.ports(Arc::clone(&store), plugins, actors, Arc::new(telemetry::LogObserver), keys).await?;
        Ok((store, ports, settings))
    }

    /// All edges together.
    pub(super) async fn ports(
        &self,
        store: Arc<dyn Store>,
        plugins: Arc<Catalogue>,
        actors: Arc<dyn Actors>,
        observer: Arc<dyn Observer>,
        keys: Keys,
    ) -> Result<Ports, CliError> {
        let egress = self.egress()?;
        egress.keep_hosts_in(Arc::clone(&store)).await?;
        let egress = egress.for_engine(self.config.net.contact.clone(), keys);
        Ok(Ports {
            store,
            plugins,
            egress: Arc::new(egress),
            actors,
            clock: Arc::new(SystemClock),
            dice: Arc::new(SystemDice),
            observer,
        })
    }
}

/// Credentials as the edge that sends them takes them.
pub(super) fn tokens(credentials: &Credentials) -> Vec<ActorCredential> {
    let token =
        |one: Credential| ActorCredential { name: one.name, token: one.value, origin: one.origin, grant: one.grant };
    credentials.usable().into_iter().map(token).collect()
}

/// The same as requests of profiles carry them.
pub(super) fn keys(credentials: &Credentials) -> Vec<Key> {
    let key = |one: Credential| Key { name: one.name, value: one.value, origin: one.origin };
    credentials.usable().into_iter().map(key).collect()
}

/// A new id for this life of the daemon.
pub(super) fn daemon_id() -> DaemonId {
    DaemonId::new(SystemClock.now(), SystemDice.throw())
}

/// A tenant as typed.
pub(super) fn tenant(text: &str) -> Result<Tenant, CliError> {
    text.parse().map_err(|error: tidegate_core::id::NotAName| CliError::usage(format!("--tenant: {error}")))
}

/// Shows every source to `see`, in the order of their ids.
pub(super) async fn each_source(store: &dyn Store, mut see: impl FnMut(&Source)) -> Result<(), CliError> {
    let mut filter = SourceFilter { limit: tidegate_core::limits::LIST_ROWS, ..SourceFilter::default() };
    loop {
        let sources = store.sources(&filter).await?;
        let Some(last) = sources.last() else { return Ok(()) };
        filter.after = Some(last.id);
        sources.iter().for_each(&mut see);
    }
}

/// The source a person names by id or identifier.
pub(super) async fn find_source(store: &dyn Store, name: &str) -> Result<Source, CliError> {
    if let Ok(id) = name.parse::<SourceId>() {
        let found = store.source(id).await?;
        return found.ok_or_else(|| {
            CliError::not_found(format!("there is no source {id}")).hint("`tidegate source list` shows what there is")
        });
    }
    let mut found = Vec::new();
    let mut close: Vec<String> = Vec::new();
    let mut filter = SourceFilter { limit: tidegate_core::limits::LIST_ROWS, ..SourceFilter::default() };
    loop {
        let sources = store.sources(&filter).await?;
        let Some(last) = sources.last() else { break };
        filter.after = Some(last.id);
        for source in sources {
            if source.identifier == name {
                found.push(source);
            } else if close.len() < 1_000 {
                close.push(source.identifier);
            }
        }
    }
    match (found.len(), found.pop()) {
        (1, Some(source)) => Ok(source),
        (0, _) | (_, None) => {
            let hint = match nearest::nearest(name, close.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => "`tidegate source list` shows what there is".to_owned(),
            };
            Err(CliError::not_found(format!("there is no source {:?}", printable_identifier(name))).hint(hint))
        }
        (count, Some(_)) => Err(CliError::usage(format!("{count} sources have the identifier {name:?}"))
            .hint("name one by its id; `tidegate source list` shows them")),
    }
}
