//! What a component exports and imports, by name, before it is compiled.
//!
//! Owns: finding the contract's track, the list of imports that are linked, and the words for those that are not. Must
//! not know: the sandbox. Called by `compile`, with what `inspect` has read.

use core::cmp::Ordering;
use core::fmt;

use super::inspect::Names;
use super::refusal::RefusalKind;
use super::room::WasiPolicy;
use super::wasi;

/// A frozen line of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Track {
    /// `wit/v0.1`, the package `tidegate:plugin@0.1.N`.
    V0_1,
    /// Artificial and newer than all that are released, so that tests have two.
    #[cfg(test)]
    V0_9,
}

impl Track {
    /// The tracks this host serves, oldest first.
    pub const SERVED: &'static [Self] = &[
        Self::V0_1,
        #[cfg(test)]
        Self::V0_9,
    ];

    /// As it is written in messages: "0.1".
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
            #[cfg(test)]
            Self::V0_9 => "0.9",
        }
    }

    /// The track of a package version: "0.1.7" is of 0.1.
    fn of(version: &str) -> Option<Self> {
        Self::SERVED.iter().copied().find(|track| {
            let patch = version.strip_prefix(track.as_str()).and_then(|rest| rest.strip_prefix('.'));
            patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
        })
    }

    /// What this host serves, and what to do with a component that was built for `found`.
    pub(super) fn range_and_remedy(found: &str) -> String {
        let served: Vec<String> = Self::SERVED.iter().map(|track| format!("{track}.x")).collect();
        let newest = Self::SERVED.last().map_or("0.1", |track| track.as_str());
        let side = |track: Option<&Self>| track.and_then(|track| Some(numbers(found)?.cmp(&numbers(track.as_str())?)));
        let remedy = match (side(Self::SERVED.first()), side(Self::SERVED.last())) {
            (Some(Ordering::Less), _) => {
                format!(
                    "that track is no longer served: build the plugin again against wit/v{newest}, or use an older tidegate"
                )
            }
            (_, Some(Ordering::Greater)) => {
                format!("that track is newer: use a newer tidegate, or build the plugin against wit/v{newest}")
            }
            _ => format!("build the plugin against wit/v{newest}"),
        };
        format!("this tidegate serves {}; {remedy}", served.join(", "))
    }
}

/// Major and minor number of a version or track.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a component's names say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contract {
    pub(super) track: Track,
    /// The WASI interfaces it imports, with their versions.
    pub(super) wasi: Vec<String>,
}

const PACKAGE: &str = "tidegate:plugin/";

/// The contract a component speaks, if everything it asks for can be given.
pub(super) fn check(names: &Names, policy: WasiPolicy) -> Result<Contract, RefusalKind> {
    let track = track(&names.exports)?;
    let mut wasi_imports = Vec::new();
    for name in &names.imports {
        let (interface, version) = split(name);
        match interface.strip_prefix(PACKAGE) {
            Some("log" | "types") if version.is_some_and(|v| Track::of(v) == Some(track)) => {}
            Some("log" | "types") => return Err(RefusalKind::Track { found: version.unwrap_or("?").to_owned() }),
            Some(_) => return Err(RefusalKind::Import { name: name.clone() }),
            None if wasi::is_linked(interface) && version.is_some_and(|v| v.starts_with("0.2.")) => {
                wasi_imports.push(name.clone());
            }
            None => return Err(RefusalKind::Import { name: name.clone() }),
        }
    }
    if policy == WasiPolicy::Refuse && !wasi_imports.is_empty() {
        return Err(RefusalKind::WasiRefused { names: wasi_imports });
    }
    Ok(Contract { track, wasi: wasi_imports })
}

/// The newest served track among the exports. Other exports are left alone: toolchains add some of their own.
fn track(exports: &[String]) -> Result<Track, RefusalKind> {
    let versions =
        exports.iter().map(|name| split(name)).filter(|(interface, _)| *interface == "tidegate:plugin/source");
    let mut other = None;
    let mut best = None;
    for (_, version) in versions {
        let version = version.unwrap_or("?");
        match Track::of(version) {
            Some(track) => best = best.max(Some(track)),
            None => other = Some(version.to_owned()),
        }
    }
    best.ok_or_else(|| match other {
        Some(found) => RefusalKind::Track { found },
        None => RefusalKind::NoContract { exports: exports.iter().take(8).cloned().collect() },
    })
}

fn split(name: &str) -> (&str, Option<&str>) {
    name.rsplit_once('@').map_or((name, None), |(interface, version)| (interface, Some(version)))
}

