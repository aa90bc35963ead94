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
