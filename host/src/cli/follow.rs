//! `follow`, `unfollow` and `seen`.
//!
//! Owns: what is typed about users and their sources. Must not know: what follows from it: a daemon that runs beside looks at
//! the database by itself.

use serde::Serialize;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::time::UtcMillis;

use super::args::{FollowArgs, Place, SeenArgs};
use super::error::{CliError, Exit};
use super::home::{Home, find_source, tenant};
use super::output::Output;
use crate::ports::Clock;
use crate::system::SystemClock;

/// What became of it.
#[derive(Serialize)]
struct Told {
    user: UserId,
    tenant: Tenant,
    /// Follows that were made or ended.
    changed: u32,
    seen_at: Option<UtcMillis>,
    /// What the user follows now.
    sources: Vec<SourceId>,
}

pub(super) async fn follow(place: &Place, args: &FollowArgs, output: Output) -> Result<Exit, CliError> {
    change(place, args, output, true).await
}

pub(super) async fn unfollow(place: &Place, args: &FollowArgs, output: Output) -> Result<Exit, CliError> {
    change(place, args, output, false).await
}

async fn change(place: &Place, args: &FollowArgs, output: Output, follow: bool) -> Result<Exit, CliError> {
    let (user, tenant) = (user(&args.user)?, tenant(&args.tenant)?);
    let home = Home::find(place)?;
    let store = home.existing_store().await?;
    let done = async {
        let mut ids = Vec::with_capacity(args.sources.len());
        for name in &args.sources {
            let source = find_source(&*store, name).await?;
            if source.tenant != tenant {
                let message = format!("source {} belongs to tenant {}, not to {tenant}", source.id, source.tenant);
                return Err(CliError::refused(message).hint("name the tenant with --tenant"));
            }
            ids.push(source.id);
        }
        let now = SystemClock.now();
        let changed = match follow {
            true => store.follow(tenant.clone(), user.clone(), ids, now).await?,
            false => store.unfollow(tenant.clone(), user.clone(), ids, now).await?,
        };
        let known = store.follower(tenant.clone(), user.clone()).await?;
        let (seen_at, sources) = known.map(|known| (known.seen_at, known.sources)).unzip();
        Ok(Told { user, tenant, changed: changed.changed, seen_at, sources: sources.unwrap_or_default() })
    }
    .await;
    store.close().await;
    output.data(&done?, |told| {
        let verb = if follow { "new" } else { "ended" };
        format!("{}: {} {verb}, follows {} now", told.user, told.changed, told.sources.len())
    })?;
    Ok(Exit::Ok)
}

pub(super) async fn seen(place: &Place, args: &SeenArgs, output: Output) -> Result<Exit, CliError> {
    let (user, tenant) = (user(&args.user)?, tenant(&args.tenant)?);
    let home = Home::find(place)?;
    let store = home.existing_store().await?;
    let done = async {
        let known = store.seen(tenant.clone(), user.clone(), SystemClock.now()).await?;
        let follower = store.follower(tenant.clone(), user.clone()).await?.filter(|_| known);
        let Some(follower) = follower else {
            let message = format!("tenant {tenant} has no user {user}");
            return Err(CliError::not_found(message).hint("`tidegate follow` makes one"));
        };
        Ok(Told { user, tenant, changed: 0, seen_at: Some(follower.seen_at), sources: follower.sources })
    }
    .await;
    store.close().await;
    output.data(&done?, |told| {
        let at = told.seen_at.map(|at| at.to_string()).unwrap_or_default();
        format!("{} seen at {at}, follows {}", told.user, told.sources.len())
    })?;
    Ok(Exit::Ok)
}

fn user(text: &str) -> Result<UserId, CliError> {
    text.parse().map_err(|error: tidegate_core::id::NotAUser| CliError::usage(error.to_string()))
}
