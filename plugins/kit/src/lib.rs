//! The guest side of the contract in `wit/v0.1`.
//!
//! Owns: the generated types, the [`Plugin`] trait, the [`export!`] macro that turns a type with that trait into a
//! component, the panic hook that carries a panic's message to the host, the few readers every HTTP plugin needs (header
//! lookup, `Link` fields, URL references), the calendar and dates as people write them, the sanitizer of HTML, the contract's maxima, what plugins on actors share (elements of datasets, field maps,
//! settings), and what the tests of plugins share. Must not know: any platform. Called by every plugin written in Rust. A
//! plugin crate also builds natively (as an rlib), so that its tests need no wasm.

#[cfg(not(feature = "serde"))]
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/v0.1, where everything is documented"
)]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "plugin",
        pub_export_macro: true,
        default_bindings_module: "tidegate_plugin_kit::bindings",
        additional_derives: [Clone, PartialEq],
    });
}

#[cfg(feature = "serde")]
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/v0.1, where everything is documented"
)]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "plugin",
        pub_export_macro: true,
        default_bindings_module: "tidegate_plugin_kit::bindings",
        additional_derives: [Clone, PartialEq, serde::Serialize],
    });
}

#[cfg(feature = "actors")]
pub mod actors;
#[cfg(feature = "chance")]
pub mod chance;
pub mod dates;
pub mod export;
pub mod fields;
#[cfg(feature = "fixtures")]
pub mod fixtures;
pub mod headers;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
pub mod limits;
pub mod links;
pub mod log;
pub mod moment;
mod plugin;
#[cfg(feature = "fixtures")]
pub mod proofs;
mod records;
pub mod status;
pub mod text;
pub mod uri;

pub use bindings::tidegate::plugin::types::*;
pub use plugin::Plugin;
