//! Part *peer*: jobs that do nothing in a plain table, by PostgreSQL's own `pgbench`, in the same run on the same server.
//!
//! Owns: that table and its script. Other queues were measured elsewhere: `tests/bench/README.md`.

use std::process::Command;

use tidegate_tests::Trouble;
use tidegate_tests::measure::cost;

use crate::Kind;
use crate::database::odd;
use crate::figures::{Figure, Figures};
use crate::servers::Servers;

/// Jobs there are; more than can be done in [`SECONDS`].
const JOBS: u32 = 400_000;
const CLIENTS: u32 = 16;
const SECONDS: u32 = 10;

/// One job: claimed in one transaction, finished in another.
const SCRIPT: &str =
    "WITH j AS (SELECT id FROM job WHERE state = 'queued' ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE job SET state = 'running' FROM j WHERE job.id = j.id RETURNING job.id AS id \\gset
UPDATE job SET state = 'done' WHERE id = :id;
";

pub(crate) fn measure(servers: &Servers, figures: &mut Figures) -> Result<(), Trouble> {
    let Some(cluster) = servers.cluster() else { return Ok(()) };
    let found = Command::new("pgbench").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        figures.add(Figure::new("peer", Kind::Postgres, "claim 1 + finish 1").note("skipped: there is no pgbench"));
        return Ok(());
    }
    let name = "peer";
    let database = servers.database(Kind::Postgres, name)?;
    let tables = format!(
        "CREATE TABLE job (id bigint PRIMARY KEY, state text NOT NULL, due_at bigint NOT NULL);
        INSERT INTO job SELECT n, 'queued', n FROM generate_series(1, {JOBS}) n;
        CREATE INDEX job_due ON job (due_at, id) WHERE state = 'queued'"
    );
    servers.wait(async {
        database.exec(&tables).await?;
        database.exec("VACUUM ANALYZE job").await
    })?;
    let script = servers.folder("peer_script")?.join("job.sql");
    std::fs::write(&script, SCRIPT).map_err(odd("writing a script"))?;
    let mut command = Command::new("pgbench");
    command.args(["--no-vacuum", "--jobs=2", "--protocol=prepared", "--username=tidegate"]);
    command.arg(format!("--client={CLIENTS}")).arg(format!("--time={SECONDS}"));
    command.arg("--host").arg(cluster.socket_dir()).arg("--file").arg(&script).arg(name);
    let said = cost(&mut command)?.stdout;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    let rate = rate.ok_or_else(|| Trouble::Printed { what: "pgbench's rate".to_owned(), printed: said.clone() })?;
    figures.add(
        Figure::new("peer", Kind::Postgres, &format!("claim 1 + finish 1, {CLIENTS} clients"))
            .value("jobs/s", rate.round())
            .note("jobs that do nothing, by pgbench"),
    );
    servers.drop(Kind::Postgres, name)
}
