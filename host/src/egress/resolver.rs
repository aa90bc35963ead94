//! From names to addresses.
//!
//! Owns: the port through which names are resolved, and the system's resolver behind it. Must not know: which addresses
//! are allowed. Called by `judged`, which judges the whole answer.
//!
//! The system's resolver (`getaddrinfo` on a thread of the blocking pool) rather than one of our own: it honours
//! `/etc/hosts`, `nsswitch.conf`, split DNS and local caches, which is what operators debug with, and a look-up is needed
//! once per connection, not per request. What it lacks, a time limit, is put around it there.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// The answer of a look-up, on its way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Turns a name into addresses.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`, in the order to be tried.
    fn resolve<'a>(&'a self, host: &'a str) -> Lookup<'a>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|socket| socket.ip()).collect())
        })
    }
}
