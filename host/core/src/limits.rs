//! Every maximum of the host, with its unit and where the number comes from.
//!
//! Owns: the numbers. Profiles and configuration may lower most of them; what they may raise says so. Called by all.
//! Guests have limits of their own, in their own `limits.rs`.

use core::time::Duration;

/// Bytes in a KiB.
pub const KIB: usize = 1 << 10;
/// Bytes in a MiB.
pub const MIB: usize = 1 << 20;

// ---- fetches (egress) ---------------------------------------------------------------------------------------------

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

// ---- actor runs ---------------------------------------------------------------------------------------------------

/// Elements of one dataset page that a plugin is handed.
pub const PAGE_ELEMENTS: usize = 500;
/// Bytes of one dataset page, unless its first element alone is larger.
pub const PAGE_ELEMENT_BYTES: usize = 4 * MIB;
/// One element of a dataset, in bytes: the platform's own limit is 9 MB. A larger one becomes a dead letter unread.
pub const ELEMENT_BYTES: usize = 9 * MIB;
/// Elements of one actor run that are read at all.
pub const DATASET_ELEMENTS: u32 = 100_000;
/// Decoded body of an answer of the actor platform that is no dataset: a list of 1,000 runs has 1 MB.
pub const ACTOR_ANSWER_BYTES: usize = 8 * MIB;
/// Time for one question to the actor platform with its repetitions. A start is repeated only where no run can exist yet.
pub const ACTOR_ASK_TIMEOUT: Duration = Duration::from_secs(60);
/// Questions to the actor platform under way at once, for each credential.
pub const ACTOR_ASKS_AT_ONCE: usize = 16;
/// Questions to the actor platform in a second, for each credential: a tenth of what the platform lets a user ask.
pub const ACTOR_ASKS_PER_SECOND: u32 = 400;
/// Failures in a row (no answer, or 5xx) after which a credential's way to the platform is closed for [`ACTOR_BREAK`].
pub const ACTOR_FAILURES: u32 = 5;
/// How long a broken way to the platform rests.
pub const ACTOR_BREAK: Duration = Duration::from_secs(30);
/// The longest `Retry-After` of the actor platform that is followed.
pub const ACTOR_RETRY_AFTER_MOST: Duration = Duration::from_secs(120);
/// Runs up to which each is asked after by itself; above it the list of all runs is read.
pub const ACTOR_ASK_EACH: usize = 16;
/// Runs of one page of the platform's list.
pub const ACTOR_LIST: usize = 1_000;
/// Pages of the platform's list that are read at once.
pub const ACTOR_LIST_PAGES: usize = 50;
/// Bytes read for one dataset page, decoded or not: elements that are too large are read over until then.
pub const ACTOR_PAGE_BYTES: usize = 32 * MIB;
/// The first wait after the actor platform says "slow down", and after an answer that failed in passing (its own advice: wait
/// between this and twice this, then double).
pub const ACTOR_WAIT: Duration = Duration::from_millis(500);
/// The longest of these waits.
pub const ACTOR_WAIT_MOST: Duration = Duration::from_secs(16);
/// How long an idle connection to the actor platform is kept: shorter than the platform does, so that a start is not sent
/// into one that is just being closed.
pub const ACTOR_KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How far before its time a run is looked for: the platform's clock may be behind ours.
pub const ACTOR_LIST_BEFORE: Duration = Duration::from_secs(15 * 60);
/// Runs of the first page of the list when one run is looked for; the following ones have [`ACTOR_LIST`].
pub const ACTOR_FIND: usize = 100;
/// Pages of the list that are read for it.
pub const ACTOR_FIND_PAGES: usize = 12;
/// Runs without any mark that are compared by their inputs.
pub const ACTOR_FIND_INPUTS: usize = 16;

