//! Who may name what.
//!
//! Owns: the "may import" lines of ARCHITECTURE.md as tables. Must not know: how paths are found.

use super::Breach;
use super::paths::{module_of, named, within};
use super::sources::{Source, Sources};

/// What would bring time, waiting, chance or the outside world into the core, and what to do instead.
const NOT_IN_CORE: [(&str, &str); 18] = [
    ("tokio", "the core never awaits: return a decision, and let the engine wait"),
    ("futures", "the core never awaits: return a decision, and let the engine wait"),
    ("async_trait", "the core never awaits: traits with async functions stand in host/src/ports"),
    ("sqlx", "return what is to be stored; host/src/store writes it"),
    ("reqwest", "return what is to be fetched; host/src/egress does it"),
    ("hyper", "return what is to be fetched; host/src/egress does it"),
    ("wasmtime", "speak of contract types; host/src/plugins runs the guests"),
    ("rand", "take random bits as an argument; host/src/ports has Dice"),
    ("tracing", "return the reason as a value; the engine logs it"),
    ("std::time::Instant", "take `now: UtcMillis` as an argument"),
    ("std::time::SystemTime", "take `now: UtcMillis` as an argument"),
    ("std::env", "take the setting as an argument; host/src/config reads the environment"),
    ("std::fs", "take the content as an argument"),
    ("std::net::TcpStream", "only host/src/egress opens sockets"),
    ("std::net::UdpSocket", "only host/src/egress opens sockets"),
    ("std::net::ToSocketAddrs", "take the addresses as an argument; host/src/egress resolves names"),
    ("std::thread", "return a decision; threads belong to the host"),
    ("std::process", "return an error; `main` alone ends the process"),
];

/// Rooms of `host/src`, and the other rooms each may name. A room that is not here fails the test until it has a line.
const ROOMS: [(&str, &[&str]); 18] = [
    ("ports", &[]),
    ("store", &["database", "ports"]),
    ("plugins", &["ports"]),
    // The address of a database server, from where it is read to where it is dialled.
    ("database", &[]),
    // A value that passes from where it is read to where it is sent.
    ("secret", &[]),
    ("egress", &["ports", "secret"]),
    // The system's clock and dice.
    ("system", &["ports"]),
    ("config", &["database", "ports", "secret"]),
    // Is told how to log by `config`'s own type.
    ("telemetry", &["config", "ports"]),
    // Webhooks come to it as a port.
    ("alerts", &["ports"]),
    ("http", &["ports"]),
    // Watches directories, whatever lies in them.
    ("lookout", &[]),
    ("engine", &["ports"]),
    ("api", &["ports"]),
    ("dashboard", &["ports"]),
    // The composition roots see every room, and nobody sees them but `main` and each other.
    ("cli", ANY),
    ("demo", ANY),
    ("simulate", ANY),
];

const ANY: &[&str] = &["*"];

/// Libraries, and the one room of `host/src` that names them.
const LIBRARIES: [(&str, &[&str], &str); 12] = [
    ("reqwest", &["egress"], "fetch through `ports::Egress`"),
    ("hickory_resolver", &["egress"], "names are resolved where the deny table is"),
    ("std::net::TcpStream", &["egress"], "only egress opens outbound sockets"),
    ("std::net::UdpSocket", &["egress"], "only egress opens outbound sockets"),
    ("tokio::net::TcpStream", &["egress"], "only egress opens outbound sockets"),
    ("tokio::net::TcpSocket", &["egress"], "only egress opens outbound sockets"),
    ("tokio::net::UdpSocket", &["egress"], "only egress opens outbound sockets"),
    ("sqlx", &["store"], "speak to `ports::Store`"),
    ("libsqlite3_sys", &["store"], "speak to `ports::Store`"),
    ("wasmtime", &["plugins"], "speak of contract types; no type of the sandbox leaves its room"),
    ("wasmtime_wasi", &["plugins"], "speak of contract types; no type of the sandbox leaves its room"),
    ("wasmparser", &["plugins"], "ask the plugin room about a component"),
];

/// What reads or changes the environment.
const ENVIRONMENT: [&str; 6] = [
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::env::vars_os",
    "std::env::set_var",
    "std::env::remove_var",
];

/// What a guest has no use for: it is linked against nothing.
const NOT_IN_GUESTS: [(&str, &str); 11] = [
    ("tidegate", "a plugin knows the contract, not the host"),
    ("tidegate_core", "a plugin knows the contract, not the host"),
    ("wit_bindgen", "the generated types come from plugins/kit"),
    ("std::env", "settings come with `job.overrides`"),
    ("std::fs", "a plugin sees no files"),
    ("std::net::TcpStream", "a plugin sees no sockets: ask for a fetch"),
    ("std::time::Instant", "use `job.now`"),
    ("std::time::SystemTime", "use `job.now`"),
    ("std::collections::HashMap", "its order is random: use BTreeMap, so that the same call gives the same answer"),
    ("std::collections::HashSet", "its order is random: use BTreeSet, so that the same call gives the same answer"),
    ("chrono", "it brings a clock into the guest"),
];

