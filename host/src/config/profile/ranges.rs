//! Values out of their range.
//!
//! Owns: holding a parsed file against the table of keys, and saying which values it may have. Must not know: what the values
//! mean together (`prices` does). Called by `read`, after the shapes were parsed, so that kinds of values are right here.

use tidegate_core::time::Span;
use toml::de::{DeTable, DeValue};

use super::keys::{Form, Key, PROFILE};

/// A value that is out of its range.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfRange {
    /// `caps.max_items`.
    pub(super) key: String,
    /// What was written and that it cannot be.
    pub(super) message: String,
    /// What would be right.
    pub(super) hint: String,
}

/// The first value of a profile that is out of its range.
pub(super) fn first_out_of_range(text: &str) -> Option<OutOfRange> {
    let document = DeTable::parse(text).ok()?;
    in_table(document.get_ref(), PROFILE, "")
}

fn in_table(table: &DeTable<'_>, keys: &[Key], above: &str) -> Option<OutOfRange> {
    keys.iter().find_map(|key| {
        let (_, value) = table.iter().find(|(name, _)| name.get_ref() == key.name)?;
        let place = format!("{above}{}", key.name);
        match (&key.form, value.get_ref()) {
            (Form::Table(keys) | Form::OneOf(keys, _), DeValue::Table(table)) => {
                in_table(table, keys, &format!("{place}."))
            }
            (form, value) => {
                let (written, hint) = range(form, value)?;
                Some(OutOfRange { message: format!("{place} = {written} is out of range"), key: place, hint })
            }
        }
    })
}

/// What was written and what would be right, if it is out of the range.
fn range(form: &Form, value: &DeValue<'_>) -> Option<(String, String)> {
    match (form, value) {
        (Form::Count { least, most }, DeValue::Integer(number)) => {
            let count = u64::from_str_radix(number.as_str(), number.radix()).ok();
            let right = count.is_some_and(|count| (*least..=*most).contains(&count));
            (!right).then(|| (number.as_str().to_owned(), format!("{least} to {most}")))
        }
        (Form::PowerOfTwo { least, most }, DeValue::Integer(number)) => {
            let count = u64::from_str_radix(number.as_str(), number.radix()).ok();
            let right = count.is_some_and(|count| (*least..=*most).contains(&count) && count.is_power_of_two());
            (!right).then(|| (number.as_str().to_owned(), format!("a power of two from {least} to {most}")))
        }
        (Form::Span { most }, DeValue::String(text)) => {
            let span: Span = text.parse().ok()?;
            let most = Span::seconds(u32::try_from(most.as_secs()).unwrap_or(u32::MAX));
            (span > most).then(|| (format!("{text:?}"), format!("at most \"{most}\"")))
        }
        _ => None,
    }
}
