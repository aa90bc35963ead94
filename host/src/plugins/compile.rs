//! From bytes to code, away from the async threads.
//!
//! Owns: one component at a time, time-bounded, and the order of what is done: size and parse, digest and pin, exports and imports,
//! cache, compiler. Must not know: what the code does. Called by `room`.
//!
//! Parsing and mapping are done in a thread of this process, where a panic is caught. Compiling is done in a process of its own
//! ([`super::compiler`]), whose memory and CPU time the system bounds and whose death harms nobody; where none can be started, in
//! the thread too, bounded in time only.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tidegate_core::limits;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::component::Component;

use super::cache;
use super::compiler::{self, Failed};
use super::digest::Digest;
use super::fault::chain;
use super::imports::{self, Contract};
use super::inspect::inspect;
use super::refusal::RefusalKind;
use super::room::Shared;

/// A component that was compiled and has not run yet.
pub(super) struct Compiled {
    pub(super) component: Component,
    pub(super) contract: Contract,
    pub(super) digest: Digest,
}

/// What was found before the compiler is asked.
struct Looked {
    contract: Contract,
    digest: Digest,
    cached: Option<Component>,
}

/// The turn to compile, and until when.
struct Turn {
    /// Work that overruns its time keeps it until it has really ended.
    permit: Arc<OwnedSemaphorePermit>,
    until: Instant,
}

/// Parses and compiles a component.
pub(super) async fn compile(
    shared: &Arc<Shared>,
    bytes: Vec<u8>,
    pin: Option<Digest>,
) -> Result<Compiled, RefusalKind> {
    let permit = timeout(limits::COMPILE_TIMEOUT, Arc::clone(&shared.compiler).acquire_owned());
    let Ok(Ok(permit)) = permit.await else { return Err(RefusalKind::CompilerBusy) };
    let turn = Turn { permit: Arc::new(permit), until: Instant::now() + limits::COMPILE_TIMEOUT };
    let bytes: Arc<[u8]> = bytes.into();
    let Looked { contract, digest, cached } = {
        let (shared, bytes) = (Arc::clone(shared), Arc::clone(&bytes));
        turn.away(move || look(&shared, &bytes, pin)).await?
    };
    let component = match cached {
        Some(component) => component,
        None => fresh(shared, &turn, bytes, digest).await?,
    };
    Ok(Compiled { component, contract, digest })
}

fn look(shared: &Shared, bytes: &[u8], pin: Option<Digest>) -> Result<Looked, RefusalKind> {
    let names = inspect(bytes)?;
    let digest = Digest::of(bytes);
    if let Some(pinned) = pin.filter(|pinned| *pinned != digest) {
        return Err(RefusalKind::Pin { pinned, found: digest });
    }
    let contract = imports::check(&names, shared.wasi_policy)?;
    let cached = shared.cache.as_ref().and_then(|cache| cache.load(&shared.engine, &digest));
    let cached = cached.map(ready).transpose()?;
    Ok(Looked { contract, digest, cached })
}

/// Compiles a component that is not in the cache, and keeps its code there.
async fn fresh(shared: &Arc<Shared>, turn: &Turn, bytes: Arc<[u8]>, digest: Digest) -> Result<Component, RefusalKind> {
    if let Some(program) = &shared.compile_with {
        match timeout_at(turn.until, compiler::ask(program, &bytes)).await {
            Err(_) => return Err(RefusalKind::CompileTime),
            Ok(Ok(code)) => {
                let shared = Arc::clone(shared);
                return turn.away(move || mapped(&shared, &digest, &code)).await;
            }
            Ok(Err(Failed::Refused(kind))) => return Err(kind),
            Ok(Err(Failed::NotStarted(error))) => tracing::warn!(
                "no process could be started to compile a plugin in ({error}); it is compiled in the daemon itself, where its \
                 memory is not bounded"
            ),
        }
    }
    let shared = Arc::clone(shared);
    turn.away(move || {
        let component = Component::from_binary(&shared.engine, &bytes).map_err(refused)?;
        if let Some(cache) = &shared.cache {
            cache.store(&digest, &component.serialize().map_err(refused)?);
        }
        ready(component)
    })
    .await
}

fn mapped(shared: &Shared, digest: &Digest, code: &compiler::Code) -> Result<Component, RefusalKind> {
    let component = cache::map(&shared.engine, code).map_err(refused)?;
    if let Some(cache) = &shared.cache {
        cache.store(digest, code.bytes());
    }
    ready(component)
}

/// Otherwise the first call pays for making the image of the initial memory.
fn ready(component: Component) -> Result<Component, RefusalKind> {
    component.initialize_copy_on_write_image().map_err(refused)?;
    Ok(component)
}

#[expect(clippy::needless_pass_by_value, reason = "errors are given")]
fn refused(error: wasmtime::Error) -> RefusalKind {
    RefusalKind::Compile { why: chain(&error) }
}

impl Turn {
    /// Does work in a thread of its own, at most until the turn is over.
    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, RefusalKind> + Send + 'static,
    ) -> Result<T, RefusalKind> {
        let (answer, answered) = oneshot::channel();
        let permit = Arc::clone(&self.permit);
        let work = move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            // Whoever asked may have gone; the code is in the cache all the same.
            drop(answer.send(done.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))));
            drop(permit);
        };
        let thread =
            std::thread::Builder::new().name("plugin-compile".to_owned()).stack_size(limits::COMPILE_STACK_BYTES);
        if let Err(error) = thread.spawn(work) {
            return Err(RefusalKind::Compile { why: format!("no thread could be started for it: {error}") });
        }
        match timeout_at(self.until, answered).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(RefusalKind::CompilerPanic { why: "its thread ended without an answer".to_owned() }),
            Err(_) => Err(RefusalKind::CompileTime),
        }
    }
}

fn panicked(panic: &(dyn core::any::Any + Send)) -> RefusalKind {
    let why = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked without a message".to_owned());
    RefusalKind::CompilerPanic { why: why.chars().take(limits::MESSAGE_BYTES).collect() }
}