/// Invariant 1.
pub(crate) fn core(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for file in sources.product("host/core/src/") {
        found.extend(banned(file, &NOT_IN_CORE));
        for (number, line) in file.code.lines().enumerate() {
            let awaits =
                line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "async" || word == "await");
            if awaits {
                found.push(breach(
                    file,
                    number + 1,
                    "the core never awaits: return a decision, and let the engine wait",
                ));
            }
        }
    }
    found
}

/// The arrows of the map.
pub(crate) fn rooms(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for file in sources.product("host/src/") {
        let Some(room) = room_of(&file.path) else { continue };
        let Some((_, may)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            found.push(breach(file, 1, &format!("{room} is no room of the map: give it a line in tests/tests/tidy/imports.rs and one in ARCHITECTURE.md")));
            continue;
        };
        for (line, path) in named(&file.code, &module_of(&file.path)) {
            let Some(other) = path.strip_prefix("crate::").and_then(|rest| rest.split("::").next()) else { continue };
            let is_room = ROOMS.iter().any(|(name, _)| *name == other);
            if is_room && other != room && *may != ANY && !may.contains(&other) {
                let what = format!(
                    "{room} names {path}, but may see only {may:?}: pass what it needs through a trait of ports"
                );
                found.push(breach(file, line, &what));
            }
        }
    }
    found
}

/// Invariants 2 and 3, as far as names show it.
pub(crate) fn libraries(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for file in sources.product("host/src/") {
        let room = room_of(&file.path).unwrap_or("main");
        for (line, path) in named(&file.code, &module_of(&file.path)) {
            for (library, rooms, instead) in LIBRARIES {
                if within(&path, library) && !rooms.contains(&room) {
                    found.push(breach(
                        file,
                        line,
                        &format!("{room} names {path}, which is for {rooms:?} only: {instead}"),
                    ));
                }
            }
        }
    }
    found
}

/// Invariant 2.
pub(crate) fn environment(sources: &Sources) -> Vec<Breach> {
    let outside = sources.product("host/src/").filter(|file| room_of(&file.path) != Some("config"));
    let instead = "make it a key of the configuration; only config reads the environment";
    outside.flat_map(|file| banned(file, &ENVIRONMENT.map(|path| (path, instead)))).collect()
}

/// Plugins see only the contract and the kit. The kit itself is where the generated types come from.
pub(crate) fn guests(sources: &Sources) -> Vec<Breach> {
    let guests = sources
        .product("plugins/")
        .filter(|file| !file.path.starts_with("plugins/kit/") && file.path.contains("/src/"));
    guests.flat_map(|file| banned(file, &NOT_IN_GUESTS)).collect()
}

fn banned(file: &Source, list: &[(&str, &str)]) -> Vec<Breach> {
    let mut found = Vec::new();
    for (line, path) in named(&file.code, &module_of(&file.path)) {
        for (what, instead) in list {
            if within(&path, what) {
                found.push(breach(file, line, &format!("names {path}: {instead}")));
            }
        }
    }
    found
}

/// The room of a file of `host/src`: its first folder, or its name. `lib.rs` and `main.rs` are in none.
fn room_of(path: &str) -> Option<&str> {
    let first = path.strip_prefix("host/src/")?.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (room != "lib" && room != "main").then_some(room)
}

fn breach(file: &Source, line: usize, what: &str) -> Breach {
    Breach { file: file.path.clone(), line, what: what.to_owned() }
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let of = |path: &str, text: &str| Sources::of(vec![(path.to_owned(), text.to_owned())]);
    type Rule = fn(&Sources) -> Vec<Breach>;
    let cases: [(Rule, &str, &str, usize); 12] = [
        (core, "host/core/src/a.rs", "use std::time::{Duration, Instant};", 1),
        (core, "host/core/src/a.rs", "async fn f() {}", 1),
        (core, "host/core/src/a.rs", "#[cfg(test)]\nmod tests {\n  use std::fs;\n}", 0),
        (rooms, "host/src/store/a.rs", "use crate::egress::Client;", 1),
        (rooms, "host/src/store/a.rs", "use super::super::plugins::Plugin;\nuse crate::ports::Store;", 1),
        (rooms, "host/src/engine/a.rs", "fn f(s: crate::store::Sqlite) {}", 1),
        (rooms, "host/src/attic/a.rs", "", 1),
        (rooms, "host/src/cli/a.rs", "use crate::store::Sqlite;", 0),
        (libraries, "host/src/engine.rs", "use sqlx::Pool;", 1),
        (libraries, "host/src/egress/a.rs", "use reqwest::Client;", 0),
        (environment, "host/src/cli/a.rs", "use std::env;\nlet x = std::env::var(y); let z = std::env::args();", 1),
        (guests, "plugins/rss/src/lib.rs", "use std::collections::HashMap; // HashMap", 1),
    ];
    for (rule, path, text, breaches) in cases {
        let found = rule(&of(path, text));
        assert_eq!(found.len(), breaches, "{path}: {text}: {found:?}");
    }
}
