//! The process that compiles.
//!
//! Owns: both of its ends: what the daemon starts, gives and believes ([`ask`]), and what the process does
//! ([`compile_for_parent`]): it takes limits upon itself, reads a component, writes its code under a seal, and ends. Must not
//! know: files, or what a component is good for. Started by `compile`; entered from `cli`.
//!
//! Compile bombs are outside wasmtime's security policy. In a process of its own a bomb meets the limits on address space and CPU
//! time that the system keeps, and takes nothing with it. Code is believed because this very program has made it; the seal
//! keeps what was cut off from being mapped.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus, Stdio};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, nice, setrlimit};
use tidegate_core::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::digest::Digest;
use super::engine;
use super::fault::chain;
use super::refusal::RefusalKind;

/// The one argument by which this program knows that it is to compile and nothing else.
pub const COMPILER: &str = "compile-component-from-stdin";
/// How the process ends when the compiler refuses the component (`EX_DATAERR`).
const REFUSED: u8 = 65;
/// Bytes of a seal.
const SEAL: usize = 32;

/// Code that a compiling process has made of a component, whole.
pub(super) struct Code(Vec<u8>);

impl Code {
    /// Without its seal.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.get(SEAL..).unwrap_or_default()
    }

    /// What a process has written, if its seal holds.
    fn sealed(written: Vec<u8>) -> Option<Self> {
        let (seal, code) = written.split_at_checked(SEAL)?;
        (Digest::of(code).bytes() == seal).then_some(Self(written))
    }
}

/// Why there is no code.
pub(super) enum Failed {
    /// There was no process.
    NotStarted(io::Error),
    /// There was one, and this is what came of it.
    Refused(RefusalKind),
}

/// Has a component compiled by a process of its own, which is killed when this is dropped.
pub(super) async fn ask(program: &Path, component: &[u8]) -> Result<Code, Failed> {
    let mut command = Command::new(program);
    command.arg(COMPILER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // Nothing of the daemon's surroundings, where secrets stand. What allocates address space by the core is told not to.
    command.env_clear().env("RAYON_NUM_THREADS", limits::COMPILE_THREADS.to_string()).env("MALLOC_ARENA_MAX", "2");
    command.env("RUST_MIN_STACK", limits::COMPILE_STACK_BYTES.to_string());
    let mut child = command.spawn().map_err(Failed::NotStarted)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // A process that has died does not read; its end says why.
            drop(stdin.write_all(component).await);
        }
    };
    let ((), code, said) =
        tokio::join!(give, all(stdout, limits::CACHED_BYTES), all(stderr, limits::COMPILE_SAID_BYTES));
    let status = child.wait().await.map_err(Failed::NotStarted)?;
    let said = String::from_utf8_lossy(&said);
    if !status.success() {
        return Err(Failed::Refused(ended(status, said.trim())));
    }
    let cut = || RefusalKind::CompilerPanic { why: "what its process has written is cut off".to_owned() };
    Code::sealed(code).ok_or_else(|| Failed::Refused(cut()))
}

/// All that a pipe gives, as far as `most`; what is more is read and dropped, so that nobody waits.
async fn all(pipe: Option<impl AsyncRead + Unpin>, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Some(mut pipe) = pipe else { return bytes };
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    drop((&mut pipe).take(most).read_to_end(&mut bytes).await);
    drop(tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await);
    bytes
}

/// What it means that the process has ended like this, having said that.
fn ended(status: ExitStatus, said: &str) -> RefusalKind {
    let signal = status.signal();
    let is = |one: Signal| signal == Some(one.as_raw());
    // A process that is refused memory says so and aborts; one that the system kills to have its memory says nothing.
    let memory = ["memory allocation of", "Cannot allocate memory", "out of memory"];
    if memory.iter().any(|words| said.contains(words)) || is(Signal::KILL) {
        return RefusalKind::CompileMemory;
    }
    if is(Signal::XCPU) {
        return RefusalKind::CompileTime;
    }
    let line = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let why: String = line.chars().take(limits::MESSAGE_BYTES).collect();
    if status.code() == Some(i32::from(REFUSED)) {
        return RefusalKind::Compile { why };
    }
    RefusalKind::CompilerPanic { why: if why.is_empty() { format!("its process ended with {status}") } else { why } }
}

