//! A new project in the hands of its author.
//!
//! Owns: making it by `plugin new`, reading its README, and typing what stands there. Must not know: what the plugin does.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tidegate_tests::binary;
use tidegate_tests::daemon::{self, Daemon};
use tidegate_tests::place::{Place, list, setting, word};

use super::{LONG, Mistake};

/// The address that the README gives as an example.
const EXAMPLE: &str = "https://api.example.com/articles";

pub(crate) struct Project {
    pub(crate) lang: &'static str,
    /// Holds the project, the daemon's directory beside it, and a folder with `tidegate` for the search path.
    pub(crate) place: Place,
    name: String,
    readme: String,
}

impl Project {
    /// `tidegate plugin new`; none where a program is missing that the language needs.
    pub(crate) fn new(lang: &'static str, programs: &[&str]) -> Option<Self> {
        for program in programs {
            if Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
                skipped(lang, &format!("{program} is not there"));
                return None;
            }
        }
        let place = Place::empty().unwrap();
        let name = format!("tides-{lang}");
        let made = place.json(&["plugin", "new", "--lang", lang, &name]).unwrap();
        let folder = place.dir().join(&name);
        assert_eq!(made["path"].as_str(), folder.to_str());
        for file in list(&made, "files") {
            assert!(folder.join(file.as_str().unwrap()).is_file(), "{file}");
        }
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        assert_eq!(list(&made, "commands"), block(&readme, "## Build", 0), "what is printed is what is written");
        std::fs::create_dir(place.dir().join("bin")).unwrap();
        std::os::unix::fs::symlink(binary::tidegate().unwrap(), place.dir().join("bin/tidegate")).unwrap();
        Some(Self { lang, place, name, readme })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn folder(&self) -> PathBuf {
        self.place.dir().join(&self.name)
    }

    fn daemon(&self) -> PathBuf {
        self.place.dir().join("daemon")
    }

    /// Lets the plugin break down where the list is broken.
    pub(crate) fn mistake(&self, mistake: &Mistake) {
        let file = self.folder().join(mistake.file);
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, after) = text.split_once(mistake.behind).expect("the line that the mistake comes behind");
        std::fs::write(&file, format!("{before}{}\n{}{after}", mistake.behind, mistake.line)).unwrap();
    }

    /// Types the commands under "## Build"; gives what `plugin check` says, with `-o json` behind it. None if what they need
    /// cannot be fetched here.
    pub(crate) fn builds_as_its_readme_says(&self) -> Option<Value> {
        let commands = block(&self.readme, "## Build", 0);
        let mut checked = None;
        for command in commands {
            let check = command.starts_with("tidegate plugin check ");
            let done = self.types(&if check { format!("{command} -o json") } else { command.clone() });
            if !done.status.success() {
                let fetches =
                    ["npm install", "pip install", "rustup target add"].iter().any(|word| command.contains(word));
                let said = format!("`{command}` did not pass:\n{}", last_words(&done));
                assert!(fetches, "{}: {said}", self.lang);
                skipped(self.lang, &said);
                return None;
            }
            if check {
                checked = serde_json::from_slice(&done.stdout).ok();
            }
        }
        Some(checked.expect("a README with `tidegate plugin check`, which prints JSON"))
    }

    /// Types the commands under "## Run", the last of which is the daemon.
    pub(crate) fn serves_as_its_readme_says(&self) -> Daemon {
        let commands = block(&self.readme, "## Run", 0);
        let (serve, others) = commands.split_last().unwrap();
        for command in others {
            let done = self.types(command);
            assert!(done.status.success(), "{}: `{command}`: {}", self.lang, last_words(&done));
        }
        assert_eq!(serve, "tidegate --dir ../daemon serve");
        // As the profile itself says for a server of one's own network.
        let profile = self.daemon().join(format!("profiles/{}_profile.toml", self.name));
        let text = std::fs::read_to_string(&profile).unwrap();
        let open = text.replace("# [net]\n# allow_private", "[net]\nallow_private");
        assert_ne!(open, text, "the lines of the profile that the README speaks of");
        std::fs::write(&profile, open).unwrap();
        let daemon = Daemon::start(&self.daemon(), &["serve"]).unwrap();
        daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
        daemon
    }

    /// Adds a source as the README does, but of this list; gives its id.
    pub(crate) fn adds_as_its_readme_says(&self, url: &str) -> String {
        let commands = block(&self.readme, "## Run", 1);
        let add = commands.first().unwrap();
        let typed = add.strip_prefix("tidegate --dir ../daemon ").unwrap().replace(EXAMPLE, url);
        let args: Vec<&str> = typed.split(' ').collect();
        let added = daemon::json(&self.daemon(), &args).unwrap();
        word(&list(&added, "sources")[0], "id")
    }

    /// Asks the daemon's directory until it holds.
    pub(crate) fn daemon_json(
        &self,
        daemon: &mut Daemon,
        args: &[&str],
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        daemon.wait_until(&format!("{}: {what}", self.lang), LONG, args, holds).unwrap()
    }

    /// A command in the project's folder, as in a terminal of its author.
    fn types(&self, command: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.folder()).stdin(Stdio::null());
        // What cargo tells its tests is not for an author's cargo.
        for (name, _) in std::env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            let kept = ["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&name);
            let cargos = name.starts_with("CARGO") || name.starts_with("RUSTC") || name.starts_with("RUSTFLAGS");
            if !kept && (cargos || name.starts_with("TIDEGATE_")) {
                shell.env_remove(name);
            }
        }
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{path}", self.place.dir().join("bin").display()));
        // What is compiled of other people's crates is kept for the next time; the results lie where the README has them.
        let kept = binary::profile_dir().unwrap().join("plugin-new");
        shell.env("CARGO_BUILD_BUILD_DIR", kept);
        // What was looked up for one project need not be looked up for the next.
        shell.env("npm_config_prefer_offline", "true");
        shell.output().unwrap()
    }
}

/// The commands of the block with this number under a heading.
fn block(readme: &str, heading: &str, number: usize) -> Vec<String> {
    let under = readme.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "));
    let mut blocks: Vec<Vec<String>> = Vec::new();
    let mut inside = false;
    for line in under {
        let command = line.strip_prefix("    ");
        if let Some(command) = command {
            if !inside {
                blocks.push(Vec::new());
            }
            blocks.last_mut().unwrap().push(command.to_owned());
        }
        inside = command.is_some();
    }
    blocks.swap_remove(number)
}

fn skipped(lang: &str, why: &str) {
    let required = setting("TIDEGATE_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == lang), "TIDEGATE_REQUIRE has {lang}, but: {why}");
    eprintln!("skipped: {lang}: {why}");
}

fn last_words(output: &Output) -> String {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.trim_end().lines().collect();
    lines.iter().skip(lines.len().saturating_sub(25)).copied().collect::<Vec<_>>().join("\n")
}
