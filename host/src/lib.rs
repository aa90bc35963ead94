//! The rooms of the daemon.

pub mod plugins;
