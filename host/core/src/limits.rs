//! Every maximum of the host, with its unit and where the number comes from.
//!
//! Owns: the numbers. Profiles and configuration may lower most of them; what they may raise says so. Called by all.
//! Guests have limits of their own, in their own `limits.rs`.
//! Read as one list (`limits::X`), written in six files.

use core::time::Duration;

mod eyes;
mod keeping;
mod paid;
mod plugins;
mod postgres;
mod rates;
mod replay;

pub use eyes::*;
pub use keeping::*;
pub use paid::*;
pub use plugins::*;
pub use postgres::*;
pub use rates::*;
pub use replay::*;

/// Bytes in a KiB.
pub const KIB: usize = 1 << 10;
/// Bytes in a MiB.
pub const MIB: usize = 1 << 20;

// ---- fetches (egress) ---------------------------------------------------------------------------------------------

/// Bytes of a credential below which it is an ordinary word: it is not looked for in what comes back, but where it stands as the value of
/// its parameter.
pub const SECRET_BYTES_LEAST: usize = 8;
/// Decoded body of one response. A profile may raise it to [`BODY_BYTES_MOST`]. The largest real feed seen has 1.6 MB.
pub const BODY_BYTES: usize = 10 * MIB;
/// The most a profile may set for a decoded body.
pub const BODY_BYTES_MOST: usize = 32 * MIB;
/// Bytes of a body as they arrive, before content decoding, as a part of the decoded limit: equal to it, as compression
/// only shrinks what is worth sending.
pub const WIRE_BYTES: usize = BODY_BYTES;
/// How many times larger than its wire form a body may become. Real feeds reach 20; a gzip bomb reaches 1,000.
pub const DECODE_RATIO: usize = 200;
/// Decoded bytes up to which the ratio is not looked at: tiny bodies of one repeated byte are no attack.
pub const DECODE_RATIO_FROM: usize = MIB;
/// Pieces (chunks, packets) in which one body may arrive. Each costs microseconds whatever its size: a body in chunks of
/// one byte is an attack on the processor. At 1 KiB a piece it is 128 MiB.
pub const BODY_PIECES: usize = 131_072;
/// Bytes of a body whose escapes are undone at a time, in the search for credentials: what it costs in memory is this times 20,
/// however long the body is.
pub const SCRUB_BYTES: usize = 64 * KIB;
/// Header fields of one response.
pub const HEADER_COUNT: usize = 128;
/// Names and values of all header fields of one response, in bytes.
pub const HEADER_BYTES: usize = 64 * KIB;
/// Redirects followed for one request (browsers: 20, feed readers: 5 to 10).
pub const REDIRECTS: usize = 5;
/// Length of a URL in bytes.
pub const URL_BYTES: usize = 8 * KIB;
/// Time to resolve a name.
pub const DNS_TIMEOUT: Duration = Duration::from_secs(5);
/// Addresses of one name that are looked at.
pub const DNS_ADDRESSES: usize = 16;
/// Time to resolve and connect, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time from the request sent to the header received.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(20);
/// Time without a byte while a body is read.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Time for one request with its redirects, from first to last byte.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is followed; a longer one is cut to this.
pub const RETRY_AFTER_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest time for which one answer closes a host for everybody. The source that was told to wait longer does; the
/// others ask again.
pub const GATE_MOST: Duration = Duration::from_secs(10 * 60);
/// Requests under way to one host at a time.
pub const HOST_CONCURRENCY: usize = 4;
/// How long a host's gate stays closed after a 429 that does not say.
pub const GATE_DEFAULT: Duration = Duration::from_secs(60);
/// Content codings one on top of the other (`gzip, gzip`); more than one is a mistake, more than two an attack.
pub const CONTENT_CODINGS: usize = 2;
/// What is kept of the body of an answer that never reaches a plugin, in bytes.
pub const ERROR_BODY_BYTES: usize = KIB;
/// How long an idle connection is kept for the next request.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Connection pools kept apart, one for each different set of private exceptions.
pub const GRANT_SETS: usize = 64;
/// Header values remembered in their received bytes, as their text alone does not say how to send them back.
pub const ODD_VALUES: usize = 1_024;
/// Time to wait for a turn at a host. A run that waits holds one of the daemon's places, so it does not wait long.
pub const QUEUE_TIMEOUT: Duration = Duration::from_secs(15);
/// Hosts of which concurrency and gates are remembered.
pub const HOSTS_REMEMBERED: usize = 65_536;

