//! `cargo xtask feeds` and `cargo xtask bench`: figures.
//!
//! Owns: which binary of `tidegate-tests` measures what, and that it is built for release. Must not know: what is measured.
//! Standard output is the binary's own, so that `--json` gives JSON and nothing else.

use crate::cargo::{become_it, cargo};
use crate::stop::Stop;
use crate::toolchain;

/// Names of benches, and the binaries that run them.
const BENCHES: [(&str, &str); 7] = [
    ("sandbox", "bench_sandbox"),
    ("plugins", "bench_plugins"),
    ("feeds", "bench_feeds"),
    ("store", "bench_store"),
    ("actors", "bench_actors"),
    ("scheduler", "bench_scheduler"),
    ("replay", "bench_replay"),
];

/// Becomes the report on a folder of feeds.
pub(crate) fn feeds(args: &[String]) -> Result<(), Stop> {
    if !args.iter().any(|arg| !arg.starts_with("--")) {
        return Err(Stop::Usage("feeds needs the folder of feeds: cargo xtask feeds DIR [--json]".to_owned()));
    }
    become_binary("feeds", args)
}

/// Becomes a bench.
pub(crate) fn bench(args: &[String]) -> Result<(), Stop> {
    let (binary, rest) = chosen(args)?;
    become_binary(binary, rest)
}

fn chosen(args: &[String]) -> Result<(&'static str, &[String]), Stop> {
    let names = BENCHES.map(|(name, _)| name).join("|");
    let Some((name, rest)) = args.split_first() else {
        return Err(Stop::Usage(format!("bench needs a name: cargo xtask bench {names} [--json]")));
    };
    match BENCHES.iter().find(|(known, _)| known == name) {
        Some((_, binary)) => Ok((binary, rest)),
        None => Err(Stop::Usage(format!("there is no bench {name:?}: cargo xtask bench {names} [--json]"))),
    }
}

fn become_binary(binary: &str, args: &[String]) -> Result<(), Stop> {
    toolchain::ensure()?;
    eprintln!("== {binary}: built for release, which takes minutes the first time");
    let mut command = cargo(["run", "--release", "--package", "tidegate-tests", "--bin", binary, "--"]);
    command.args(args);
    become_it(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_found_by_its_name() {
        let args = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let wanted = args(&["store", "--json"]);
        assert!(chosen(&wanted).is_ok_and(|(binary, rest)| binary == "bench_store" && rest == ["--json"]));
        for wrong in [args(&[]), args(&["--json"]), args(&["stores"])] {
            let said = chosen(&wrong).map_err(|stop| (stop.code(), stop.to_string()));
            assert!(
                said.is_err_and(
                    |(code, text)| code == 2 && text.contains("sandbox|plugins|feeds|store|actors|scheduler|replay")
                ),
                "{wrong:?}"
            );
        }
    }
}
