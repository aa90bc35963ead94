//! The kit's manifest for a project of its own.
//!
//! Owns: what it says without the workspace: versions are written out, and what only its own tests need stays at home. Must not know:
//! the kit's files.

use toml::{Table, Value};

use super::templates::{KIT_MANIFEST, WORKSPACE_MANIFEST};

/// What only the kit's own tests need: a feature, and a dependency.
const AT_HOME: [&str; 2] = ["chance", "proptest"];

const HEAD: &str = "\
# tidegate-plugin-kit as it is in tidegate's own repository, without its tests. It comes with the project because it is not published
# by itself; take the folder of a newer `tidegate plugin new` to bring it up to date.

";

/// `vendor/kit/Cargo.toml`; none if the manifests it is made of say something unheard of, which a test rules out.
pub(super) fn manifest() -> Option<String> {
    let home: Table = KIT_MANIFEST.parse().ok()?;
    let workspace: Table = WORKSPACE_MANIFEST.parse().ok()?;
    let workspace = workspace.get("workspace")?;
    let mut package = Table::new();
    package.insert("name".to_owned(), home.get("package")?.get("name")?.clone());
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        package.insert(key.to_owned(), workspace.get("package")?.get(key)?.clone());
    }
    let kept = |(name, _): &(&String, &Value)| !AT_HOME.contains(&name.as_str());
    let mut dependencies = Table::new();
    for (name, asked) in home.get("dependencies")?.as_table()?.iter().filter(kept) {
        let shared = workspace.get("dependencies")?.get(name)?;
        dependencies.insert(name.clone(), alone(asked.as_table()?, shared)?);
    }
    let features = home.get("features")?.as_table()?.iter().filter(kept);
    let features: Table = features.map(|(name, with)| (name.clone(), with.clone())).collect();
    let mut manifest = Table::new();
    manifest.insert("package".to_owned(), package.into());
    manifest.insert("features".to_owned(), features.into());
    manifest.insert("dependencies".to_owned(), dependencies.into());
    // Its sources still name the feature that stays at home, and keep house rules that are checked there.
    let lints: Table = "
        rust.unexpected_cfgs = { level = 'warn', check-cfg = ['cfg(feature, values(\"chance\"))'] }
        clippy.all = 'allow'
    "
    .parse()
    .ok()?;
    manifest.insert("lints".to_owned(), lints.into());
    Some(format!("{HEAD}{}", toml::to_string(&manifest).ok()?))
}

/// A dependency without the workspace: `{ workspace = true, optional = true }` with what the workspace says of it.
fn alone(asked: &Table, shared: &Value) -> Option<Value> {
    let mut alone = match shared {
        Value::String(version) => Table::from_iter([("version".to_owned(), Value::String(version.clone()))]),
        Value::Table(shared) => shared.clone(),
        _ => return None,
    };
    for (key, value) in asked.iter().filter(|(key, _)| *key != "workspace") {
        match (alone.get_mut(key), value) {
            // Features add up.
            (Some(Value::Array(all)), Value::Array(more)) => all.extend(more.iter().cloned()),
            _ => drop(alone.insert(key.clone(), value.clone())),
        }
    }
    Some(Value::Table(alone))
}