// ---- requests a plugin plans --------------------------------------------------------------------------------------

/// Header fields of a planned request.
pub const REQUEST_HEADERS: usize = 64;
/// Names and values of a planned request's header fields, in bytes.
pub const REQUEST_HEADER_BYTES: usize = 16 * KIB;
/// Body of a planned request, and an actor's input, in bytes.
pub const REQUEST_BODY_BYTES: usize = MIB;
/// `step.state` in bytes.
pub const STATE_BYTES: usize = 64 * KIB;
/// Statuses a request may ask to be passed.
pub const PASS_STATUSES: usize = 16;
/// Pages of one run.
pub const PAGES_PER_RUN: u32 = 10;
/// The longest `delay-s` of a step.
pub const STEP_DELAY_MOST: Duration = Duration::from_secs(60);

// ---- what a plugin gives back -------------------------------------------------------------------------------------

/// Items of one batch.
pub const BATCH_ITEMS: usize = 10_000;
/// Rejects kept of one batch; more are only counted.
pub const BATCH_REJECTS: usize = 1_000;
/// Warnings of one batch.
pub const BATCH_WARNINGS: usize = 16;
/// A message, reason, warning, detail or description, in bytes.
pub const MESSAGE_BYTES: usize = KIB;
/// An external id, in bytes.
pub const EXTERNAL_ID_BYTES: usize = KIB;
/// An identifier, in bytes.
pub const IDENTIFIER_BYTES: usize = 2 * KIB;
/// A title, in bytes; cut.
pub const TITLE_BYTES: usize = 4 * KIB;
/// A text, in bytes; cut.
pub const TEXT_BYTES: usize = 256 * KIB;
/// A summary, in bytes; cut.
pub const SUMMARY_BYTES: usize = 64 * KIB;
/// HTML of an item, in bytes.
pub const HTML_BYTES: usize = MIB;
/// Media of an item.
pub const ITEM_MEDIA: usize = 256;
/// Metrics, references or authors of an item.
pub const ITEM_LIST: usize = 32;
/// Tags of an item.
pub const ITEM_TAGS: usize = 256;
/// A tag, a name, a handle or a word, in bytes.
pub const WORD_BYTES: usize = 256;
/// An `extra` object or a cursor, in bytes.
pub const EXTRA_BYTES: usize = 64 * KIB;
/// How far in the future a publication time may lie before it is taken for a mistake.
pub const FUTURE_SKEW: Duration = Duration::from_secs(10 * 60);
/// WebSub hubs of one source.
pub const HUBS: usize = 8;

// ---- manifests ----------------------------------------------------------------------------------------------------

/// Kinds of one plugin.
pub const MANIFEST_KINDS: usize = 32;
/// Examples of one kind.
pub const KIND_EXAMPLES: usize = 16;
/// Name of a plugin or kind, in bytes.
pub const PLUGIN_NAME_BYTES: usize = 32;
/// Hosts or actors of one kind.
pub const KIND_LIST: usize = 64;
/// A schema of overrides, or overrides themselves, in bytes.
pub const SCHEMA_BYTES: usize = 64 * KIB;

// ---- sandbox ------------------------------------------------------------------------------------------------------

