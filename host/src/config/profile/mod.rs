//! Profiles as files: `profiles/<name>.toml`, and the ones that are shipped.
//!
//! Owns: finding and listing them; `shape` is what a file looks like, `keys` what each key may say (and `schema` the same for
//! editors), `ranges` and `prices` what is out of range or cannot be paid for, `carried` how a credential is attached to requests, `read` puts the profile together, `against`
//! holds it against the plugin it names. Must not know: which plugins are loaded. Called by `cli`. A file in the directory
//! goes before a shipped profile of the same name.

mod against;
mod carried;
mod hosts;
mod keys;
mod marks;
mod prices;
mod ranges;
mod read;
mod schema;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tidegate_core::id::{CredentialName, ProfileName};
use tidegate_core::pin::Pin;
use tidegate_core::profile::Profile;

use super::{ConfigError, text};

pub use against::{Finding, check_credential, check_overrides, warnings};
pub use marks::DirMarks;
pub use read::parse_profile;
pub use schema::profile_schema;

/// Where a profile was found.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFile {
    /// File, or "shipped".
    pub place: String,
    /// The profile.
    pub profile: Profile,
}

/// Profiles by name, and what was refused.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    /// Usable ones.
    pub usable: BTreeMap<ProfileName, ProfileFile>,
    /// Why others are not.
    pub refused: Vec<ConfigError>,
}

/// The profiles that come with the binary.
#[must_use]
pub fn shipped_profiles() -> Vec<(&'static str, &'static str)> {
    vec![
        ("rss_profile", include_str!("../../../../profiles/rss_profile.toml")),
        ("x_profile", include_str!("../../../../profiles/x_profile.toml")),
        ("x_search_profile", include_str!("../../../../profiles/x_search_profile.toml")),
        ("instagram_profile", include_str!("../../../../profiles/instagram_profile.toml")),
        ("instagram_hashtag_profile", include_str!("../../../../profiles/instagram_hashtag_profile.toml")),
        ("instagram_details_profile", include_str!("../../../../profiles/instagram_details_profile.toml")),
    ]
}

/// Reads the shipped profiles and those in `dir`, which need not exist.
///
/// # Errors
/// Only if the directory cannot be read; a file that is wrong is listed as refused.
pub fn load_profiles(dir: &Path) -> Result<Profiles, ConfigError> {
    let mut profiles = Profiles::default();
    for (name, text) in shipped_profiles() {
        profiles.add(name, text, "shipped");
    }
    for (name, path) in files(dir)? {
        let place = path.display().to_string();
        match text::read(&path) {
            Ok(Some(text)) => profiles.add(&name, &text, &place),
            // It was there a moment ago.
            Ok(None) => {}
            Err(message) => profiles.refused.push(ConfigError { place, message, hint: None }),
        }
    }
    Ok(profiles)
}

/// The `*.toml` files of a directory, sorted by name.
fn files(dir: &Path) -> Result<Vec<(String, std::path::PathBuf)>, ConfigError> {
    let refuse = |error: std::io::Error| ConfigError {
        place: dir.display().to_string(),
        message: format!("cannot be listed: {error}"),
        hint: None,
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(refuse(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(refuse)?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "toml") && !name.starts_with('.') {
            files.push((name, path));
        }
    }
    files.sort();
    Ok(files)
}

impl Profiles {
    /// The usable ones without their places.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<ProfileName, Profile> {
        self.usable.iter().map(|(name, file)| (name.clone(), file.profile.clone())).collect()
    }

    /// The components that profiles pin, with the plugin's name.
    #[must_use]
    pub fn pins(&self) -> BTreeSet<(String, Pin)> {
        let profiles = self.usable.values().map(|file| &file.profile);
        profiles.filter_map(|profile| Some((profile.plugin.clone(), profile.plugin_digest.clone()?))).collect()
    }

    /// The credentials that profiles name.
    #[must_use]
    pub fn credentials(&self) -> Vec<CredentialName> {
        self.usable.values().flat_map(|file| file.profile.credentials().cloned()).collect()
    }

    fn add(&mut self, name: &str, text: &str, place: &str) {
        match parse_profile(name, text, place) {
            Ok(profile) => {
                self.usable.insert(profile.name.clone(), ProfileFile { place: place.to_owned(), profile });
            }
            Err(error) => self.refused.push(error),
        }
    }
}
