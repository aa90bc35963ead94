//! A plugin's fields as a profile sees them: by name, with paths of its own.
//!
//! Owns: the names, and the laying of a profile's paths over the built-in ones. Must not know: which fields there are.
//! Called by plugins once for each page, and by [`crate::actors::Checks`].

use std::collections::BTreeMap;

use super::Map;

/// A field's paths, the most trusted first.
pub type Paths = &'static [&'static str];

/// The setting `field_map`: where an actor writes its fields, by their names.
pub type FieldMap = BTreeMap<String, Vec<String>>;

/// Fields some of which a profile may map.
pub trait Mapped: Copy + PartialEq + 'static {
    /// Those, with their names.
    const NAMED: &'static [(&'static str, Self)];

    /// A field by its name.
    fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// The names, for messages.
    fn names() -> String {
        Self::NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

impl<F: Mapped> Map<F> {
    /// The built-in maps with a profile's own paths in place of theirs. Names that are none are left out.
    pub fn with_own(built_in: &[&[(F, Paths)]], own: &FieldMap) -> Self {
        let own: Vec<(F, Vec<&str>)> = own
            .iter()
            .filter_map(|(name, paths)| Some((F::named(name)?, paths.iter().map(String::as_str).collect())))
            .collect();
        let kept = built_in.iter().copied().flatten().filter(|(field, _)| !own.iter().any(|(mine, _)| mine == field));
        Self::new(kept.copied().chain(own.iter().map(|(field, paths)| (*field, paths.as_slice()))))
    }
}

/// Defines a plugin's `Field`: an enum with a number for each field, in order, so that values can stand in an array. Fields
/// with one plain value come first.
///
/// ```
/// tidegate_plugin_kit::fields! {
///     /// Id of the post.
///     Id
///     /// Media with their files.
///     Media
/// }
/// assert_eq!(Field::Media as usize, 1);
/// ```
#[macro_export]
macro_rules! fields {
    ($($(#[$about:meta])* $field:ident)*) => {
        /// A value of an element.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { $($(#[$about])* $field,)* }
    };
}