/// Size of a component file. CPython compiled to wasm weighs 19 MB.
pub const COMPONENT_BYTES: usize = 32 * MIB;
/// Functions of a component, over all its core modules. CPython has 37,000; a compile bomb 60,000 in 540 KB.
pub const COMPONENT_FUNCTIONS: usize = 50_000;
/// Core modules in a component, nested ones included.
pub const COMPONENT_MODULES: usize = 64;
/// Entries of all other sections of a component: types, imports, exports, instances, aliases, segments.
pub const COMPONENT_ENTRIES: usize = 200_000;
/// How deep components may nest.
pub const COMPONENT_NESTING: usize = 8;
/// Bytes of code in one function body; one huge function makes the compiler quadratic.
pub const FUNCTION_BYTES: usize = 2 * MIB;
/// How deep the blocks of one function may nest. A `switch` costs a level for each case; interpreters have some hundreds.
pub const FUNCTION_BLOCKS: usize = 5_000;
/// Linear memory of one instance, unless its profile says otherwise. Least that takes 1,000 posts in JavaScript and Python:
/// 32 MiB.
pub const MEMORY_BYTES: usize = 64 * MIB;
/// Memory that a place in the pool keeps between calls, zeroed and in the page table: a page of 60 KB with 30 entries uses 2
/// to 3 MiB, the largest dataset page (4 MiB) 7. Only as many places keep it as calls have been under way at once.
pub const KEPT_MEMORY_BYTES: usize = 8 * MIB;
/// Of a table, the bytes that a place in the pool keeps between calls.
pub const KEPT_TABLE_BYTES: usize = 16 * KIB;
/// Of a guest's stack, the bytes that a place in the pool keeps between calls.
pub const KEPT_STACK_BYTES: usize = 64 * KIB;
/// Elements of one table. StarlingMonkey has 7,688.
pub const TABLE_ELEMENTS: usize = 10_000;
/// Core instances of one component instance (Python: 38).
pub const CORE_INSTANCES: usize = 64;
/// Memories of one component instance.
pub const MEMORIES: usize = 4;
/// Tables of one component instance.
pub const TABLES: usize = 8;
/// Stack of a guest, in bytes.
pub const STACK_BYTES: usize = MIB;
/// Instances that may live at once.
pub const INSTANCES: usize = 64;
/// Instances that one component may have at once, the least; twice the cores if that is more. With two cores eight calls that use
/// all their CPU time end within the wall time of a call, so that a plugin that spins is found out, and others are served.
pub const PLUGIN_INSTANCES: usize = 8;
/// The beat of the CPU deadline.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);
/// The most a profile may give one instance: four times the default, with all [`INSTANCES`] busy 16 GiB.
pub const MEMORY_BYTES_MOST: usize = 256 * MIB;
/// CPU time of one call, unless its profile says otherwise.
pub const CALL_CPU: Duration = Duration::from_secs(2);
/// The most CPU time a profile may give one call: as long as one fetch may take.
pub const CALL_CPU_MOST: Duration = Duration::from_secs(60);
/// Wall time of one call, waiting for a core included.
pub const CALL_WALL: Duration = Duration::from_secs(10);
/// CPU time of the calls that check a component when it is loaded.
pub const PROBE_CPU: Duration = Duration::from_secs(10);
/// CPU time of all these calls together, in times of [`PROBE_CPU`]: a component may have 512 examples, and the next one waits.
pub const PROBE_CALLS: u32 = 3;
/// What one call may copy out of its instance, in bytes, unless its profile says otherwise.
pub const ANSWER_BYTES: usize = 16 * MIB;
/// The least and the most a profile may set for it.
pub const ANSWER_BYTES_RANGE: (usize, usize) = (KIB, 64 * MIB);
/// What one answer may take in the host, in bytes: its texts, and as much again for the records around them.
pub const HOSTCALL_FUEL: usize = 2 * ANSWER_BYTES;
/// Frames of a trap's backtrace that are shown.
pub const TRAP_FRAMES: usize = 8;
/// Frames of a trap's backtrace that are looked at: a panic goes through a dozen before it ends.
pub const TRAP_FRAMES_READ: usize = 64;
/// What a component may ask of `wasi:random` at once, in bytes.
pub const WASI_RANDOM_BYTES: u64 = 1 << 20;
/// WASI handles (streams, pollables) that one call may hold.
pub const WASI_HANDLES: usize = 1_024;
/// Log lines kept of one call.
pub const LOG_LINES: usize = 256;
/// Log text kept of one call, in bytes.
pub const LOG_BYTES: usize = 64 * KIB;
/// Size a compiled regular expression of a schema may reach, in bytes.
pub const SCHEMA_REGEX_BYTES: usize = MIB;
/// Patterns of one schema.
pub const SCHEMA_PATTERNS: usize = 64;
/// Subschemas that a schema may have when every reference is followed. The largest of a shipped plugin has 200.
pub const SCHEMA_VISITS: usize = 10_000;
/// How deep a schema may be when every reference is followed; JSON is read to a depth of 128.
pub const SCHEMA_DEPTH: usize = 256;
/// Problems that are told of one set of overrides.
pub const PROBLEMS: usize = 32;
/// What is told of a component that was refused, in bytes: sixteen faults of a manifest with a line for each.
pub const REFUSAL_BYTES: usize = 4 * KIB;
/// Components in the plugins directory.
pub const PLUGINS: usize = 256;

