//! Part *claims*: 100 due sources, looked for and claimed, among few and among many.
//!
//! Owns: the rounds and what is measured of each. All sources are due at the beginning; those that were claimed run at once
//! without bringing anything, and are due again an hour later by a clock that is moved on when too few are left.

use std::sync::Arc;
use std::time::Duration;

use tidegate::ports::{Clock as _, Commit, Committed, Dice as _, Store};
use tidegate::system::{SystemClock, SystemDice};
use tidegate_core::budget::{Measure, Reservation, Scope, Window};
use tidegate_core::claim::{Claim, ClaimRequest};
use tidegate_core::contract::OutcomeStatus;
use tidegate_core::id::{DaemonId, RunId};
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{Source, Trigger};
use tidegate_core::time::{Span, UtcMillis};
use tidegate_core::zone::Zone;
use tidegate_tests::Trouble;
use tidegate_tests::measure::Stopwatch;
use tokio::task::JoinSet;

use crate::database::{Database, Fill, odd};
use crate::figures::{Figure, Figures, part, rounded};
use crate::servers::Servers;
use crate::{Arguments, Kind};

/// Sources of one claim.
const BATCH: usize = 100;
/// Claims at each size, after a few that are not counted.
const CLAIMS: usize = 300;
const WARM: usize = 20;
/// The sizes; the largest one is the caller's.
const SIZES: [u64; 3] = [10_000, 1_000_000, 10_000_000];
/// How long a source rests after a run.
const REST: Duration = Duration::from_secs(3_600);
/// Seconds at the beginning and the end of the churn that are compared.
const ENDS: f64 = 10.0;

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &Servers,
    kind: Kind,
    figures: &mut Figures,
) -> Result<(), Trouble> {
    let mut sizes: Vec<u64> = SIZES.into_iter().filter(|size| *size < arguments.sources).collect();
    sizes.push(arguments.sources);
    let mut first = None;
    for size in sizes {
        let name = format!("claims_{size}");
        let database = servers.database(kind, &name)?;
        let start = SystemClock.now();
        let over = u64::try_from(REST.as_millis()).unwrap_or_default();
        let fill = Fill { sources: size, due: start.minus(REST), over, ran: false, counted: true };
        servers.wait(database.fill(fill))?;
        let rounds = servers.wait(rounds(&database, |done, _| done < CLAIMS + WARM))?;
        let counted = rounds.get(WARM..).unwrap_or_default();
        let base = *first.get_or_insert_with(|| of(counted, 50, Round::both));
        figures.add(
            figure(kind, &format!("{BATCH} among {size}"), counted)
                .value("times the smallest p50", rounded(of(counted, 50, Round::both) / base)),
        );
        let last = size == arguments.sources;
        if last && kind == Kind::Postgres && arguments.churn > 0 {
            churn(arguments, servers, &database, figures)?;
        }
        servers.drop(kind, &name)?;
    }
    Ok(())
}

