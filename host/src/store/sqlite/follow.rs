//! Rows of `follower` and `follow`, and the counts that stand with sources.
//!
//! Owns: who follows what and who was seen when. Must not know: what a number of followers leads to (`audience` of the core).

use std::collections::BTreeSet;

use sqlx::SqliteConnection;
use tidegate_core::audience;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::limits;
use tidegate_core::schedule::activity::Activity;
use tidegate_core::time::UtcMillis;

use super::source;
use crate::ports::{Changed, Follower, Moved, Recounted, Retier};
use crate::store::rows::Cells;
use crate::store::rows::source::{Row, json, source_columns};
use crate::store::trouble::Outcome;

fn hex(id: SourceId) -> String {
    format!("{:032x}", id.bits())
}

/// Those of these sources that are the tenant's, and how many are not.
async fn of_tenant(
    conn: &mut SqliteConnection,
    tenant: &Tenant,
    sources: &[SourceId],
) -> Outcome<(Vec<SourceId>, u32)> {
    let ids: BTreeSet<_> = sources.iter().copied().map(hex).collect();
    let sql = "SELECT id FROM source WHERE tenant = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2)) ORDER BY id";
    let rows = sqlx::query(sql).bind(tenant.to_string()).bind(json(&ids)?).fetch_all(conn).await?;
    let mut here = Vec::with_capacity(rows.len());
    for row in &rows {
        here.push(Cells::new(row, "source", "id").id("id")?);
    }
    let absent = u32::try_from(ids.len().saturating_sub(here.len())).unwrap_or(u32::MAX);
    Ok((here, absent))
}

pub(super) async fn follow(
    conn: &mut SqliteConnection,
    tenant: Tenant,
    user: UserId,
    sources: Vec<SourceId>,
    now: UtcMillis,
) -> Outcome<Changed> {
    let (here, absent) = of_tenant(conn, &tenant, &sources).await?;
    if here.is_empty() {
        return Ok(Changed { changed: 0, absent });
    }
    let sql = "INSERT INTO follower (tenant, id, seen_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant, id) DO UPDATE SET seen_at = max(follower.seen_at, excluded.seen_at)";
    sqlx::query(sql).bind(tenant.to_string()).bind(user.to_string()).bind(now.as_millis()).execute(&mut *conn).await?;
    let ids: Vec<_> = here.iter().copied().map(hex).collect();
    let sql = "INSERT INTO follow (tenant, follower, source, created_at)
        SELECT ?1, ?2, unhex(value), ?3 FROM json_each(?4) WHERE true ON CONFLICT (tenant, follower, source) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .bind(now.as_millis())
        .bind(json(&ids)?)
        .execute(&mut *conn)
        .await?;
    first_followers(conn, &tenant, &user, now).await?;
    Ok(Changed { changed: u32::try_from(done.rows_affected()).unwrap_or(u32::MAX), absent })
}

/// Looks at every source again that the user follows and nobody active did.
async fn first_followers(conn: &mut SqliteConnection, tenant: &Tenant, user: &UserId, now: UtcMillis) -> Outcome<()> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        " FROM source s JOIN follow f ON f.source = s.id WHERE f.tenant = ?1 AND f.follower = ?2 AND s.followers = 0"
    );
    let rows = sqlx::query(sql).bind(tenant.to_string()).bind(user.to_string()).fetch_all(&mut *conn).await?;
    for row in &rows {
        let mut row = Row::read(row)?;
        if audience::first_follower(&mut row.source, now) {
            source::write(conn, &row).await?;
        }
    }
    Ok(())
}

pub(super) async fn unfollow(
    conn: &mut SqliteConnection,
    tenant: Tenant,
    user: UserId,
    sources: Vec<SourceId>,
) -> Outcome<Changed> {
    let (here, absent) = of_tenant(conn, &tenant, &sources).await?;
    let ids: Vec<_> = here.iter().copied().map(hex).collect();
    let sql = "DELETE FROM follow WHERE tenant = ?1 AND follower = ?2
        AND source IN (SELECT unhex(value) FROM json_each(?3)) RETURNING source";
    let left = sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .bind(json(&ids)?)
        .fetch_all(&mut *conn)
        .await?;
    for row in &left {
        let id: SourceId = Cells::new(row, "follow", "source").id("source")?;
        let sql =
            "UPDATE source SET followers = 0 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM follow WHERE source = ?1)";
        sqlx::query(sql).bind(id.to_bytes().to_vec()).execute(&mut *conn).await?;
    }
    Ok(Changed { changed: u32::try_from(left.len()).unwrap_or(u32::MAX), absent })
}

