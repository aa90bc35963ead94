//! The guest side of the contract in `wit/v0.1`.
//!
//! Owns: the generated types, the [`Plugin`] trait, the [`export!`] macro that turns a type with that trait into a
//! component, and the panic hook that carries a panic's message to the host. Must not know: any platform. Called by
//! every plugin written in Rust. A plugin crate also builds natively (as an rlib), so that its tests need no wasm.

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
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

#[doc(hidden)]
pub use bindings::tidegate::plugin::types::*;
