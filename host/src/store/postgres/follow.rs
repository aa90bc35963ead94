//! Rows of `follower` and `follow`, and the counts that stand with sources.
//!
//! Owns: who follows what and who was seen when. A follower's row is taken before sources, and sources in the order of their
//! ids. Must not know: what a number of followers leads to (`audience` of the core).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;
use tidegate_core::audience;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::limits;
use tidegate_core::schedule::activity::Activity;
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, column, limit, uids};
use super::{source, wake};
use crate::ports::{Changed, Follower, Moved, Recounted, Retier};
use crate::store::rows::Cells;
use crate::store::rows::source::{Row, source_columns};
use crate::store::trouble::Outcome;

/// Those of these sources that are the tenant's, and how many are not. They are held: neither do they go away nor does anybody
/// else begin or end to follow them before the transaction ends.
async fn of_tenant(conn: &mut PgConnection, tenant: &Tenant, sources: &[SourceId]) -> Outcome<(Vec<SourceId>, u32)> {
    let ids: BTreeSet<_> = sources.iter().copied().collect();
    let sql = "SELECT id FROM source WHERE tenant = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE";
    let rows = sqlx::query(sql).bind(tenant.as_str()).bind(uids(ids.iter().copied())).fetch_all(conn).await?;
    let mut here = Vec::with_capacity(rows.len());
    for row in &rows {
        here.push(Cells::new(row, "source", "id").id("id")?);
    }
    let absent = u32::try_from(ids.len().saturating_sub(here.len())).unwrap_or(u32::MAX);
    Ok((here, absent))
}

pub(super) async fn follow(
    conn: &mut PgConnection,
    tenant: Tenant,
    user: UserId,
    sources: Vec<SourceId>,
    now: UtcMillis,
) -> Outcome<Changed> {
    // A tenant's users are not kept before they follow something that is there.
    let sql = "SELECT EXISTS (SELECT 1 FROM source WHERE tenant = $1 AND id = ANY($2))";
    let wanted = uids(sources.iter().copied());
    let any: bool = sqlx::query_scalar(sql).bind(tenant.as_str()).bind(wanted).fetch_one(&mut *conn).await?;
    if any {
        let sql = "INSERT INTO follower AS u (tenant, id, seen_at) VALUES ($1, $2, $3)
            ON CONFLICT (tenant, id) DO UPDATE SET seen_at = greatest(u.seen_at, excluded.seen_at)";
        sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).bind(now.as_millis()).execute(&mut *conn).await?;
    }
    // All that may change is held at once, in one order: what is to be followed, and what the user followed before.
    let asked: BTreeSet<SourceId> = sources.into_iter().collect();
    let mut wanted = asleep(conn, &tenant, &user).await?;
    wanted.extend(&asked);
    let (held, _) = of_tenant(conn, &tenant, &wanted).await?;
    let here: Vec<SourceId> = held.iter().copied().filter(|id| asked.contains(id)).collect();
    let absent = u32::try_from(asked.len().saturating_sub(here.len())).unwrap_or(u32::MAX);
    if here.is_empty() {
        return Ok(Changed { changed: 0, absent });
    }
    let sql = "INSERT INTO follow (tenant, follower, source, created_at)
        SELECT $1, $2, j.source, $3 FROM unnest($4::uuid[]) AS j(source)
        ON CONFLICT (tenant, follower, source) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(tenant.as_str())
        .bind(user.as_str())
        .bind(now.as_millis())
        .bind(uids(here))
        .execute(&mut *conn)
        .await?;
    first_followers(conn, held, now).await?;
    Ok(Changed { changed: u32::try_from(done.rows_affected()).unwrap_or(u32::MAX), absent })
}

/// The sources that the user follows and nobody active does, as far as a look without locks tells.
async fn asleep(conn: &mut PgConnection, tenant: &Tenant, user: &UserId) -> Outcome<Vec<SourceId>> {
    let sql = "SELECT s.id FROM source s WHERE s.followers = 0
            AND s.id IN (SELECT f.source FROM follow f WHERE f.tenant = $1 AND f.follower = $2)";
    let rows = sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).fetch_all(conn).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(Cells::new(row, "source", "id").id("id")?);
    }
    Ok(found)
}

/// Looks at those of these sources again, which are held, that nobody active followed.
async fn first_followers(conn: &mut PgConnection, held: Vec<SourceId>, now: UtcMillis) -> Outcome<()> {
    let sql = concat!("SELECT ", source_columns!(), " FROM source s WHERE s.followers = 0 AND s.id = ANY($1)");
    let rows = sqlx::query(sql).bind(uids(held)).fetch_all(&mut *conn).await?;
    let mut changed = Vec::new();
    for row in &rows {
        let mut row = Row::read(row)?;
        if audience::first_follower(&mut row.source, now) {
            changed.push(row);
        }
    }
    if !changed.is_empty() {
        source::write(conn, &changed.iter().collect::<Vec<_>>()).await?;
        wake::tell(conn).await?;
    }
    Ok(())
}

