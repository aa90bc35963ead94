//! A day of tidegate in minutes.
//!
//! Owns: worlds of users, sources and platforms made by chance from a seed, and the figures they give. In them the real engine
//! and the real core run on the store in memory, with virtual time and scripted platforms; nothing is fetched or paid. Must not
//! know: how its parameters are typed. A composition root, called by `cli`.

mod clock;
mod dice;
mod drive;
mod hours;
mod people;
mod platform;
mod plugin;
mod publisher;
mod report;
mod tally;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
mod world;

pub use report::Report;
pub use world::{Outage, People, Prices, Weather, World};

/// Why a world could not be simulated.
#[derive(Debug, thiserror::Error)]
pub enum NotSimulated {
    /// There is no runtime.
    #[error("the simulation's runtime could not be started: {0}")]
    Runtime(#[from] std::io::Error),
    /// A profile of the simulation is wrong: its limits and this world do not go together.
    #[error("the simulation's own profile is refused: {0}")]
    Profile(String),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] crate::ports::StoreError),
}

/// Simulates a world, on this thread: to be called where blocking is allowed.
///
/// # Errors
/// [`NotSimulated`].
pub fn simulate(world: &World) -> Result<Report, NotSimulated> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(drive::drive(world))
}