/// Recorded cases of one plugin.
pub const FIXTURES: usize = 10_000;
/// Pages of one recorded case.
pub const FIXTURE_PAGES: usize = 1_000;
/// What the pages of one recorded case have together, in bytes; a file that several pages name counts each time. One case is in
/// memory at a time.
pub const FIXTURE_BYTES: usize = 64 * MIB;

// ---- scheduler ----------------------------------------------------------------------------------------------------

/// Candidates looked at, claims made and runs recovered in one transaction.
pub const PASS_BATCH: usize = 100;
/// Transactions of one pass; what is left waits for the next tick, which follows at once.
pub const PASS_ROUNDS: usize = 100;
/// How long a claim holds without a sign of life.
pub const LEASE: Duration = Duration::from_secs(20);
/// The longest time between two looks for runs whose lease has passed. What died with its daemon is taken up within 30 s: a
/// lease, this, and as much again for a database that is slow.
pub const LOOK_FOR_DEAD: Duration = Duration::from_secs(5);
/// How often a live run says so.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long one tick that is run by itself waits for costs that are about to become final. Nobody else settles them before
/// the next one.
pub const SETTLE_LAST: Duration = Duration::from_secs(60);
/// The longest time between two passes.
pub const TICK: Duration = Duration::from_secs(30);
/// How often the database is asked whether something is due. Another process may have added it.
pub const POLL: Duration = Duration::from_secs(1);
/// How often the upkeep pass looks for what is kept too long: ticks come many times a second while runs end.
pub const EXPIRE: Duration = Duration::from_secs(10);
/// Rows the upkeep pass deletes in one tick.
pub const EXPIRE_ROWS: usize = 1_000;
/// Time of one run, unless the profile says otherwise.
pub const RUN_DEADLINE: Duration = Duration::from_secs(5 * 60);
/// The longest time a profile may give a run.
pub const RUN_DEADLINE_MOST: Duration = Duration::from_secs(60 * 60);
/// Times a run that died with its daemon is taken up again.
pub const RECOVERIES: u32 = 3;
/// Runs under way at once in one daemon.
pub const RUNS_AT_ONCE: usize = 64;
/// Time for running work to end when the daemon is asked to stop.
pub const DRAIN: Duration = Duration::from_secs(25);

// ---- schedules ----------------------------------------------------------------------------------------------------

/// A cron expression, in bytes.
pub const CRON_BYTES: usize = 256;
/// Years that are searched for a cron expression's next time: the rarest days (five Fridays in February) come once in 40.
pub const CRON_YEARS: u32 = 45;
/// Changes of a time zone that are passed in one search: two or four a year.
pub const CRON_CHANGES: u32 = 256;
/// Times of a cron expression that are counted one by one for a forecast; beyond it their rate is taken.
pub const CRON_COUNTED: u32 = 10_000;
/// Rows of a table of tiers.
pub const TIERS: usize = 16;
/// Newest items whose publication times tell a source's rhythm, and the least that tell anything.
pub const PUBLISHED: (u32, u32) = (4, 32);
/// The longest interval to which a source's own rhythm, `ttl` and `max-age` stretch: a quiet source is still seen daily.
pub const ADAPTIVE_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest time over which sources are spread that came due while nobody was awake.
pub const CATCH_UP_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How far in the future a last attempt may lie that is believed: the clock was set back. Beyond it the clock was wrong.
pub const CLOCK_BACK: Duration = Duration::from_secs(2 * 60 * 60);

// ---- follows ------------------------------------------------------------------------------------------------------

/// A follower seen less than this ago is active, unless the configuration says otherwise.
pub const ACTIVE_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two counts of active followers.
pub const RETIER: Duration = Duration::from_secs(5 * 60);
/// Sources of which new counts are written, or which are put off, in one transaction.
pub const RETIER_ROWS: usize = 1_000;
/// Followers of a source whose hours are looked at; more would tell the same.
pub const ACTIVITY_FOLLOWERS: u32 = 1_000;
/// Views of a user in one hour of the day at which all of that user's are halved, so that old habits fade.
pub const VIEWS_MOST: u32 = 1_000;
/// Transactions of one catch-up: ten million sources.
pub const CATCH_UP_ROUNDS: usize = 10_000;
/// A user's id, in bytes.
pub const USER_BYTES: usize = 256;
/// Sources followed or left in one call.
pub const FOLLOWS_AT_ONCE: usize = 1_000;
/// A time without a sign of life of any daemon that counts as a pause: what came due in it is spread.
pub const PAUSE: Duration = Duration::from_secs(90);
