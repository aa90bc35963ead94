//! What a process has cost: wall time, CPU, memory; and on which machine.
//!
//! Owns: the measuring. CPU and peak memory come from `wait4(2)`, which is exact for one child. Called by the benches.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;
use wait4::Wait4;

use crate::Trouble;
pub use crate::waiting::Stopwatch;

/// What one process has cost, and what it printed.
#[derive(Debug, Clone)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system time, its own children included.
    pub cpu: Duration,
    /// The most memory that was resident, in bytes.
    pub peak_bytes: u64,
    /// Standard output.
    pub stdout: String,
}

/// Runs a command to its end. Standard error goes to a file, so that a full pipe stops nobody and a terminal costs
/// nothing.
///
/// # Errors
/// When it cannot be started, or ends with another code than 0.
pub fn cost(command: &mut Command) -> Result<Cost, Trouble> {
    let typed = format!("{command:?}");
    let mut errors = tempfile::tempfile().map_err(Trouble::io("making a file for standard error"))?;
    let for_child = errors.try_clone().map_err(Trouble::io("making a file for standard error"))?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(for_child);
    let watch = Stopwatch::start();
    let mut child = command.spawn().map_err(Trouble::io(format!("starting {typed}")))?;
    let mut stdout = String::new();
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_string(&mut stdout).map_err(Trouble::io(format!("reading from {typed}")))?;
    }
    let used = child.wait4().map_err(Trouble::io(format!("waiting for {typed}")))?;
    let wall = watch.elapsed();
    if !used.status.success() {
        return Err(Trouble::Failed { command: typed, status: used.status, stderr: tail(&mut errors) });
    }
    Ok(Cost { wall, cpu: used.rusage.utime + used.rusage.stime, peak_bytes: used.rusage.maxrss, stdout })
}

/// The last 4,000 characters of a file.
fn tail(file: &mut fs::File) -> String {
    use std::io::Seek;
    let mut text = Vec::new();
    if file.rewind().and_then(|()| file.read_to_end(&mut text)).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&text);
    let skip = text.chars().count().saturating_sub(4_000);
    text.chars().skip(skip).collect()
}

/// What a running process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all its threads, to 10 ms.
    pub cpu: Duration,
    /// Memory that is resident now, in bytes.
    pub resident_bytes: u64,
}

/// What the process of this id has used by now, from `/proc`.
///
/// # Errors
/// When there is none, or the system has no `/proc`.
pub fn usage(process: u32) -> Result<Usage, Trouble> {
    let read = |name: &str| {
        let path = format!("/proc/{process}/{name}");
        fs::read_to_string(&path).map_err(Trouble::io(format!("reading {path}")))
    };
    let (stat, status) = (read("stat")?, read("status")?);
    // The name of the program stands in parentheses, and may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = [11, 12].map(|at| fields.get(at).and_then(|field| field.parse::<u64>().ok()));
    let kib = value(&status, "VmRSS").and_then(|text| text.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()));
    let ([Some(user), Some(system)], Some(kib)) = (ticks, kib) else {
        return Err(Trouble::printed("what a process has used", &format!("{stat}\n{status}")));
    };
    // Linux tells programs of ticks of 10 ms, whatever it counts itself.
    Ok(Usage { cpu: Duration::from_millis((user + system) * 10), resident_bytes: kib * 1024 })
}

/// Waits until so much real time is over.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench waits until its sources are due again; nothing else happens then"
)]
pub fn pause(wait: Duration) {
    std::thread::sleep(wait);
}

/// Where figures were measured.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Processors this program may use.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Operating system and kernel.
    pub system: String,
}

impl Machine {
    /// This machine, as far as it says.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let memory = value(&read("/proc/meminfo"), "MemTotal");
        let kib = memory.and_then(|text| text.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()));
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: kib.unwrap_or(0) / 1024,
            system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
        }
    }
}

/// The value of the first `name : value` line.
fn value(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Machine, cost, usage, value};
    use crate::Trouble;
    use std::process::Command;

    #[test]
    fn measures_a_child_and_tells_of_a_failed_one() {
        let done = cost(Command::new("sh").args(["-c", "echo out; echo err >&2"])).unwrap();
        assert_eq!(done.stdout, "out\n");
        assert!(done.peak_bytes > 100_000, "{} bytes", done.peak_bytes);
        assert!(done.wall >= std::time::Duration::ZERO && Machine::here().cores > 0);
        match cost(Command::new("sh").args(["-c", "echo why >&2; exit 3"])) {
            Err(Trouble::Failed { status, stderr, .. }) => {
                assert_eq!((status.code(), stderr.as_str()), (Some(3), "why\n"));
            }
            other => assert!(other.is_err_and(|trouble| trouble.to_string().is_empty()), "a failure was expected"),
        }
    }

    #[test]
    fn tells_what_a_running_process_has_used() {
        let before = usage(std::process::id()).unwrap();
        let held: Vec<u8> = (0..64_u32 << 20).map(|number| number.to_le_bytes()[0]).collect();
        let after = usage(std::process::id()).unwrap();
        assert!(after.resident_bytes > before.resident_bytes + (32 << 20), "{before:?} {after:?} {}", held.len());
        assert!(after.cpu >= before.cpu);
        assert!(usage(u32::MAX).is_err());
    }

    #[test]
    fn reads_proc_files() {
        let text = "processor : 0\nmodel name\t: A CPU @ 2 GHz\nMemTotal:  2048 kB\n";
        assert_eq!(value(text, "model name").as_deref(), Some("A CPU @ 2 GHz"));
        assert_eq!(value(text, "MemTotal").as_deref(), Some("2048 kB"));
        assert_eq!(value(text, "Nothing"), None);
    }
}
