//! The room itself: one engine for all plugins, and the way a component gets in.
//!
//! Owns: [`PluginRoom`] and what all its plugins share. Must not know: which plugins there should be ([`super::catalogue`]
//! does). Called by the catalogue, by `plugin check`, and by tests.

use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use tidegate_core::limits;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::Engine;
use wasmtime::component::Linker;

use super::adapter::Adapter;
use super::cache::Cache;
use super::compile::{Compiled, compile};
use super::digest::Digest;
use super::engine::{self, Ticker};
use super::fault::chain;
use super::plugin::Plugin;
use super::refusal::{Origin, Refusal, RefusalKind};
use super::state::CallState;
use super::tally::Tallies;
use super::{adapter, call::Sandbox, probe, wasi};
use crate::ports::Used;

/// What to do with components that import WASI 0.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WasiPolicy {
    /// Link it with nothing behind it.
    #[default]
    Allow,
    /// Refuse the component.
    Refuse,
}

/// How the room is set up.
#[derive(Debug, Clone, Default)]
pub struct RoomConfig {
    /// Where precompiled code is kept. `None`: each start compiles again. Made with mode 0700 if it is not there.
    pub cache_dir: Option<PathBuf>,
    /// What to do with components that import WASI 0.2.
    pub wasi: WasiPolicy,
    /// The program that compiles components in a process of its own when it is called with [`super::COMPILER`] alone. `None`:
    /// they are compiled in a thread of this process.
    pub compiler: Option<PathBuf>,
}

/// The room could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The engine does not work on this machine.
    #[error("the plugin sandbox cannot be set up on this machine: {why}; tidegate runs on Linux on x86-64 and arm64")]
    Engine {
        /// What the engine says.
        why: String,
    },
    /// The thread that keeps the deadlines could not be started.
    #[error(
        "the thread that keeps the plugins' deadlines could not be started: {0}; raise the limit on processes (`ulimit -u`)"
    )]
    Ticker(#[source] std::io::Error),
}

/// What all plugins of a room share.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) wasi_policy: WasiPolicy,
    pub(super) probe_cpu: Duration,
    pub(super) cache: Option<Cache>,
    /// As in [`RoomConfig`].
    pub(super) compile_with: Option<PathBuf>,
    pub(super) tallies: Tallies,
    /// Instances that may still be made.
    pub(super) slots: Semaphore,
    /// One turn at parsing, and at mapping what was compiled before, which nobody's compiling holds up.
    pub(super) parser: Arc<Semaphore>,
    /// One turn at compiling.
    pub(super) compiler: Arc<Semaphore>,
    /// Components whose bytes may be held in memory at once while they are loaded.
    loading: Semaphore,
    plain: Linker<CallState>,
    with_wasi: Linker<CallState>,
    /// Plugins may outlive the room, and no plugin may run without the beat.
    _ticker: Ticker,
}

/// Where plugins are loaded and run. Cheap to clone.
#[derive(Clone)]
pub struct PluginRoom {
    shared: Arc<Shared>,
}

impl PluginRoom {
    /// Sets up the engine, its pool and its beat.
    ///
    /// # Errors
    /// When the machine cannot run the sandbox. A cache directory that cannot be used is only a warning.
    pub fn new(config: RoomConfig) -> Result<Self, RoomError> {
        Self::with_probe_cpu(config, limits::PROBE_CPU)
    }

    /// As [`Self::new`], with another limit on the CPU time of each call that tries a component while it is loaded.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_probe_cpu(config: RoomConfig, probe_cpu: Duration) -> Result<Self, RoomError> {
        let engine = engine::engine().map_err(|error| RoomError::Engine { why: chain(&error) })?;
        let ticker = Ticker::start(&engine).map_err(RoomError::Ticker)?;
        let cache = config.cache_dir.and_then(|dir| {
            let opened = Cache::open(&dir, &engine);
            opened
                .inspect_err(|error| {
                    tracing::warn!(dir = %dir.display(), %error, "the plugin cache cannot be used; plugins are compiled at each start");
                })
                .ok()
        });
        let (plain, with_wasi) = linkers(&engine).map_err(|error| RoomError::Engine { why: chain(&error) })?;
        let shared = Shared {
            engine,
            wasi_policy: config.wasi,
            probe_cpu,
            cache,
            compile_with: config.compiler,
            tallies: Tallies::default(),
            slots: Semaphore::new(limits::INSTANCES),
            parser: Arc::new(Semaphore::new(1)),
            compiler: Arc::new(Semaphore::new(1)),
            loading: Semaphore::new(limits::LOADING),
            plain,
            with_wasi,
            _ticker: ticker,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Takes a component in: parse, compile, try. Needs a tokio runtime with time.
    ///
    /// # Errors
    /// Why the component may not serve, and what to do about it.
    pub async fn load(&self, bytes: Vec<u8>, origin: Origin) -> Result<Arc<Plugin>, Refusal> {
        self.load_pinned(bytes, origin, None).await
    }

    /// As [`Self::load`], and refuses every component but the one with this digest.
    ///
    /// # Errors
    /// Why the component may not serve, and what to do about it.
    pub async fn load_pinned(
        &self,
        bytes: Vec<u8>,
        origin: Origin,
        pin: Option<Digest>,
    ) -> Result<Arc<Plugin>, Refusal> {
        match self.take_in(bytes, &origin, pin).await {
            Ok(plugin) => Ok(Arc::new(plugin)),
            Err(kind) => Err(Refusal { origin, kind }),
        }
    }

    async fn take_in(&self, bytes: Vec<u8>, origin: &Origin, pin: Option<Digest>) -> Result<Plugin, RefusalKind> {
        // Before a thread is started for it.
        if bytes.len() > limits::COMPONENT_BYTES {
            return Err(RefusalKind::TooLarge { bytes: bytes.len() as u64 });
        }
        let Compiled { component, contract, digest } = compile(&self.shared, bytes, pin).await?;
        let linker = if contract.wasi.is_empty() { &self.shared.plain } else { &self.shared.with_wasi };
        let pre = linker.instantiate_pre(&component).map_err(|error| RefusalKind::Signature { what: chain(&error) })?;
        let sandbox = Sandbox::new(Arc::clone(&self.shared), pre);
        let adapter = Adapter::new(contract.track, sandbox)?;
        let cx = probe::context(self.shared.probe_cpu);
        let tally = |name: &str, version: &str| self.shared.tallies.of(name, version, digest);
        probe::probe(adapter, digest, contract, origin, &cx, tally).await
    }

    /// Waits until one more component may be read into memory and loaded, and keeps its place until this is dropped.
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.shared.loading.acquire().await.ok()
    }

    /// Where precompiled code is kept, if anywhere.
    pub(super) fn cache_dir(&self) -> Option<&std::path::Path> {
        self.shared.cache.as_ref().map(Cache::dir)
    }

    /// What plugins have been asked for since this was last asked.
    pub(super) fn take_used(&self) -> Vec<Used> {
        self.shared.tallies.take()
    }
}

impl core::fmt::Debug for PluginRoom {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PluginRoom").field("free", &self.shared.slots.available_permits()).finish_non_exhaustive()
    }
}

fn linkers(engine: &Engine) -> wasmtime::Result<(Linker<CallState>, Linker<CallState>)> {
    let mut plain = Linker::new(engine);
    adapter::link(&mut plain)?;
    let mut with_wasi = Linker::new(engine);
    adapter::link(&mut with_wasi)?;
    wasi::link(&mut with_wasi)?;
    Ok((plain, with_wasi))
}
