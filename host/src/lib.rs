//! The tidegate daemon.
//!
//! The rooms, in the direction of their imports: `cli` (the composition root) -> `engine`, `config`, the edges (`store`,
//! `plugins`, `egress`, `telemetry`) -> `ports` -> `tidegate_core`. Edges never see each other.

pub mod ports;
pub mod store;