pub(super) async fn seen(conn: &mut SqliteConnection, tenant: Tenant, user: UserId, now: UtcMillis) -> Outcome<bool> {
    let sql = "UPDATE follower SET seen_at = max(seen_at, ?3) WHERE tenant = ?1 AND id = ?2";
    let known = sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    if known.rows_affected() == 0 {
        return Ok(false);
    }
    view(conn, &tenant, &user, now).await?;
    first_followers(conn, &tenant, &user, now).await?;
    Ok(true)
}

/// Counts a view in its hour of the day.
async fn view(conn: &mut SqliteConnection, tenant: &Tenant, user: &UserId, now: UtcMillis) -> Outcome<()> {
    let sql = "INSERT INTO follower_hour (tenant, follower, hour, views) VALUES (?1, ?2, ?3, 1)
        ON CONFLICT (tenant, follower, hour) DO UPDATE SET views = follower_hour.views + 1 RETURNING views";
    let views: i64 = sqlx::query_scalar(sql)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .bind(now.hour())
        .fetch_one(&mut *conn)
        .await?;
    if views >= i64::from(limits::VIEWS_MOST) {
        let sql = "UPDATE follower_hour SET views = views / 2 WHERE tenant = ?1 AND follower = ?2";
        sqlx::query(sql).bind(tenant.to_string()).bind(user.to_string()).execute(conn).await?;
    }
    Ok(())
}

/// When the followers of a source read. `None`: nobody has.
pub(super) async fn hours(conn: &mut SqliteConnection, source: SourceId) -> Outcome<Option<Activity>> {
    let sql = "SELECT h.hour, sum(h.views) AS views FROM
            (SELECT tenant, follower FROM follow WHERE source = ?1 ORDER BY tenant, follower LIMIT ?2) f
        JOIN follower_hour h ON h.tenant = f.tenant AND h.follower = f.follower GROUP BY h.hour";
    let rows =
        sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(limits::ACTIVITY_FOLLOWERS).fetch_all(conn).await?;
    let mut views = [0_u32; 24];
    for row in &rows {
        let cells = Cells::new(row, "follower_hour", "hour");
        let hour: usize = cells.count("hour")?;
        if let Some(hour) = views.get_mut(hour) {
            *hour = cells.count("views")?;
        }
    }
    Ok((!rows.is_empty()).then(|| Activity::of(&views)))
}

pub(super) async fn follower(conn: &mut SqliteConnection, tenant: Tenant, user: UserId) -> Outcome<Option<Follower>> {
    let sql = "SELECT id, seen_at FROM follower WHERE tenant = ?1 AND id = ?2";
    let row = sqlx::query(sql).bind(tenant.to_string()).bind(user.to_string()).fetch_optional(&mut *conn).await?;
    let Some(row) = row else { return Ok(None) };
    let seen_at = Cells::new(&row, "follower", "id").time("seen_at")?;
    let sql = "SELECT source FROM follow WHERE tenant = ?1 AND follower = ?2 ORDER BY source";
    let rows = sqlx::query(sql).bind(tenant.to_string()).bind(user.to_string()).fetch_all(conn).await?;
    let mut sources = Vec::with_capacity(rows.len());
    for row in &rows {
        sources.push(Cells::new(row, "follow", "source").id("source")?);
    }
    Ok(Some(Follower { seen_at, sources }))
}

