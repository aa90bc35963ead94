//! From bytes to code, away from the async threads.
//!
//! Owns: the thread that parses and compiles (one component at a time, time-bounded, a panic of the compiler caught) and
//! the order of what it does: size and parse, digest and pin, exports and imports, cache, compiler. Must not know: what
//! the code does. Called by `room`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tidegate_core::limits;
use tokio::sync::oneshot;
use tokio::time::timeout;
use wasmtime::component::Component;

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

/// Parses and compiles a component in a thread of its own.
pub(super) async fn compile(
    shared: &Arc<Shared>,
    bytes: Vec<u8>,
    pin: Option<Digest>,
) -> Result<Compiled, RefusalKind> {
    let turn = timeout(limits::COMPILE_TIMEOUT, Arc::clone(&shared.compiler).acquire_owned());
    let Ok(Ok(turn)) = turn.await else { return Err(RefusalKind::CompilerBusy) };
    let (answer, answered) = oneshot::channel();
    let work = {
        let shared = Arc::clone(shared);
        move || {
            let compiled = catch_unwind(AssertUnwindSafe(|| prepare(&shared, &bytes, pin)));
            // Whoever asked may have gone; the code is in the cache all the same.
            drop(answer.send(compiled.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))));
            // A compiler that overran its time keeps the turn until it has really ended.
            drop(turn);
        }
    };
    let thread = std::thread::Builder::new().name("plugin-compile".to_owned()).stack_size(limits::COMPILE_STACK_BYTES);
    if let Err(error) = thread.spawn(work) {
        return Err(RefusalKind::Compile { why: format!("no thread could be started for it: {error}") });
    }
    match timeout(limits::COMPILE_TIMEOUT, answered).await {
        Ok(Ok(compiled)) => compiled,
        Ok(Err(_)) => Err(RefusalKind::CompilerPanic { why: "its thread ended without an answer".to_owned() }),
        Err(_) => Err(RefusalKind::CompileTime),
    }
}

fn prepare(shared: &Shared, bytes: &[u8], pin: Option<Digest>) -> Result<Compiled, RefusalKind> {
    let names = inspect(bytes)?;
    let digest = Digest::of(bytes);
    if let Some(pinned) = pin.filter(|pinned| *pinned != digest) {
        return Err(RefusalKind::Pin { pinned, found: digest });
    }
    let contract = imports::check(&names, shared.wasi_policy)?;
    let cached = shared.cache.as_ref().and_then(|cache| cache.load(&shared.engine, &digest));
    let component = match cached {
        Some(component) => component,
        None => fresh(shared, bytes, &digest)?,
    };
    // Otherwise the first call pays for making the image of the initial memory.
    component.initialize_copy_on_write_image().map_err(|error| RefusalKind::Compile { why: chain(&error) })?;
    Ok(Compiled { component, contract, digest })
}

fn fresh(shared: &Shared, bytes: &[u8], digest: &Digest) -> Result<Component, RefusalKind> {
    let refuse = |error: wasmtime::Error| RefusalKind::Compile { why: chain(&error) };
    let component = Component::from_binary(&shared.engine, bytes).map_err(refuse)?;
    if let Some(cache) = &shared.cache {
        cache.store(digest, &component.serialize().map_err(refuse)?);
    }
    Ok(component)
}

fn panicked(panic: &(dyn core::any::Any + Send)) -> RefusalKind {
    let why = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked without a message".to_owned());
    RefusalKind::CompilerPanic { why: why.chars().take(limits::MESSAGE_BYTES).collect() }
}