pub(super) async fn unfollow(
    conn: &mut PgConnection,
    tenant: Tenant,
    user: UserId,
    sources: Vec<SourceId>,
) -> Outcome<Changed> {
    let (here, absent) = of_tenant(conn, &tenant, &sources).await?;
    let sql = "DELETE FROM follow WHERE tenant = $1 AND follower = $2 AND source = ANY($3) RETURNING source";
    let rows =
        sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).bind(uids(here)).fetch_all(&mut *conn).await?;
    let mut left: Vec<SourceId> = Vec::with_capacity(rows.len());
    for row in &rows {
        left.push(Cells::new(row, "follow", "source").id("source")?);
    }
    let changed = u32::try_from(left.len()).unwrap_or(u32::MAX);
    let sql = "UPDATE source s SET followers = 0 WHERE id = ANY($1) AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.source = s.id)";
    sqlx::query(sql).bind(uids(left)).execute(conn).await?;
    Ok(Changed { changed, absent })
}

pub(super) async fn seen(conn: &mut PgConnection, tenant: Tenant, user: UserId, now: UtcMillis) -> Outcome<bool> {
    let sql = "UPDATE follower SET seen_at = greatest(seen_at, $3) WHERE tenant = $1 AND id = $2";
    let known =
        sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).bind(now.as_millis()).execute(&mut *conn).await?;
    if known.rows_affected() == 0 {
        return Ok(false);
    }
    view(conn, &tenant, &user, now).await?;
    let asleep = asleep(conn, &tenant, &user).await?;
    if !asleep.is_empty() {
        source::lock_all(conn, asleep.iter().copied()).await?;
        first_followers(conn, asleep, now).await?;
    }
    Ok(true)
}

/// Counts a view in its hour of the day.
async fn view(conn: &mut PgConnection, tenant: &Tenant, user: &UserId, now: UtcMillis) -> Outcome<()> {
    let sql = "INSERT INTO follower_hour AS h (tenant, follower, hour, views) VALUES ($1, $2, $3, 1)
        ON CONFLICT (tenant, follower, hour) DO UPDATE SET views = h.views + 1 RETURNING views";
    let views: i64 = sqlx::query_scalar(sql)
        .bind(tenant.as_str())
        .bind(user.as_str())
        .bind(i64::from(now.hour()))
        .fetch_one(&mut *conn)
        .await?;
    if views >= i64::from(limits::VIEWS_MOST) {
        let sql = "UPDATE follower_hour SET views = views / 2 WHERE tenant = $1 AND follower = $2";
        sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).execute(conn).await?;
    }
    Ok(())
}

/// When the followers of these sources read; those of whom nobody has are left out.
pub(super) async fn hours(conn: &mut PgConnection, sources: &[SourceId]) -> Outcome<HashMap<SourceId, Activity>> {
    if sources.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT s.id AS source, h.hour, sum(h.views)::bigint AS views FROM unnest($1::uuid[]) AS s(id)
        CROSS JOIN LATERAL
            (SELECT tenant, follower FROM follow WHERE source = s.id ORDER BY tenant, follower LIMIT $2) f
        JOIN follower_hour h ON h.tenant = f.tenant AND h.follower = f.follower GROUP BY s.id, h.hour";
    let most = i64::from(limits::ACTIVITY_FOLLOWERS);
    let rows = sqlx::query(sql).bind(uids(sources.iter().copied())).bind(most).fetch_all(conn).await?;
    let mut views: HashMap<SourceId, [u32; 24]> = HashMap::with_capacity(sources.len());
    for row in &rows {
        let cells = Cells::new(row, "follower_hour", "hour");
        let hour: usize = cells.count("hour")?;
        if let Some(hour) = views.entry(cells.id("source")?).or_default().get_mut(hour) {
            *hour = cells.count("views")?;
        }
    }
    Ok(views.into_iter().map(|(source, views)| (source, Activity::of(&views))).collect())
}

pub(super) async fn follower(conn: &mut PgConnection, tenant: Tenant, user: UserId) -> Outcome<Option<Follower>> {
    let sql = "SELECT id, seen_at FROM follower WHERE tenant = $1 AND id = $2";
    let row = sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).fetch_optional(&mut *conn).await?;
    let Some(row) = row else { return Ok(None) };
    let seen_at = Cells::new(&row, "follower", "id").time("seen_at")?;
    let sql = "SELECT source FROM follow WHERE tenant = $1 AND follower = $2 ORDER BY source";
    let rows = sqlx::query(sql).bind(tenant.as_str()).bind(user.as_str()).fetch_all(conn).await?;
    let mut sources = Vec::with_capacity(rows.len());
    for row in &rows {
        sources.push(Cells::new(row, "follow", "source").id("source")?);
    }
    Ok(Some(Follower { seen_at, sources }))
}

