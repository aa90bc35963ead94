//! What may be fetched, from where, and what an answer's redirects and waits mean.
//!
//! Owns: the deny table of addresses, names and ports, the form of a URL, an operator's exceptions, the fate of a
//! redirect, `Retry-After`. Must not know: sockets, resolvers, HTTP clients, the clock. Called by `host/src/egress`
//! before each connection, and by plan and profile checks that want the same answer earlier.
//!
//! The order for one request: [`Target::parse`] (form), [`NetGrant::permits_target`] (name or literal address),
//! look-up, [`NetGrant::permits_addresses`] (every address), dial one of exactly those; then [`redirect::decide`] and
//! the same again for the next hop.

mod address;
mod grant;
mod name;
mod origin;
pub mod redirect;
mod retry_after;
mod target;
#[cfg(test)]
mod vectors;

/// What stands in place of a secret, in whatever is shown, stored or handed to a plugin.
pub const HIDDEN: &str = "(hidden)";

pub use address::{DeniedAddress, Range, denied_address};
pub use grant::{AllowPrivate, Denial, NetGrant, NotAnAllowance};
pub use name::denied_name;
pub use origin::{NotAnOrigin, Origin, Scheme};
pub use retry_after::{http_date, retry_after};
pub use target::{Host, Place, Target, UrlRefused, port_blocked};
