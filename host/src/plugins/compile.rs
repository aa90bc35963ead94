//! From bytes to code, away from the async threads.
//!
//! Owns: one component at a time is parsed and one is compiled, time-bounded, and the order of what is done: size and parse, digest and pin, exports and imports,
//! cache, compiler. Must not know: what the code does. Called by `room`.
//!
//! Parsing and mapping are done in a thread of this process, where a panic is caught. Compiling is done in a process of its own
//! ([`super::compiler`]), whose memory and CPU time the system bounds and whose death harms nobody. It may take long by the clock, as
//! it gives way to the daemon. Where no process can be started it is done in the thread too, bounded in time by the clock only.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tidegate_core::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
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

/// A turn at what is done for one component at a time. Work that overruns its time keeps it until it has really ended.
struct Turn(Arc<OwnedSemaphorePermit>);

/// Parses and compiles a component.
pub(super) async fn compile(
    shared: &Arc<Shared>,
    bytes: Vec<u8>,
    pin: Option<Digest>,
) -> Result<Compiled, RefusalKind> {
    let bytes: Arc<[u8]> = bytes.into();
    let Looked { contract, digest, cached } = {
        let turn = Turn::at(&shared.parser).await?;
        let (shared, bytes) = (Arc::clone(shared), Arc::clone(&bytes));
        turn.away(move || look(&shared, &bytes, pin)).await?
    };
    let component = match cached {
        Some(component) => component,
        None => fresh(shared, bytes, digest).await?,
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
async fn fresh(shared: &Arc<Shared>, bytes: Arc<[u8]>, digest: Digest) -> Result<Component, RefusalKind> {
    let turn = Turn::at(&shared.compiler).await?;
    if let Some(program) = &shared.compile_with {
        match timeout(limits::COMPILE_WAIT, compiler::ask(program, &bytes)).await {
            // Its process has CPU time left that it was not given.
            Err(_) => return Err(RefusalKind::CompileSlow),
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
    /// Waits for a turn.
    async fn at(place: &Arc<Semaphore>) -> Result<Self, RefusalKind> {
        match timeout(limits::COMPILE_WAIT, Arc::clone(place).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Self(Arc::new(permit))),
            // Never closed; were it, nothing would become free either.
            Ok(Err(_)) | Err(_) => Err(RefusalKind::CompilerBusy),
        }
    }

    /// Does work in a thread of its own, for at most [`limits::COMPILE_TIMEOUT`].
    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, RefusalKind> + Send + 'static,
    ) -> Result<T, RefusalKind> {
        let (answer, answered) = oneshot::channel();
        let permit = Arc::clone(&self.0);
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
        match timeout(limits::COMPILE_TIMEOUT, answered).await {
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
