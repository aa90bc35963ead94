//! What a case of `tests/hostile` says: what it does, how it is made, and what has to come of it.
//!
//! Owns: the shape of the files, and the short form for much of one thing: `«1000*text»` is `text` a thousand times, with `¤`
//! for the number of the repetition and `¤¤` for the next one. Must not know: how a case is played.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    /// Its group and name, from its path.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it does, as a sentence for whoever reads the table.
    pub(crate) does: String,
    /// The component it loads; the guest of `tests/guests/hostile` as it was built if there is none.
    pub(crate) component: Option<Component>,
    /// A call that it makes after loading.
    pub(crate) call: Option<Call>,
    /// A run that it goes through.
    pub(crate) run: Option<Run>,
    /// Things that happen to a plugins directory, in this order.
    #[serde(default)]
    pub(crate) life: Vec<Happening>,
    /// What has to come of it.
    #[serde(default)]
    pub(crate) expect: Expect,
}

/// How a component is made.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Component {
    /// The whole component as text.
    pub(crate) wat: Option<String>,
    /// The guest with another word in its marker: what it does while it is loaded.
    pub(crate) mode: Option<String>,
    /// The guest that imports WASI.
    #[serde(default)]
    pub(crate) wasi: bool,
    /// A file that holds this text.
    pub(crate) text: Option<String>,
    /// The guest without its last bytes.
    pub(crate) cut: Option<usize>,
    /// A component with names and signatures of the contract around a core module made of these parts.
    pub(crate) core: Option<Core>,
    /// The same, with another manifest.
    pub(crate) manifest: Option<ManifestOf>,
}

/// Parts of a core module that otherwise answers as it should. The functions are bodies in text.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Core {
    /// Further fields of the module.
    #[serde(default)]
    pub(crate) fields: String,
    /// Pages of its memory at the start.
    pub(crate) pages: Option<u32>,
    /// Body of `cabi_realloc`: `$old $old_size $align $size -> i32`.
    pub(crate) realloc: Option<String>,
    /// Body of `describe`: `-> i32`.
    pub(crate) describe: Option<String>,
    /// Body of `validate`: `$kind $kind_len $id $id_len $over $over_len -> i32`.
    pub(crate) validate: Option<String>,
    /// Body of `plan`: `$job -> i32`.
    pub(crate) plan: Option<String>,
    /// Body of `normalize`: `$args -> i32`.
    pub(crate) normalize: Option<String>,
    /// Body of the function called after `plan`: `$answer`.
    pub(crate) post: Option<String>,
}

/// What differs from a right manifest.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ManifestOf {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) extra: Option<String>,
    /// How many kinds, all but the first with a number behind their name.
    pub(crate) kinds: Option<usize>,
    pub(crate) kind: Option<String>,
    pub(crate) schema: Option<String>,
    /// Identifier and overrides.
    #[serde(default)]
    pub(crate) examples: Vec<(String, String)>,
    /// How often these examples stand in each kind.
    pub(crate) examples_repeated: Option<usize>,
    pub(crate) hosts: Option<Vec<String>>,
    pub(crate) methods: Option<Vec<String>>,
    pub(crate) deltas: Option<Vec<String>>,
    pub(crate) actors: Option<Vec<String>>,
}

/// A call of a function of the contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Call {
    pub(crate) function: Function,
    /// The identifier: for the guest, the name of a trick.
    #[serde(default)]
    pub(crate) identifier: String,
    /// CPU time it may take, in milliseconds.
    pub(crate) cpu_ms: Option<u64>,
    /// Wall time it may take, in milliseconds.
    pub(crate) wall_ms: Option<u64>,
    /// So many at once.
    pub(crate) times: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Function {
    Overrides,
    Validate,
    Plan,
    Normalize,
}

/// A run of a source of the kind `trick`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Run {
    pub(crate) identifier: String,
    /// The hosts the profile allows.
    pub(crate) allowed_hosts: Option<Vec<String>>,
    /// The most pages the profile allows.
    pub(crate) max_pages: Option<u32>,
    /// Whether the profile names an actor.
    #[serde(default)]
    pub(crate) actor: bool,
    /// Whether the real daemon goes through it too.
    #[serde(default)]
    pub(crate) daemon: bool,
}

/// What has to come of it. What is not named is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Expect {
    /// The refusal's name, and behind a `/` that of the fault in a call that tried it.
    pub(crate) refused: Option<String>,
    /// The fault's word.
    pub(crate) fault: Option<String>,
    /// How the run ends: `ok`, `no-new`, `ordered` for an actor run that would be paid for, or the class of its failure.
    pub(crate) ends: Option<String>,
    /// How it ends in the daemon, where that is otherwise: egress refuses what the plan may ask.
    pub(crate) daemon_ends: Option<String>,
    /// What the message says, each somewhere in it.
    #[serde(default)]
    pub(crate) says: Vec<String>,
    /// Problems that are told.
    pub(crate) problems: Option<usize>,
    pub(crate) fetches: Option<u32>,
    pub(crate) items: Option<usize>,
    pub(crate) rejected: Option<u32>,
    pub(crate) warnings: Option<usize>,
    /// What the first item says, by name.
    pub(crate) item: Option<toml::Table>,
}

/// One thing that happens to a plugins directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "do")]
pub(crate) enum Happening {
    /// A file with the guest under another name and version, whole or its first bytes only.
    Put {
        file: String,
        plugin: String,
        version: String,
        first: Option<usize>,
        mode: Option<String>,
    },
    /// The rest of a file that has begun with `put`.
    Finish {
        file: String,
    },
    /// A file with a text.
    Text {
        file: String,
        text: String,
    },
    /// A link.
    Link {
        file: String,
        to: String,
    },
    Folder {
        file: String,
    },
    Fifo {
        file: String,
    },
    Rename {
        file: String,
        to: String,
    },
    Remove {
        file: String,
    },
    /// So many files that hold nothing.
    Crowd {
        count: usize,
    },
    /// Every file of the cache with one bit turned, cut, or emptied.
    Tamper {
        how: String,
    },
    /// Everything that was loaded is forgotten, as when the daemon starts anew; the cache stays.
    Restart,
    /// The host looks at the directory.
    Look {
        #[serde(default)]
        live: Vec<String>,
        #[serde(default)]
        refused: Vec<String>,
        #[serde(default)]
        gone: Vec<String>,
    },
    /// Which version serves under a name; none if it is left out.
    Serves {
        plugin: String,
        version: Option<String>,
    },
    /// A run takes the plugin, begins a call, and goes on later.
    Begin {
        plugin: String,
    },
    /// That call ends well, by that version.
    End {
        version: String,
    },
}

/// All cases, by name.
pub(crate) fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let mut files: Vec<PathBuf> =
        listed(&root).into_iter().filter(|path| path.is_dir()).flat_map(|dir| listed(&dir)).collect();
    files.sort();
    files.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")).map(|path| read(path)).collect()
}

fn listed(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn read(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).unwrap();
    let mut case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap().to_str().unwrap().to_owned();
    case.name = format!("{}/{}", part(path.parent().unwrap().file_name()), part(path.file_stem()));
    case
}

/// A text with everything in it that is repeated.
pub(crate) fn grown(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('«') {
        all.push_str(before);
        let (order, after) = from.split_once('»').expect("a » for each «");
        let (count, piece) = order.split_once('*').expect("«count*text»");
        for number in 0..count.parse::<usize>().expect("a count") {
            let next = (number + 1).to_string();
            all.push_str(&piece.replace("¤¤", &next).replace('¤', &number.to_string()));
        }
        rest = after;
    }
    all.push_str(rest);
    all
}
