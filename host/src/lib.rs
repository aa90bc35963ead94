//! The tidegate daemon.
//!
//! The rooms, in the direction of their imports: `cli` and `simulate` (the composition roots) -> `engine`, `config`, the edges
//! (`store`, `plugins`, `egress`, `telemetry`, `alerts`, `http`, `lookout`) -> `ports`, `database`, `secret` -> `tidegate_core`. Edges never
//! see each other.

pub mod alerts;
pub mod cli;
pub mod config;
pub mod database;
pub mod egress;
pub mod engine;
pub mod http;
pub mod lookout;
pub mod plugins;
pub mod ports;
pub mod secret;
pub mod simulate;
pub mod store;
pub mod system;
pub mod telemetry;

/// What a burst of large pages took is given back after it: see `docs/decisions/0017-memory-after-bursts.md`. Here and not in the program, so
/// that tests and benchmarks measure what users run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
