//! What the end-to-end tests are made of.
//!
//! Owns: the judging of the feed plugin against a corpus, and the building of guests. Must not know: how a document gets
//! through a plugin; whoever calls says so, natively or through the host.

pub mod corpus;
pub mod guests;
pub mod native;