/// One pass over all follows, by a reader: nobody waits for it.
pub(super) async fn recount(conn: &mut SqliteConnection, since: UtcMillis, limit: usize) -> Outcome<Vec<Recounted>> {
    let sql = concat!(
        "WITH c AS MATERIALIZED (SELECT f.source AS source, count(*) AS active
            FROM follow f JOIN follower u ON u.tenant = f.tenant AND u.id = f.follower WHERE u.seen_at >= ?1
            GROUP BY f.source)
        SELECT ",
        source_columns!(),
        ", c.active AS active FROM c JOIN source s ON s.id = c.source WHERE s.followers IS NOT c.active
        UNION ALL SELECT ",
        source_columns!(),
        ", 0 AS active FROM source s
            WHERE (s.followers IS NULL OR s.followers <> 0) AND s.id NOT IN (SELECT source FROM c)
        LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(sql).bind(since.as_millis()).bind(limit).fetch_all(conn).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let followers = Cells::new(row, "follow", "id").count("active")?;
        found.push(Recounted { source: Row::read(row)?.source, followers });
    }
    Ok(found)
}

/// A source that runs gets what is due next from its run's end, and one that has something else due by now keeps it. Where
/// nothing moves, one that was put off stays so.
pub(super) async fn retier(conn: &mut SqliteConnection, counts: Vec<Retier>) -> Outcome<()> {
    let given: Vec<_> = counts.iter().map(|count| (hex(count.source), count.followers)).collect();
    let given = json(&given)?;
    let sql = "UPDATE source SET followers = j.value ->> 1 FROM json_each(?1) j WHERE source.id = unhex(j.value ->> 0)";
    sqlx::query(sql).bind(&given).execute(&mut *conn).await?;
    let sql = "SELECT source.id AS id FROM json_each(?1) j JOIN source ON source.id = unhex(j.value ->> 0)
        WHERE source.parked = 1";
    let mut looked_at = BTreeSet::new();
    for row in &sqlx::query(sql).bind(given).fetch_all(&mut *conn).await? {
        looked_at.insert(Cells::new(row, "source", "id").id::<tidegate_core::id::SourceKind>("id")?);
    }
    // Few: most counts change nothing but the count.
    for count in counts.iter().filter(|count| count.before != count.after || looked_at.contains(&count.source)) {
        let Some(mut row) = source::row(conn, count.source).await? else { continue };
        let moved = row.source.running.is_none() && row.source.next_run == count.before && count.before != count.after;
        if moved {
            row.source.next_run = count.after;
        }
        if moved || looked_at.contains(&count.source) {
            source::write(conn, &row).await?;
        }
    }
    Ok(())
}

pub(super) async fn reschedule(conn: &mut SqliteConnection, moved: Vec<Moved>) -> Outcome<()> {
    for Moved { source, before, after } in moved {
        let Some(mut row) = source::row(conn, source).await? else { continue };
        if row.source.running.is_none() && row.source.next_run == Some(before) {
            row.source.next_run = Some(after);
            source::write(conn, &row).await?;
        }
    }
    Ok(())
}

pub(super) async fn put_off(conn: &mut SqliteConnection, sources: Vec<(SourceId, UtcMillis)>) -> Outcome<()> {
    let rows: Vec<_> = sources.iter().map(|(id, at)| (hex(*id), at.as_millis())).collect();
    let sql = "UPDATE source SET due_at = j.value ->> 1 FROM json_each(?1) j
        WHERE source.id = unhex(j.value ->> 0) AND source.due_at IS NOT NULL";
    sqlx::query(sql).bind(json(&rows)?).execute(conn).await?;
    Ok(())
}

pub(super) async fn alive(conn: &mut SqliteConnection, now: UtcMillis) -> Outcome<()> {
    let sql =
        "INSERT INTO meta (key, value) VALUES ('alive-at', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    sqlx::query(sql).bind(now.as_millis().to_string()).execute(conn).await?;
    Ok(())
}

pub(super) async fn alive_at(conn: &mut SqliteConnection) -> Outcome<Option<UtcMillis>> {
    let row = sqlx::query("SELECT key, value FROM meta WHERE key = 'alive-at'").fetch_optional(conn).await?;
    let Some(row) = &row else { return Ok(None) };
    let cells = Cells::new(row, "meta", "key");
    let text = cells.text("value")?;
    let millis = text.parse().map_err(|_| cells.bad("value", format!("{text:?} is no number of milliseconds")))?;
    Ok(Some(UtcMillis::from_millis(millis)))
}