/// Actor runs of one credential under way at once, unless its entry says otherwise: what the platform's free plan takes.
pub const ACTOR_RUNS_AT_ONCE: u32 = 25;
/// The most an entry may say.
pub const ACTOR_RUNS_AT_ONCE_MOST: u32 = 100_000;
/// Elements beyond the cap of new items that a profile may let a run bring.
pub const ACTOR_SPARE_MOST: u32 = 10_000;
/// The value of a credential, in bytes.
pub const CREDENTIAL_BYTES: usize = 4 * KIB;
/// How long a source waits whose budget is promised to runs under way: a run's cost is final within a minute or so.
pub const BUDGET_HELD: Duration = Duration::from_secs(30);
/// How long a source waits whose account has as many runs as it takes.
pub const ACTOR_BUSY: Duration = Duration::from_secs(10);
/// How often runs under way on the platform are looked at.
pub const ACTOR_WATCH: Duration = Duration::from_secs(5);
/// How long a run that is under way on the platform is left alone, should the watch miss its end.
pub const ACTOR_LOOK: Duration = Duration::from_secs(5 * 60);
/// How long a start of unknown outcome is looked for before it is made again, from the moment on at which the platform is
/// certainly asked no more: its lists lag.
pub const ADOPT_WINDOW: Duration = Duration::from_secs(30);
/// Between two looks for a start of unknown outcome.
pub const ADOPT_PAUSE: Duration = Duration::from_secs(10);
/// How much longer than its own timeout an actor run is waited for before it is aborted.
pub const ACTOR_GRACE: Duration = Duration::from_secs(120);
/// Between two looks at a run that has been told to end.
pub const ABORT_PAUSE: Duration = Duration::from_secs(5);
/// How long a run that the platform does not know is taken for a young one.
pub const ACTOR_YOUNG: Duration = Duration::from_secs(60);
/// How long after its end a run is still asked for while the platform does not answer.
pub const ACTOR_GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest pause between two such questions.
pub const ACTOR_PAUSE_MOST: Duration = Duration::from_secs(10 * 60);
/// Waits before an incomplete dataset is read again: the platform's reads lag behind its charges by up to 5 s.
pub const DATASET_LAG: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(10)];
/// How long after its end the cost of a run is final: the platform says 10 s.
pub const COST_FINAL: Duration = Duration::from_secs(12);
/// How often a refused credential, or an account without money, is asked again.
pub const GATE_PROBE: Duration = Duration::from_secs(10 * 60);
/// How long an actor rests that is gone or not for this account.
pub const GATE_ACTOR: Duration = Duration::from_secs(60 * 60);
/// The shortest and the longest rest of an account that is busy.
pub const GATE_CAPACITY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(120));
/// Memory a profile may give an actor run, in MB: powers of two in between.
pub const ACTOR_MEMORY_MB: (u32, u32) = (128, 32_768);
/// The longest time a profile may give an actor run.
pub const ACTOR_TIMEOUT_MOST: Duration = Duration::from_secs(6 * 60 * 60);
/// Actor runs one run may start.
pub const ACTOR_STARTS_MOST: u32 = 20;

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
/// Time to compile one component.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);
/// Linear memory of one instance. Least that takes 1,000 posts in JavaScript and Python: 32 MiB.
pub const MEMORY_BYTES: usize = 64 * MIB;
/// Memory that a place in the pool keeps between calls, zeroed and in the page table: a page of 60 KB with 30 entries uses 2
/// to 3 MiB, the largest dataset page (4 MiB) 7. Only as many places keep it as calls have been under way at once.
pub const KEPT_MEMORY_BYTES: usize = 8 * MIB;
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
/// The beat of the CPU deadline.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);
/// CPU time of one call.
pub const CALL_CPU: Duration = Duration::from_secs(2);
/// Wall time of one call, waiting for a core included.
pub const CALL_WALL: Duration = Duration::from_secs(10);
/// CPU time of the calls that check a component when it is loaded.
pub const PROBE_CPU: Duration = Duration::from_secs(10);
/// What one call may copy out of its instance, in bytes.
pub const ANSWER_BYTES: usize = 16 * MIB;
/// What one answer may take in the host, in bytes: its texts, and as much again for the records around them.
pub const HOSTCALL_FUEL: usize = 2 * ANSWER_BYTES;
/// Frames of a trap's backtrace that are shown.
pub const TRAP_FRAMES: usize = 8;
/// What a component may ask of `wasi:random` at once, in bytes.
pub const WASI_RANDOM_BYTES: u64 = 1 << 20;
/// WASI handles (streams, pollables) that one call may hold.
pub const WASI_HANDLES: usize = 1_024;
/// Log lines kept of one call.
pub const LOG_LINES: usize = 256;
/// Log text kept of one call, in bytes.
pub const LOG_BYTES: usize = 64 * KIB;
/// Precompiled components that are kept; every new version of a plugin or of the host leaves one behind.
pub const CACHED_FILES: usize = 2 * PLUGINS;
/// Size of one precompiled component, in bytes. CPython comes to 60 MB.
pub const CACHED_BYTES: usize = 512 * MIB;
/// Stack of the thread that compiles, in bytes.
pub const COMPILE_STACK_BYTES: usize = 8 * MIB;
/// Size a compiled regular expression of a schema may reach, in bytes.
pub const SCHEMA_REGEX_BYTES: usize = MIB;
/// Problems that are told of one set of overrides.
pub const PROBLEMS: usize = 32;
/// Components in the plugins directory.
pub const PLUGINS: usize = 256;

