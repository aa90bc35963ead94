//! Connections: the listener, requests in, answers out, and the driver that lets time pass.
//!
//! Owns: sockets and tasks. HTTP/1.1 is spoken by hand, since a proper library refuses to break answers. Must not know:
//! actors or runs. Called by `emulator`.

mod coding;
mod deliver;
mod listen;
mod reply;
mod request;
mod send;

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::world::World;

pub(crate) use coding::decode;
pub(crate) use listen::run;
pub(crate) use reply::Reply;
pub(crate) use request::{Request, percent_decoded};

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    world: Mutex<World>,
    /// Something was planned: the driver looks again.
    pub(crate) planned: Notify,
    /// For how long the port is to be closed; each value is one closure.
    pub(crate) closed: watch::Sender<Duration>,
    pub(crate) address: SocketAddr,
}

impl Shared {
    pub(crate) fn new(clock: Clock, world: World, address: SocketAddr) -> Self {
        let closed = watch::Sender::new(Duration::ZERO);
        Self { clock, world: Mutex::new(world), planned: Notify::new(), closed, address }
    }

    /// The world, with everything booked that has happened by now. Never held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.settle(self.clock.now());
        world
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same server under another name: another origin for whoever follows redirects.
    pub(crate) fn other_origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }
}
