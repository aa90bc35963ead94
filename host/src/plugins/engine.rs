//! The engine of the sandbox: its settings, its pool, its beat.
//!
//! Owns: every setting, each with its reason; the fall back where the address space is limited; the thread that moves
//! the epoch every tick, on which CPU deadlines and fair turns depend. Must not know: the contract. Called by `room`.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;

use tidegate_core::limits;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails,
};

/// The engine with the pool, or without it where the pool cannot be had.
pub(super) fn engine() -> wasmtime::Result<Engine> {
    // The scan needs Linux 6.7. Without it a kept page is zeroed whether it was touched or not, so fewer are kept.
    let pooled = Engine::new(config().allocation_strategy(pool(Enabled::Yes, limits::KEPT_MEMORY_BYTES)))
        .or_else(|_| Engine::new(config().allocation_strategy(pool(Enabled::No, 64 * limits::KIB))));
    pooled.or_else(|error| {
        tracing::warn!(
            error = %super::fault::chain(&error),
            "the plugin pool could not reserve its address space; plugin calls will be slower. \
             Raise the limit on virtual memory (`ulimit -v`) to have it"
        );
        Engine::new(config().allocation_strategy(InstanceAllocationStrategy::OnDemand))
    })
}

/// The engine of a process that compiles and runs nothing: the same code, without a pool.
pub(super) fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(config().allocation_strategy(InstanceAllocationStrategy::OnDemand))
}

fn config() -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    // CPU deadlines by epoch: +24 % on parsing, where fuel costs +40 %.
    config.epoch_interruption(true).consume_fuel(false);
    // The same call gives the same answer on every machine.
    config.cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true);
    // A fiber holds the guest's stack and above it what host functions need.
    config.max_wasm_stack(limits::STACK_BYTES).async_stack_size(limits::STACK_BYTES + limits::MIB);
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    // Compiled in, as leaving them out has published aborts, but nothing a plugin needs. Multi-memory stays on: without
    // it composed components (QuickJS) make the compiler panic.
    config.wasm_threads(false).wasm_gc(false).wasm_function_references(false).wasm_exceptions(false);
    config.wasm_memory64(false).wasm_stack_switching(false);
    config.wasm_component_model(true);
    config
}

fn pool(scan: Enabled, keep: usize) -> InstanceAllocationStrategy {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let instances = limits::INSTANCES;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count(instances))
        .total_core_instances(count(instances * limits::CORE_INSTANCES))
        .total_memories(count(instances * limits::MEMORIES))
        .total_tables(count(instances * limits::TABLES))
        .total_stacks(count(instances * 2))
        .max_core_instances_per_component(count(limits::CORE_INSTANCES))
        .max_memories_per_component(count(limits::MEMORIES))
        .max_tables_per_component(count(limits::TABLES))
        // Address space only: what a call may have is kept by its limiter.
        .max_memory_size(limits::MEMORY_BYTES_MOST)
        .table_elements(limits::TABLE_ELEMENTS)
        .pagemap_scan(scan)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(limits::KEPT_TABLE_BYTES)
        .async_stack_keep_resident(limits::KEPT_STACK_BYTES);
    InstanceAllocationStrategy::Pooling(pool)
}

/// The beat: moves the epoch every tick until it is dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let engine = engine.clone();
        let (stop, stopped) = mpsc::channel();
        let beat = move || {
            while stopped.recv_timeout(limits::EPOCH_TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("plugin-beat".to_owned()).spawn(beat)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // Dropping the sender wakes the thread at once.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked, and if it had there would be nothing left to do.
            drop(thread.join());
        }
    }
}
