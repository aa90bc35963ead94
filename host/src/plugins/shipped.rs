//! The plugins that are part of this binary, as components.
//!
//! Owns: their names and bytes; the build script (`host/build.rs`) builds them and writes the list. Must not know: what
//! they do. Called where the [`super::Catalogue`] is made.

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// Name and component of each shipped plugin.
#[must_use]
pub const fn shipped() -> &'static [(&'static str, &'static [u8])] {
    SHIPPED
}
