//! What the host keeps about one call while it runs: limits, log, and WASI if the component asks for it.
//!
//! Owns: [`CallState`], the data of the call's store, and the limiter of memory and tables. Must not know: the contract's
//! types. Made by `call`, dropped with the store.

use std::sync::Arc;

use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use wasmtime::ResourceLimiter;
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::answer::CallContext;
use super::log::Log;
use super::meter::Meter;
use super::wasi::Wasi;

/// The data of one call's store.
pub(super) struct CallState {
    pub(super) log: Log,
    pub(super) meter: Arc<Meter>,
    now: UtcMillis,
    /// Bytes of linear memory it may have.
    memory_most: usize,
    wasi: Option<Box<Wasi>>,
    memory: usize,
    table: usize,
    refused_memory: Option<usize>,
    refused_table: Option<usize>,
}

impl CallState {
    pub(super) fn new(cx: &CallContext, meter: Arc<Meter>) -> Self {
        Self {
            log: Log::default(),
            meter,
            now: cx.now,
            memory_most: cx.memory,
            wasi: None,
            memory: 0,
            table: 0,
            refused_memory: None,
            refused_table: None,
        }
    }

    /// Bytes of linear memory, over all memories of the component.
    pub(super) const fn memory(&self) -> usize {
        self.memory
    }

    /// How much memory was wanted in all when some was refused.
    pub(super) const fn refused_memory(&self) -> Option<usize> {
        self.refused_memory
    }

    /// How many table elements were wanted when some were refused.
    pub(super) const fn refused_table(&self) -> Option<usize> {
        self.refused_table
    }

    /// The log with what WASI's stdout and stderr still hold, as both are written by lines.
    pub(super) fn take_log(&mut self) -> Log {
        if let Some(wasi) = &mut self.wasi {
            wasi.flush(&mut self.log);
        }
        std::mem::take(&mut self.log)
    }

    /// Moves complete lines of stdout and stderr into the log, so that a trap finds its cause there.
    pub(super) fn collect_output(&mut self) {
        if let Some(wasi) = &mut self.wasi {
            wasi.flush(&mut self.log);
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // Made when first asked for: components that import no WASI pay nothing.
        let now = self.now;
        self.wasi.get_or_insert_with(|| Box::new(Wasi::new(now))).view()
    }
}

impl ResourceLimiter for CallState {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_most {
            self.refused_memory = Some(total);
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table.saturating_add(desired.saturating_sub(current));
        if desired > limits::TABLE_ELEMENTS || total > limits::TABLE_ELEMENTS * limits::TABLES {
            self.refused_table = Some(desired);
            return Ok(false);
        }
        self.table = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        limits::CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        limits::TABLES
    }

    fn memories(&self) -> usize {
        limits::MEMORIES
    }
}
