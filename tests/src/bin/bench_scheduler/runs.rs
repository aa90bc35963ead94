//! Part *runs*: the whole path, by one daemon and by four.
//!
//! Owns: the passes and the check that each did what it is measured for.

use std::path::Path;
use std::time::Duration;

use tidegate_core::time::UtcMillis;
use tidegate_tests::Trouble;
use tidegate_tests::measure::{Stopwatch, pause};

use crate::daemon::Daemon;
use crate::database::{Database, Fill};
use crate::figures::{Figure, Figures, median};
use crate::servers::Servers;
use crate::world::{Answer, ITEMS, feed};
use crate::{Arguments, Kind};

/// Between two looks at the counts.
const LOOK: Duration = Duration::from_millis(2);
/// How long nothing may end until it is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is wanted: a run costs no more than a job that does nothing in a good queue. Runs per second.
const AIMS: [(&str, f64); 3] =
    [("20 new items", 800.0), ("nothing new, 20 known items", 3_000.0), ("nothing new, 304", 3_000.0)];

/// What one pass took.
struct Pass {
    answer: Answer,
    wall: Duration,
    daemons: Duration,
    server: Duration,
    resident: u64,
}

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &Servers,
    kind: Kind,
    figures: &mut Figures,
) -> Result<(), Trouble> {
    let crowds: &[usize] = if kind == Kind::Postgres { &[1, 4] } else { &[1] };
    for daemons in crowds {
        let name = format!("runs_{daemons}");
        let database = servers.database(kind, &name)?;
        let later = UtcMillis::parse("2100-01-01T00:00:00Z").unwrap_or_default();
        let fill = Fill { sources: arguments.runs, due: later, over: 1, ran: false, counted: true };
        servers.wait(database.fill(fill))?;
        let mut passes = Vec::new();
        for round in 1..=arguments.rounds {
            for answer in [Answer::New(round), Answer::Same(round), Answer::NotModified] {
                passes.push(pass(arguments.runs, servers, &database, *daemons, answer)?);
            }
        }
        servers.drop(kind, &name)?;
        for (title, aim) in AIMS {
            let these: Vec<&Pass> = passes.iter().filter(|pass| pass.answer.title() == title).collect();
            figures.add(figure(kind, *daemons, title, aim, arguments.runs, &these));
        }
    }
    Ok(())
}

fn figure(kind: Kind, daemons: usize, title: &str, aim: f64, runs: u64, passes: &[&Pass]) -> Figure {
    let runs = runs as f64;
    let of = |value: &dyn Fn(&Pass) -> f64| median(passes.iter().map(|pass| value(pass)).collect());
    let rate = of(&|pass| runs / pass.wall.as_secs_f64());
    Figure::new("runs", kind, &format!("{daemons} daemon{}: {title}", if daemons == 1 { "" } else { "s" }))
        .value("runs/s", rate.round())
        .value("aim", aim)
        .value("daemon CPU us/run", (of(&|pass| pass.daemons.as_secs_f64()) / runs * 1e6).round())
        .value("server CPU us/run", (of(&|pass| pass.server.as_secs_f64()) / runs * 1e6).round())
        .value("MiB a daemon", of(&|pass| pass.resident as f64 / f64::from(1 << 20)).round())
        .value("answer KB", (feed("https://feeds.example.org/1.xml", 1).len() as f64 / 1e3).round())
}

/// All sources once.
fn pass(runs: u64, servers: &Servers, database: &Database, daemons: usize, answer: Answer) -> Result<Pass, Trouble> {
    let before = servers.wait(database.ended())?;
    servers.wait(database.all_due())?;
    let cache = servers.folder("plugins")?;
    let mut all = Vec::new();
    for _ in 0..daemons {
        all.push(ready(database, answer, &cache)?);
    }
    let used = |all: &[Daemon]| -> Result<(Duration, u64), Trouble> {
        let usages = all.iter().map(Daemon::usage).collect::<Result<Vec<_>, _>>()?;
        let most = usages.iter().map(|usage| usage.resident_bytes).max().unwrap_or_default();
        Ok((usages.iter().map(|usage| usage.cpu).sum(), most))
    };
    let (cpu, server) = (used(&all)?.0, servers.server_cpu());
    let watch = Stopwatch::start();
    all.iter_mut().try_for_each(Daemon::go)?;
    wait(&mut all, runs)?;
    let wall = watch.elapsed();
    let (after, resident) = used(&all)?;
    let server = servers.server_cpu().saturating_sub(server);
    all.into_iter().try_for_each(Daemon::stop)?;
    check(runs, answer, before, servers.wait(database.ended())?)?;
    Ok(Pass { answer, wall, daemons: after.saturating_sub(cpu), server, resident })
}

/// One after the other: loading four at once would only take turns.
fn ready(database: &Database, answer: Answer, cache: &Path) -> Result<Daemon, Trouble> {
    let mut daemon = Daemon::start(database, answer, cache)?;
    daemon.wait_ready()?;
    Ok(daemon)
}

fn wait(all: &mut [Daemon], runs: u64) -> Result<(), Trouble> {
    let (mut last, mut idle) = (0, Duration::ZERO);
    loop {
        let ended: u64 = all.iter().map(Daemon::ended).sum();
        if ended >= runs {
            return Ok(());
        }
        idle = if ended == last { idle + LOOK } else { Duration::ZERO };
        if idle > PATIENCE {
            return Err(Trouble::Printed { what: format!("{runs} ended runs"), printed: ended.to_string() });
        }
        all.iter_mut().try_for_each(Daemon::alive)?;
        last = ended;
        pause(LOOK);
    }
}

/// As many runs as sources, and every item as it should be.
fn check(runs: u64, answer: Answer, before: [i64; 3], after: [i64; 3]) -> Result<(), Trouble> {
    let items = runs * ITEMS;
    let (new, known) = match answer {
        Answer::New(_) => (items, 0),
        Answer::Same(_) => (0, items),
        Answer::NotModified => (0, 0),
    };
    let expected = [runs, new, known].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let found =
        [0, 1, 2].map(|at: usize| after.get(at).zip(before.get(at)).map_or(0, |(after, before)| after - before));
    if found == expected {
        return Ok(());
    }
    let what = format!("{expected:?} runs, new items and known items of pass {answer}");
    Err(Trouble::Printed { what, printed: format!("{found:?}") })
}
