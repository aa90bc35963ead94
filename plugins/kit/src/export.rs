//! From a type with the trait [`crate::Plugin`] to a component.
//!
//! Owns: the [`crate::export!`] macro and the panic hook. Must not know: what the plugin does. The glue exists only for
//! `wasm32`, so several plugins can be linked into one native test binary without their symbols meeting.

/// Exports `$plugin` (a type that implements [`crate::Plugin`]) as the component's interface `source`.
///
/// ```
/// # use tidegate_plugin_kit as kit;
/// struct Nothing;
/// impl kit::Plugin for Nothing {
///     fn describe() -> kit::Manifest { kit::Manifest::new("nothing", "0.1.0", "Does nothing.") }
///     fn validate(_: &str, id: &str, _: &str) -> Result<kit::Valid, Vec<kit::Problem>> { Ok(kit::Valid::new(id)) }
///     fn plan(_: &kit::Job) -> Result<kit::Step, kit::Failure> { Err(kit::Failure::config("", "nothing to fetch")) }
///     fn normalize(_: &kit::Job, _: &kit::Page) -> Result<kit::Batch, kit::Failure> {
///         Ok(kit::Batch::empty(kit::Outcome::ok()))
///     }
/// }
/// kit::export!(Nothing);
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the export names of a component are `unsafe` attributes")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::tidegate::plugin::source::Guest for Component {
                fn describe() -> $crate::Manifest {
                    $crate::export::report_panics();
                    <$plugin as $crate::Plugin>::describe()
                }

                fn validate(
                    kind: ::std::string::String,
                    identifier: ::std::string::String,
                    overrides: ::std::string::String,
                ) -> ::std::result::Result<$crate::Valid, ::std::vec::Vec<$crate::Problem>> {
                    $crate::export::report_panics();
                    <$plugin as $crate::Plugin>::validate(&kind, &identifier, &overrides)
                }

                fn plan(job: $crate::Job) -> ::std::result::Result<$crate::Step, $crate::Failure> {
                    $crate::export::report_panics();
                    <$plugin as $crate::Plugin>::plan(&job)
                }

                fn normalize(
                    job: $crate::Job,
                    page: $crate::Page,
                ) -> ::std::result::Result<$crate::Batch, $crate::Failure> {
                    $crate::export::report_panics();
                    <$plugin as $crate::Plugin>::normalize(&job, &page)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}

/// Makes a panic say its message and place to the host before it aborts: a trap carries no text, and the host shows the
/// last line of level `error` as its cause. Called at the start of each export, as every call has a fresh instance.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| crate::log::error(&panic.to_string())));
}