/// Compiles the component on standard input and writes its code, under a seal, to standard output.
#[must_use]
pub fn compile_for_parent() -> ExitCode {
    match restrict().map_err(|error| error.to_string()).and_then(|()| compile()) {
        Ok(code) => match write(&code) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever asked has gone.
            Err(_) => ExitCode::FAILURE,
        },
        Err(why) => {
            drop(writeln!(io::stderr(), "{why}"));
            ExitCode::from(REFUSED)
        }
    }
}

/// Limits that this process cannot lift again. Where it was started under lower ones, those hold.
fn restrict() -> io::Result<()> {
    let memory = u64::try_from(limits::COMPILE_MEMORY_BYTES).unwrap_or(u64::MAX);
    limit(Resource::As, memory, memory)?;
    // The first is told by a signal of its own, the second is not to be caught.
    let cpu = limits::COMPILE_CPU.as_secs();
    limit(Resource::Cpu, cpu, cpu + 1)?;
    limit(Resource::Core, 0, 0)?;
    // A courtesy to the daemon: code is made without it too.
    let _kept = nice(limits::COMPILE_NICE);
    Ok(())
}

fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let held = getrlimit(resource).maximum;
    let within = |wanted: u64| Some(held.map_or(wanted, |held| held.min(wanted)));
    setrlimit(resource, Rlimit { current: within(soft), maximum: within(hard) })?;
    Ok(())
}

fn compile() -> Result<Vec<u8>, String> {
    let mut component = Vec::new();
    let most = u64::try_from(limits::COMPONENT_BYTES).unwrap_or(u64::MAX);
    io::stdin().take(most).read_to_end(&mut component).map_err(|error| error.to_string())?;
    let engine = engine::compiling().map_err(|error| chain(&error))?;
    engine.precompile_component(&component).map_err(|error| chain(&error))
}

fn write(code: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(Digest::of(code).bytes())?;
    out.write_all(code)?;
    out.flush()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_or_changed_is_not_believed() {
        let code = b"code".to_vec();
        let sealed = [Digest::of(&code).bytes().as_slice(), &code].concat();
        assert_eq!(Code::sealed(sealed.clone()).unwrap().bytes(), code);
        for cut in [0, 5, SEAL, sealed.len() - 1] {
            assert!(Code::sealed(sealed[..cut].to_vec()).is_none(), "{cut}");
        }
        let mut changed = sealed;
        changed[SEAL] ^= 1;
        assert!(Code::sealed(changed).is_none());
    }

    #[test]
    fn how_it_ended_says_why() {
        let code = |code: i32| ExitStatus::from_raw(code << 8);
        let table = [
            (
                ExitStatus::from_raw(Signal::ABORT.as_raw()),
                "memory allocation of 99 bytes failed",
                RefusalKind::CompileMemory,
            ),
            (ExitStatus::from_raw(Signal::KILL.as_raw()), "", RefusalKind::CompileMemory),
            (ExitStatus::from_raw(Signal::XCPU.as_raw()), "", RefusalKind::CompileTime),
            (code(65), "unknown\n  opcode", RefusalKind::Compile { why: "unknown opcode".to_owned() }),
            (code(101), "thread panicked", RefusalKind::CompilerPanic { why: "thread panicked".to_owned() }),
            (code(1), "", RefusalKind::CompilerPanic { why: "its process ended with exit status: 1".to_owned() }),
        ];
        for (status, said, expected) in table {
            assert_eq!(ended(status, said), expected, "{status} {said}");
        }
    }
}
