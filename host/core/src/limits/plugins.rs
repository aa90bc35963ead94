//! Limits of plugins as files: compiling them, keeping them, watching their directory.

use core::time::Duration;

use super::{KIB, MIB, PLUGINS};

/// CPU time of the process that compiles a component, over all its threads. CPython takes 5 s.
pub const COMPILE_CPU: Duration = Duration::from_secs(120);
/// How long that process, or its turn, is waited for, by the clock: it gives way to everything else on the machine.
pub const COMPILE_WAIT: Duration = Duration::from_secs(600);
/// Time for what is done with a component in the daemon itself, by the clock: parsing it, mapping its code, and compiling it where no
/// process can be started for that.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);
/// Address space of the process that compiles a component, in bytes. CPython (19 MB) comes to 370 MB of memory; address space
/// is twice as much.
pub const COMPILE_MEMORY_BYTES: usize = 2_048 * MIB;
/// Components that are loaded at once, each with its bytes in memory; one of them is compiled.
pub const LOADING: usize = 4;
/// Threads that compile at once in that process: each takes address space, and cores that runs may want.
pub const COMPILE_THREADS: usize = 2;
/// How much less urgent that process is than the daemon, as `nice` counts.
pub const COMPILE_NICE: i32 = 10;
/// Stack of a thread that compiles, in bytes.
pub const COMPILE_STACK_BYTES: usize = 8 * MIB;
/// What is kept of what that process says of its failure, in bytes.
pub const COMPILE_SAID_BYTES: usize = 4 * KIB;
/// Precompiled components that are kept; every new version of a plugin or of the host leaves one behind.
pub const CACHED_FILES: usize = 2 * PLUGINS;
/// Size of all precompiled components together, in bytes.
pub const CACHED_TOTAL_BYTES: u64 = 4_096 * MIB as u64;
/// Size of one precompiled component, in bytes. CPython comes to 60 MB.
pub const CACHED_BYTES: usize = 512 * MIB;
/// Pinned components that are kept while another version lies in the directory.
pub const PINNED_FILES: usize = 64;

/// How often watched directories are looked at where nothing tells of changes.
pub const LOOK_POLL: Duration = Duration::from_secs(2);
/// How often they are looked at all the same where something does: it may miss changes on network and overlay file systems.
pub const LOOK_SURE: Duration = Duration::from_secs(5);
/// How long changes are gathered before they are looked at: copying a file tells many.
pub const LOOK_GATHER: Duration = Duration::from_millis(100);
/// How long a file has to have been as it is before it is read: whoever writes it is done.
pub const LOOK_SETTLED: Duration = Duration::from_millis(300);
/// How long a file that cannot be taken, or is gone, has to have been so before that is believed: a copy over a slow network
/// pauses, and a file is replaced by removing it and writing another.
pub const LOOK_BELIEVED: Duration = Duration::from_millis(1_500);

/// How often what plugins have used is written to the store.
pub const USE_FLUSH: Duration = Duration::from_secs(5);
/// How long a version's figures are kept after it last served.
pub const USE_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Versions whose figures are kept, of all plugins together; those that served last.
pub const USE_VERSIONS: u32 = 1_000;
/// A version that was told to serve longer ago than this does not serve: its daemon is gone.
pub const USE_FRESH: Duration = Duration::from_secs(30);
/// How long a start waits for components that are being loaded, all together. They are loaded on while the daemon serves.
pub const START_LOADING: Duration = Duration::from_secs(60);
/// How long one look waits for components that are being loaded. They are loaded on, and a later look takes them.
pub const LOOK_LOADING: Duration = Duration::from_secs(2);
