//! Why a component may not serve, typed.
//!
//! Owns: [`Refusal`], its words and its remedies, and where a component came from. Must not know: how it was found out.
//! Made by every stage of loading; shown by `plugin list`, `plugin check` and the daemon's log.

use core::fmt;
use std::path::PathBuf;

use tidegate_core::limits;
use tidegate_core::manifest::ManifestFault;
use tidegate_core::one_line::one_line;

use super::answer::Call;
use super::digest::Digest;
use super::fault::FaultKind;
use super::imports::Track;

/// Where a component came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It is part of this binary, under this name.
    Shipped(String),
    /// It is a file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped(name) => write!(f, "shipped plugin {name}"),
            Self::File(path) => {
                let path = path.display().to_string();
                write!(f, "plugin file {}", one_line(&path, limits::MESSAGE_BYTES))
            }
        }
    }
}

/// A component that may not serve. Reads alone: which one, why, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin} was refused: {kind}; {}", kind.remedy())]
pub struct Refusal {
    /// Which component.
    pub origin: Origin,
    /// Why.
    pub kind: RefusalKind,
}

/// Why a component may not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalKind {
    /// The file could not be read.
    Unreadable {
        /// What the system says.
        why: String,
    },
    /// The file is too large.
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
    },
    /// It is not WebAssembly at all.
    NotWasm {
        /// What it looks like: "empty", "text", "an unknown format".
        looks: &'static str,
    },
    /// It is a core module, not a component.
    CoreModule,
    /// It ends before it should.
    Truncated {
        /// Its size in bytes.
        bytes: usize,
    },
    /// It is damaged.
    Malformed {
        /// What the parser says.
        why: String,
        /// Where, in bytes from the start.
        at: u64,
    },
    /// It has more of something than is taken to the compiler.
    OverCap {
        /// Of what.
        what: &'static str,
        /// How much it has, at least.
        count: usize,
        /// How much it may have.
        most: usize,
    },
    /// It is not the component that was pinned.
    Pin {
        /// The pinned digest.
        pinned: Digest,
        /// Its digest.
        found: Digest,
    },
    /// It does not export the contract.
    NoContract {
        /// What it exports instead.
        exports: Vec<String>,
    },
    /// It speaks a track of the contract that this host does not serve.
    Track {
        /// The version it exports or imports, as written there.
        found: String,
    },
    /// It imports something that plugins cannot have.
    Import {
        /// The import's name.
        name: String,
    },
    /// It imports WASI, and this host is configured to refuse that.
    WasiRefused {
        /// The imports' names.
        names: Vec<String>,
    },
    /// It does not export a function of the contract, or with another signature.
    Signature {
        /// The function, and what is wrong with it.
        what: String,
    },
    /// The compiler refused it.
    Compile {
        /// What the compiler says.
        why: String,
    },
    /// The compiler wanted more time than it may have.
    CompileTime,
    /// The compiler did not end in time by the clock, though it had CPU time left.
    CompileSlow,
    /// The compiler wanted more memory than it may have.
    CompileMemory,
    /// The compiler failed on it.
    CompilerPanic {
        /// What it said.
        why: String,
    },
    /// The compiler is still busy with another component.
    CompilerBusy,
    /// It failed in a call that was made to try it.
    Probe {
        /// The call.
        call: Call,
        /// What happened.
        fault: FaultKind,
    },
    /// Two calls with the same arguments gave different answers.
    NotConstant {
        /// The call.
        call: Call,
    },
    /// What it says about itself is not allowed.
    Manifest {
        /// Each fault; at least one.
        faults: Vec<ManifestFault>,
    },
    /// One of its own examples is not right.
    Example {
        /// The kind.
        kind: String,
        /// The example's identifier.
        identifier: String,
        /// What is wrong with it.
        what: String,
    },
    /// Another file has a plugin of the same name.
    SameName {
        /// The plugin's name.
        name: String,
        /// The other files.
        others: Vec<PathBuf>,
    },
    /// The directory holds more components than are looked at.
    TooMany,
}