/// One pass over all follows, and over the sources that were followed: the others are not looked at. Nobody waits for it.
pub(super) async fn recount(conn: &mut PgConnection, since: UtcMillis, most: usize) -> Outcome<Vec<Recounted>> {
    let sql = concat!(
        "WITH c AS MATERIALIZED (SELECT f.source, count(*) AS active
            FROM follow f JOIN follower u ON u.tenant = f.tenant AND u.id = f.follower WHERE u.seen_at >= $1
            GROUP BY f.source)
        (SELECT ",
        source_columns!(),
        ", c.active FROM c JOIN source s ON s.id = c.source WHERE s.followers IS DISTINCT FROM c.active)
        UNION ALL (SELECT ",
        source_columns!(),
        ", 0 AS active FROM source s
            WHERE (s.followers IS NULL OR s.followers <> 0) AND NOT EXISTS (SELECT 1 FROM c WHERE c.source = s.id))
        LIMIT $2"
    );
    let rows = sqlx::query(sql).bind(since.as_millis()).bind(limit(most)).fetch_all(conn).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let followers = Cells::new(row, "follow", "id").count("active")?;
        found.push(Recounted { source: Row::read(row)?.source, followers });
    }
    Ok(found)
}

/// A source that runs gets what is due next from its run's end, and one that has something else due by now keeps it. Where
/// nothing moves, one that was put off stays so.
pub(super) async fn retier(conn: &mut PgConnection, counts: Vec<Retier>) -> Outcome<()> {
    source::lock_all(conn, counts.iter().map(|count| count.source)).await?;
    let sql = "UPDATE source s SET followers = j.followers FROM unnest($1::uuid[], $2::bigint[]) AS j(id, followers)
        WHERE s.id = j.id";
    sqlx::query(sql)
        .bind(column(&counts, |count| Uid::from(count.source)))
        .bind(column(&counts, |count| i64::from(count.followers)))
        .execute(&mut *conn)
        .await?;
    let parked = "SELECT id FROM source WHERE id = ANY($1) AND parked";
    let parked = sqlx::query(parked).bind(uids(counts.iter().map(|count| count.source))).fetch_all(&mut *conn).await?;
    let mut looked_at = BTreeSet::new();
    for row in &parked {
        looked_at.insert(Cells::new(row, "source", "id").id::<tidegate_core::id::SourceKind>("id")?);
    }
    // Few: most counts change nothing but the count.
    let changing: BTreeMap<SourceId, &Retier> = counts
        .iter()
        .filter(|count| count.before != count.after || looked_at.contains(&count.source))
        .map(|count| (count.source, count))
        .collect();
    let mut rows = Vec::new();
    for mut row in source::rows(conn, changing.keys().copied()).await? {
        let Some(count) = changing.get(&row.source.id) else { continue };
        let moved = row.source.running.is_none() && row.source.next_run == count.before && count.before != count.after;
        if moved {
            row.source.next_run = count.after;
        }
        if moved || looked_at.contains(&count.source) {
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    source::write(conn, &rows.iter().collect::<Vec<_>>()).await
}

pub(super) async fn reschedule(conn: &mut PgConnection, moved: Vec<Moved>) -> Outcome<()> {
    source::lock_all(conn, moved.iter().map(|one| one.source)).await?;
    let mut rows = Vec::with_capacity(moved.len());
    for Moved { source, before, after } in moved {
        let Some(mut row) = source::row(conn, source).await? else { continue };
        if row.source.running.is_none() && row.source.next_run == Some(before) {
            row.source.next_run = Some(after);
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    source::write(conn, &rows.iter().collect::<Vec<_>>()).await
}

pub(super) async fn put_off(conn: &mut PgConnection, sources: Vec<(SourceId, UtcMillis)>) -> Outcome<()> {
    source::lock_all(conn, sources.iter().map(|(id, _)| *id)).await?;
    let sql = "UPDATE source s SET due_at = j.at FROM unnest($1::uuid[], $2::bigint[]) AS j(id, at)
        WHERE s.id = j.id AND s.due_at IS NOT NULL";
    sqlx::query(sql)
        .bind(column(&sources, |(id, _)| Uid::from(*id)))
        .bind(column(&sources, |(_, at)| at.as_millis()))
        .execute(conn)
        .await?;
    Ok(())
}

/// The last sign of life of any daemon.
pub(super) async fn alive(conn: &mut PgConnection, now: UtcMillis) -> Outcome<()> {
    let sql =
        "INSERT INTO meta (key, value) VALUES ('alive-at', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    sqlx::query(sql).bind(now.as_millis().to_string()).execute(conn).await?;
    Ok(())
}

pub(super) async fn alive_at(conn: &mut PgConnection) -> Outcome<Option<UtcMillis>> {
    let row = sqlx::query("SELECT key, value FROM meta WHERE key = 'alive-at'").fetch_optional(conn).await?;
    let Some(row) = &row else { return Ok(None) };
    let cells = Cells::new(row, "meta", "key");
    let text = cells.text("value")?;
    let millis = text.parse().map_err(|_| cells.bad("value", format!("{text:?} is no number of milliseconds")))?;
    Ok(Some(UtcMillis::from_millis(millis)))
}