/// As many claims as there can be in some time, with and without a snapshot that is held open.
fn churn(arguments: &Arguments, servers: &Servers, database: &Database, figures: &mut Figures) -> Result<(), Trouble> {
    for held in [false, true] {
        let rounds = servers.wait(async {
            let mut hand = database.hand().await?;
            if held {
                hand.exec("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
                hand.exec("SELECT count(*) FROM meta").await?;
            }
            let limit = arguments.churn as f64;
            let rounds = rounds(database, |_, seconds| seconds < limit).await;
            if held {
                hand.exec("COMMIT").await?;
            }
            rounds
        })?;
        let until = arguments.churn as f64;
        let begun: Vec<Round> = rounds.iter().filter(|round| round.at < ENDS).copied().collect();
        let ended: Vec<Round> = rounds.iter().filter(|round| round.at >= until - ENDS).copied().collect();
        let what = format!("{} s of claims{}", arguments.churn, if held { ", a snapshot held" } else { "" });
        let rate = |rounds: &[Round]| (rounds.len() * BATCH) as f64 / ENDS.min(until);
        figures.add(
            figure(Kind::Postgres, &what, &rounds)
                .value("p50 in the first 10 s", of(&begun, 50, Round::both))
                .value("p50 in the last 10 s", of(&ended, 50, Round::both))
                .value("runs/s first", rate(&begun).round())
                .value("runs/s last", rate(&ended).round()),
        );
    }
    Ok(())
}

fn figure(kind: Kind, what: &str, rounds: &[Round]) -> Figure {
    Figure::new("claims", kind, what)
        .value("ms p50", of(rounds, 50, Round::both))
        .value("ms p99", of(rounds, 99, Round::both))
        .value("ms p50 looking", of(rounds, 50, |round| round.look))
        .value("ms p50 claiming", of(rounds, 50, |round| round.claim))
        .value("ms p50 ending 100 runs", of(rounds, 50, |round| round.end))
        .value("claims", rounds.len() as f64)
}

/// What one claim took, in milliseconds; when it began, in seconds.
#[derive(Debug, Clone, Copy)]
struct Round {
    at: f64,
    look: f64,
    claim: f64,
    end: f64,
}

impl Round {
    fn both(&self) -> f64 {
        self.look + self.claim
    }
}

fn of(rounds: &[Round], percent: usize, value: impl Fn(&Round) -> f64) -> f64 {
    rounded(part(rounds.iter().map(value).collect(), percent))
}

/// Looks, claims and ends until `more` says otherwise; it is told how many were done and how many seconds are over.
async fn rounds(database: &Database, more: impl Fn(usize, f64) -> bool) -> Result<Vec<Round>, Trouble> {
    let store = database.open().await?;
    let daemon = DaemonId::new(SystemClock.now(), SystemDice.throw());
    let (whole, mut rounds, mut ahead) = (Stopwatch::start(), Vec::new(), Duration::ZERO);
    while more(rounds.len(), whole.elapsed().as_secs_f64()) {
        let now = SystemClock.now().plus(ahead);
        let at = whole.elapsed().as_secs_f64();
        let watch = Stopwatch::start();
        let due = store.candidates(now, BATCH).await.map_err(odd("looking for due sources"))?;
        let look = millis(&watch);
        if due.len() < BATCH {
            // All have run: another hour.
            ahead += REST;
            continue;
        }
        let requests = due.into_iter().map(|one| request(&one.source, daemon, now)).collect();
        let watch = Stopwatch::start();
        let claims = store.claim(requests, now).await.map_err(odd("claiming sources"))?;
        let claim = millis(&watch);
        let claims = claims.into_iter().collect::<Result<Vec<_>, _>>().map_err(|why| Trouble::Printed {
            what: "claims that nobody disputes".to_owned(),
            printed: format!("{why:?}"),
        })?;
        let watch = Stopwatch::start();
        end(&store, claims, now).await?;
        rounds.push(Round { at, look, claim, end: millis(&watch) });
    }
    store.close().await;
    Ok(rounds)
}

fn millis(watch: &Stopwatch) -> f64 {
    watch.elapsed().as_secs_f64() * 1e3
}

fn request(source: &Source, daemon: DaemonId, now: UtcMillis) -> ClaimRequest {
    let window = Window::at(Scope::All, Measure::RunsPerDay, &Zone::UTC, now);
    ClaimRequest {
        credential: None,
        reserved: MicroUsd::ZERO,
        source: source.id,
        total_runs: source.total_runs,
        rates: vec![],
        run: RunId::new(now, SystemDice.throw()),
        queued: false,
        trigger: Trigger::Schedule,
        reservations: vec![Reservation { window, amount: 1, limit: 1_000_000_000 }],
        daemon,
        lease_until: now.plus(Duration::from_secs(20)),
    }
}

/// Ends all of them, together, as runs that found nothing new.
async fn end(store: &Arc<dyn Store>, claims: Vec<Claim>, now: UtcMillis) -> Result<(), Trouble> {
    let mut ends = JoinSet::new();
    for claim in claims {
        let store = Arc::clone(store);
        ends.spawn(async move { store.commit(commit(&claim), now).await });
    }
    while let Some(ended) = ends.join_next().await {
        let ended = ended.map_err(odd("ending a run"))?.map_err(odd("ending a run"))?;
        if ended == Committed::Stale {
            return Err(Trouble::Printed { what: "a run that is ours".to_owned(), printed: "it is not".to_owned() });
        }
    }
    Ok(())
}

fn commit(claim: &Claim) -> Commit {
    let policy = Policy {
        schedule: Schedule::every(Span::seconds(3_600)),
        min_interval: Duration::from_secs(60),
        retry: Retry::default(),
        dice: 0,
    };
    let finish = Finish {
        trigger: claim.trigger,
        result: RunResult::Succeeded(OutcomeStatus::NoNew),
        watermark: None,
        resumed: false,
        unread: false,
        facts: None,
        moved_to: None,
        hints: None,
        warnings: vec![],
        request: None,
        policy,
    };
    Commit {
        run: claim.run,
        source: claim.source.id,
        generation: claim.generation,
        cap: 20,
        page: None,
        item_ids: Vec::new(),
        raw: None,
        bytes: 0,
        fetches: 1,
        actor: None,
        finish: Some(Box::new(finish)),
        plugin: None,
    }
}