// ---- scheduler ----------------------------------------------------------------------------------------------------

/// Candidates looked at, claims made and runs recovered in one transaction.
pub const PASS_BATCH: usize = 100;
/// Transactions of one pass; what is left waits for the next tick, which follows at once.
pub const PASS_ROUNDS: usize = 100;
/// How long a claim holds without a sign of life.
pub const LEASE: Duration = Duration::from_secs(20);
/// How often a live run says so.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// The longest time between two passes.
pub const TICK: Duration = Duration::from_secs(30);
/// How often the database is asked whether something is due. Another process may have added it.
pub const POLL: Duration = Duration::from_secs(1);
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

// ---- store --------------------------------------------------------------------------------------------------------

/// Writes that wait for the one SQLite writer.
pub const WRITER_QUEUE: usize = 1_024;
/// Writes committed together.
pub const WRITER_GROUP: usize = 256;
/// Times the writer waits as long as SQLite waits for a lock, before it gives its work back as failed: about a minute.
pub const STORE_BUSY_ROUNDS: u32 = 11;
/// How long dead letters are kept. Rows are made in order of time, so the oldest are found by their key.
pub const DEAD_LETTERS_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Rows of one listing.
pub const LIST_ROWS: u32 = 1_000;
/// Connections that read a SQLite file at once.
pub const STORE_READERS: usize = 4;
/// How long a SQLite write waits for another process that is writing.
pub const STORE_BUSY: Duration = Duration::from_secs(5);
/// Pages of its file that one SQLite connection keeps in memory, in bytes.
pub const STORE_CACHE_BYTES: usize = 16 * MIB;
/// Size of a page of a SQLite file, in bytes. Items are long texts: taking them in costs 8 % less CPU than with SQLite's
/// own 4 KiB, and the file is a tenth smaller; 16 KiB takes no less and makes the file larger.
pub const STORE_PAGE_BYTES: u32 = 8 * 1_024;
/// Pages in SQLite's log at which they are folded into the file: rarer, and pages that change often are written once for
/// many changes; the log stays near 16 MiB.
pub const STORE_WAL_PAGES: usize = 2_000;
/// Bytes the log is cut down to after it had to grow.
pub const STORE_WAL_BYTES: usize = 64 * MIB;
/// How long the ledger and the counts of skips are kept.
pub const LEDGER_KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