impl RefusalKind {
    /// In a word: the label of counters, and what scripts tell refusals by.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::TooLarge { .. } => "too-large",
            Self::NotWasm { .. } => "not-wasm",
            Self::CoreModule => "core-module",
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::OverCap { .. } => "over-cap",
            Self::Pin { .. } => "pin",
            Self::NoContract { .. } => "no-contract",
            Self::Track { .. } => "track",
            Self::Import { .. } => "import",
            Self::WasiRefused { .. } => "wasi-refused",
            Self::Signature { .. } => "signature",
            Self::Compile { .. } => "compile",
            Self::CompileTime => "compile-time",
            Self::CompileSlow => "compile-slow",
            Self::CompileMemory => "compile-memory",
            Self::CompilerPanic { .. } => "compiler-panic",
            Self::CompilerBusy => "compiler-busy",
            Self::Probe { .. } => "probe",
            Self::NotConstant { .. } => "not-constant",
            Self::Manifest { .. } => "manifest",
            Self::Example { .. } => "example",
            Self::SameName { .. } => "same-name",
            Self::TooMany => "too-many",
        }
    }

    /// What would help.
    #[must_use]
    pub fn remedy(&self) -> String {
        let fixed = match self {
            Self::Unreadable { .. } => "check that the file exists and that tidegate may read it",
            Self::TooLarge { .. } => "build it optimised and without debug information",
            Self::NotWasm { .. } => "give it a WebAssembly component, a file that `wasm-tools component wit` can print",
            Self::CoreModule => {
                "make a component of it: `wasm-tools component new module.wasm -o plugin.wasm`, or build Rust for \
                 wasm32-unknown-unknown with `linker = \"wasm-component-ld\"`"
            }
            Self::Truncated { .. } => "copy it again; a file that is still being written is read again by itself",
            Self::Malformed { .. } => "build it again; `wasm-tools validate` shows the same place",
            Self::OverCap { .. } => "build it optimised, without unused code",
            Self::Pin { .. } => "restore the pinned file, or change the pin if you trust the new one",
            Self::NoContract { .. } => {
                "build it against the world `plugin` of wit/v0.1, so that it exports tidegate:plugin/source@0.1.0"
            }
            Self::Track { found } => return Track::range_and_remedy(found),
            Self::Import { name } => return super::imports::remedy(name).to_owned(),
            Self::WasiRefused { .. } => {
                "build it without WASI (Rust: wasm32-unknown-unknown; JavaScript and Python: the stub-wasi flags), or set \
                 `wasi = \"allow\"` under [plugins]"
            }
            Self::Signature { .. } => "build it against the unchanged files of wit/v0.1",
            Self::Compile { .. } => {
                "validate it with `wasm-tools validate`; it may use a proposal that plugins cannot have"
            }
            Self::CompileTime => "build it smaller: large generated functions take longest",
            Self::CompileSlow => {
                "this machine had too little time for it; it is tried again at the next look at the directory"
            }
            Self::CompileMemory => "build it smaller: large generated functions take most",
            Self::CompilerPanic { .. } => "report it to tidegate with the file; other plugins are not affected",
            Self::CompilerBusy => "it is tried again at the next look at the directory",
            Self::Probe { fault, .. } => return fault.remedy().to_owned(),
            Self::NotConstant { .. } => "let the plugin depend on nothing but its arguments",
            Self::Manifest { .. } => "correct what `describe` answers; the rules stand in wit/v0.1/types.wit",
            Self::Example { .. } => "correct the example or `validate`",
            Self::SameName { .. } => "remove all but one of them",
            Self::TooMany => return format!("keep at most {} components in the directory", limits::PLUGINS),
        };
        fixed.to_owned()
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and messages of a component may be long, and hold anything.
        f.write_str(&one_line(&Told(self).to_string(), limits::REFUSAL_BYTES))
    }
}

/// A refusal in the words in which it came.
struct Told<'a>(&'a RefusalKind);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RefusalKind::Unreadable { why } => write!(f, "it cannot be read: {why}"),
            RefusalKind::TooLarge { bytes } => {
                write!(f, "it has {bytes} bytes, and at most {} MiB are taken", limits::COMPONENT_BYTES / limits::MIB)
            }
            RefusalKind::NotWasm { looks } => write!(f, "it is not WebAssembly: it is {looks}"),
            RefusalKind::CoreModule => f.write_str("it is a core module, and plugins are components"),
            RefusalKind::Truncated { bytes } => write!(f, "it is cut off after {bytes} bytes"),
            RefusalKind::Malformed { why, at } => write!(f, "it is damaged at byte {at}: {why}"),
            RefusalKind::OverCap { what, count, most } => {
                write!(f, "it has {count} {what}, and at most {most} are taken")
            }
            RefusalKind::Pin { pinned, found } => write!(f, "its SHA-256 is {found}, but {pinned} is pinned"),
            RefusalKind::NoContract { exports } if exports.is_empty() => f.write_str("it exports nothing"),
            RefusalKind::NoContract { exports } => {
                write!(f, "it does not export tidegate:plugin/source (it exports {})", exports.join(", "))
            }
            RefusalKind::Track { found } => write!(f, "it is built for tidegate:plugin {found}"),
            RefusalKind::Import { name } => write!(f, "it imports {name}, which plugins cannot have"),
            RefusalKind::WasiRefused { names } => {
                write!(f, "it imports WASI ({}), which is switched off here", names.join(", "))
            }
            RefusalKind::Signature { what } => write!(f, "it does not fit the contract: {what}"),
            RefusalKind::Compile { why } => write!(f, "it cannot be compiled: {why}"),
            RefusalKind::CompileTime => write!(
                f,
                "compiling it took more than {} s of CPU time, or {} s by the clock where no process could be started for it",
                limits::COMPILE_CPU.as_secs(),
                limits::COMPILE_TIMEOUT.as_secs()
            ),
            RefusalKind::CompileSlow => {
                write!(f, "compiling it had not ended after {} minutes", limits::COMPILE_WAIT.as_secs() / 60)
            }
            RefusalKind::CompileMemory => {
                write!(f, "compiling it took more than {} MiB of memory", limits::COMPILE_MEMORY_BYTES / limits::MIB)
            }
            RefusalKind::CompilerPanic { why } => write!(f, "the compiler failed on it: {why}"),
            RefusalKind::CompilerBusy => f.write_str("the compiler is still busy with another plugin"),
            RefusalKind::Probe { call, fault } => write!(f, "trying it, {call} {fault}"),
            RefusalKind::NotConstant { call } => write!(f, "{call} gave two different answers to the same question"),
            RefusalKind::Manifest { faults } => {
                f.write_str("its manifest is not right: ")?;
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&faults.join("; "))
            }
            RefusalKind::Example { kind, identifier, what } => {
                write!(f, "its example {identifier:?} of kind {kind} is not right: {what}")
            }
            RefusalKind::SameName { name, others } => {
                let others: Vec<String> = others.iter().map(|path| path.display().to_string()).collect();
                write!(f, "the name {name} is also used by {}", others.join(", "))
            }
            RefusalKind::TooMany => f.write_str("the directory holds too many components"),
        }
    }
}