/// What to do about an import that cannot be given.
pub(super) fn remedy(name: &str) -> &'static str {
    let (interface, version) = split(name);
    if interface.starts_with("wasi:http/") {
        "a plugin asks for requests by what `plan` answers; build it without http (componentize-js: disable `http` and \
         `fetch-event`)"
    } else if interface.starts_with("wasi:") && !version.is_some_and(|v| v.starts_with("0.2.")) {
        "build it for WASI 0.2, or without WASI"
    } else if interface.starts_with("wasi:") {
        "remove it: plugins that use WASI get cli, clocks, filesystem, io, random and sockets, all of them empty"
    } else if interface.starts_with(PACKAGE) {
        "it was built against a newer contract of the same track: use a newer tidegate"
    } else if interface == "env" || interface.starts_with("__wbindgen") || interface == "wbg" {
        "it expects JavaScript around it: leave out the crates that bring wasm-bindgen (`cargo tree -i wasm-bindgen`)"
    } else {
        "remove it: plugins may import tidegate:plugin/log, tidegate:plugin/types and WASI 0.2, nothing else"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(imports: &[&str], exports: &[&str]) -> Names {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names { imports: own(imports), exports: own(exports) }
    }

    const SOURCE: &str = "tidegate:plugin/source@0.1.0";

    #[test]
    fn what_is_allowed() {
        let table: [(&[&str], usize); 4] = [
            (&[], 0),
            (&["tidegate:plugin/types@0.1.0", "tidegate:plugin/log@0.1.9"], 0),
            (&["wasi:cli/environment@0.2.6", "wasi:io/poll@0.2.0"], 2),
            (&["wasi:sockets/tcp@0.2.3"], 1),
        ];
        for (imports, wasi) in table {
            let contract = check(&names(imports, &["init", SOURCE]), WasiPolicy::Allow);
            assert_eq!(contract.map(|c| (c.track, c.wasi.len())), Ok((Track::V0_1, wasi)), "{imports:?}");
        }
    }

    #[test]
    fn what_is_refused_and_as_what() {
        let import = |name: &str| RefusalKind::Import { name: name.to_owned() };
        let track = |found: &str| RefusalKind::Track { found: found.to_owned() };
        let table = [
            (names(&["wasi:http/outgoing-handler@0.2.6"], &[SOURCE]), import("wasi:http/outgoing-handler@0.2.6")),
            (names(&["wasi:cli/environment@0.3.0"], &[SOURCE]), import("wasi:cli/environment@0.3.0")),
            (names(&["env"], &[SOURCE]), import("env")),
            (names(&["tidegate:plugin/clock@0.1.4"], &[SOURCE]), import("tidegate:plugin/clock@0.1.4")),
            (names(&["tidegate:plugin/log@0.2.0"], &[SOURCE]), track("0.2.0")),
            (names(&[], &["tidegate:plugin/source@0.2.0"]), track("0.2.0")),
            (names(&[], &["tidegate:plugin/source@9.9.0"]), track("9.9.0")),
            (names(&[], &["tidegate:plugin/source@0.10.0"]), track("0.10.0")),
            (names(&[], &["tidegate:plugin/source@0.1.0-rc"]), track("0.1.0-rc")),
            (names(&[], &["run"]), RefusalKind::NoContract { exports: vec!["run".to_owned()] }),
            (names(&[], &[]), RefusalKind::NoContract { exports: vec![] }),
        ];
        for (names, expected) in table {
            assert_eq!(check(&names, WasiPolicy::Allow), Err(expected), "{names:?}");
        }
        let wasi = names(&["wasi:cli/exit@0.2.6"], &[SOURCE]);
        let expected = RefusalKind::WasiRefused { names: wasi.imports.clone() };
        assert_eq!(check(&wasi, WasiPolicy::Refuse), Err(expected));
    }

    #[test]
    fn a_refusal_names_the_range_and_what_to_do() {
        for (found, remedy) in [
            ("0.0.7", "that track is no longer served: build the plugin again against wit/v0.9"),
            ("0.2.0", "build the plugin against wit/v0.9"),
            ("0.10.0", "that track is newer: use a newer tidegate"),
            ("1.0.0", "that track is newer: use a newer tidegate"),
            ("0.1.0-rc", "build the plugin against wit/v0.9"),
            ("?", "build the plugin against wit/v0.9"),
        ] {
            let told = Track::range_and_remedy(found);
            assert!(told.starts_with(&format!("this tidegate serves 0.1.x, 0.9.x; {remedy}")), "{found}: {told}");
        }
    }

    #[test]
    fn an_older_and_a_newer_track_side_by_side_use_the_newest_served() {
        for (exports, expected) in [
            (["tidegate:plugin/source@0.2.0", SOURCE], Track::V0_1),
            (["tidegate:plugin/source@0.9.1", SOURCE], Track::V0_9),
        ] {
            let both = names(&[], &exports);
            assert_eq!(check(&both, WasiPolicy::Allow).map(|c| c.track), Ok(expected));
        }
    }
}
