//! What the tests of every plugin show, natively.
//!
//! Owns: the checks that are the same for all: the fixtures give their batches, the manifest's examples are valid, the
//! schemas say what the code does. Must not know: any platform. Called by the plugins' tests; a check that fails says
//! where and what was expected.

use std::path::Path;

#[cfg(feature = "actors")]
use serde_json::Value;

use crate::{Plugin, fixtures};

/// Every fixture of the crate at `root` (in its folder `fixtures`, `least` at least) gives its batches. With
/// `UPDATE_FIXTURES=1` in the environment what comes out is written instead of compared.
///
/// # Errors
///
/// What differs, fixture by fixture.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of the daemon")]
pub fn fixtures_give_their_batches<P: Plugin>(root: &str, least: usize) -> Result<(), String> {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let all = fixtures::load(&Path::new(root).join("fixtures"))?;
    if all.len() < least {
        return Err(format!("only {} fixtures were found, not {least}", all.len()));
    }
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|fixture| fixtures::settle(fixture, &fixtures::run::<P>(fixture), update).err())
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n\n")) }
}

/// Every example of the manifest is valid, and its normal form is its own normal form.
///
/// # Errors
///
/// The first example that is not.
pub fn examples_are_valid<P: Plugin>() -> Result<(), String> {
    for kind in &P::describe().kinds {
        for example in &kind.examples {
            let check = |identifier: &str| {
                P::validate(&kind.name, identifier, &example.overrides)
                    .map_err(|problems| format!("{} \"{identifier}\": {problems:?}", kind.name))
            };
            let valid = check(&example.identifier)?;
            if check(&valid.identifier)? != valid {
                return Err(format!("{} \"{}\" is no normal form", kind.name, valid.identifier));
            }
        }
    }
    Ok(())
}

/// Every schema documents each setting, refuses unknown ones, has the defaults that the code has, and names the fields
/// that can be mapped.
///
/// # Errors
///
/// The first place where a schema says something else than the code.
#[cfg(feature = "actors")]
pub fn schemas_are_those_of<S, F>(schemas: &[&str]) -> Result<(), String>
where
    S: crate::actors::Settings + PartialEq,
    F: crate::fields::Mapped,
{
    for schema in schemas {
        let schema: Value = serde_json::from_str(schema).map_err(|error| error.to_string())?;
        let title = &schema["title"];
        if schema["additionalProperties"] != Value::Bool(false) {
            return Err(format!("{title}: unknown settings are not refused"));
        }
        let mut defaults = serde_json::Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            for word in ["title", "description", "default", "examples"] {
                if property[word].is_null() {
                    return Err(format!("{title}: {name} has no {word}"));
                }
            }
            defaults.insert(name.clone(), property["default"].clone());
        }
        if defaults.is_empty() {
            return Err(format!("{title}: there are no settings"));
        }
        let read = S::read(&Value::Object(defaults).to_string()).map_err(|problem| problem.message)?;
        if read != S::default() {
            return Err(format!("{title}: its defaults are not those of the code"));
        }
        let names = schema["properties"]["field_map"]["propertyNames"]["enum"].as_array();
        let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
        if names.join(", ") != F::names() {
            return Err(format!("{title}: the fields are {}, not {}", F::names(), names.join(", ")));
        }
    }
    Ok(())
}

/// No field stands twice in a built-in map: the second would replace the first path by path.
///
/// # Errors
///
/// The field.
pub fn mapped_once<F: crate::fields::Mapped + std::fmt::Debug>(
    map: &[&[(F, crate::fields::Paths)]],
) -> Result<(), String> {
    let fields: Vec<F> = map.iter().copied().flatten().map(|(field, _)| *field).collect();
    let twice =
        fields.iter().enumerate().find(|(number, field)| fields.iter().take(*number).any(|other| other == *field));
    twice.map_or(Ok(()), |(_, field)| Err(format!("{field:?} is mapped twice")))
}
