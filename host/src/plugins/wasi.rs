//! WASI 0.2 with nothing behind it.
//!
//! Owns: which WASI interfaces exist, and a context that grants nothing: no files, environment, arguments, names or
//! sockets; the clock stands at the job's `now`; random bytes are the same in every call; stdout and stderr go into the
//! run's log under its cap. Must not know: plugins. A context is made when a component first asks for one.
//!
//! Trapping stubs would be simpler and do not work: CPython reads its environment and StarlingMonkey a clock before
//! they do anything else.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::io::AsyncWrite;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView};

use super::digest::Digest;
use super::log::{Log, LogLevel};
use super::state::CallState;

/// The WASI 0.2 interfaces that are linked; all that plain `wasm32-wasip2`, componentize-py and QuickJS builds import.
const INTERFACES: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Whether a WASI interface (`wasi:cli/exit`, without version) is one of those that are linked.
pub(super) fn is_linked(interface: &str) -> bool {
    INTERFACES.contains(&interface)
}

/// Links all of WASI 0.2.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// WASI of one call.
pub(super) struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    out: Output,
    err: Output,
}

impl Wasi {
    pub(super) fn new(now: UtcMillis) -> Self {
        let (out, err) = (Output::default(), Output::default());
        let now = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(0));
        let ctx = WasiCtxBuilder::new()
            .stdout(out.clone())
            .stderr(err.clone())
            .wall_clock(Frozen(now))
            .monotonic_clock(Frozen(now))
            .secure_random(Deterministic::new(DICE.clone()))
            .insecure_random(Deterministic::new(DICE.clone()))
            .insecure_random_seed(0)
            .max_random_size(limits::WASI_RANDOM_BYTES)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::WASI_HANDLES);
        Self { ctx, table, out, err }
    }

    pub(super) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }

    /// Moves what was written into the log. stderr is where Python and C say why they give up.
    pub(super) fn flush(&mut self, log: &mut Log) {
        for (output, level) in [(&self.out, LogLevel::Info), (&self.err, LogLevel::Error)] {
            let (bytes, dropped) = output.take();
            for line in String::from_utf8_lossy(&bytes).lines().filter(|line| !line.trim().is_empty()) {
                log.write(level, line);
            }
            if dropped > 0 {
                log.write(LogLevel::Warn, &format!("{dropped} more bytes of output were dropped"));
            }
        }
    }
}

/// The same bytes for every call: as many as make hash seeds look random, made from nothing but their position.
static DICE: LazyLock<Vec<u8>> = LazyLock::new(|| (0..64_u8).flat_map(|block| *Digest::of(&[block]).bytes()).collect());

/// A clock that stands still.
struct Frozen(Duration);

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for Frozen {
    fn resolution(&self) -> u64 {
        1_000_000
    }
    fn now(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// stdout or stderr of one call.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<(Vec<u8>, u64)>>);

impl Output {
    fn write(&self, bytes: &[u8]) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = limits::LOG_BYTES.saturating_sub(held.0.len());
        let (kept, dropped) = bytes.split_at(bytes.len().min(room));
        held.0.extend_from_slice(kept);
        held.1 += dropped.len() as u64;
    }

    fn take(&self) -> (Vec<u8>, u64) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn wasmtime_wasi::p2::OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl wasmtime_wasi::p2::Pollable for Output {
    async fn ready(&mut self) {}
}

impl wasmtime_wasi::p2::OutputStream for Output {
    fn write(&mut self, bytes: bytes::Bytes) -> wasmtime_wasi::p2::StreamResult<()> {
        Self::write(self, &bytes);
        Ok(())
    }
    fn flush(&mut self) -> wasmtime_wasi::p2::StreamResult<()> {
        Ok(())
    }
    fn check_write(&mut self) -> wasmtime_wasi::p2::StreamResult<usize> {
        Ok(limits::LOG_BYTES)
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Output::write(&self, bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
