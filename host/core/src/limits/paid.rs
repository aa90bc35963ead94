//! Limits of actor runs. Part of [`limits`](crate::limits).

use core::time::Duration;

use super::{KIB, MIB};

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
/// Pages of the list that are read for it. If there are more, nobody knows whether it is there.
pub const ACTOR_FIND_PAGES: usize = 30;
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
/// How long the platform has to say, with every answer, that it does not know a run before that is believed.
pub const ACTOR_MISSING: Duration = Duration::from_secs(10 * 60);
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
