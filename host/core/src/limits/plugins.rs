//! Limits of plugins as files: compiling them, keeping them, watching their directory.

use core::time::Duration;

use super::{KIB, MIB, PLUGINS};

/// Time to compile one component, by the clock.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);
/// CPU time of the process that compiles a component, over all its threads.
pub const COMPILE_CPU: Duration = Duration::from_secs(120);
/// Address space of the process that compiles a component, in bytes. CPython (19 MB) comes to 370 MB of memory; address space
/// is twice as much.
pub const COMPILE_MEMORY_BYTES: usize = 2_048 * MIB;
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
