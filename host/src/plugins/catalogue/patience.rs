//! Looking at files that somebody may be writing at this moment.
//!
//! Owns: when a file has settled, when a broken or missing one is believed to be so, and loading one that is new or has changed.
//! Must not know: names, or what serves. Called by the catalogue for each file of its directory.
//!
//! A file that is not as it was when it was last read is left alone until it has been the same for [`limits::LOOK_SETTLED`]. If
//! it then loads, it is taken. If it does not, it may be half a file all the same (a copy over a network pauses, and half a
//! component can parse): it is refused when it has been the same for [`limits::LOOK_BELIEVED`].
//!
//! Compiling may take minutes. A look waits for it no longer than it is told to; the loading goes on, and a later look takes what came of
//! it, whoever looks. It ends at once when the file changes or goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_core::limits;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::files::{self, Found, Mark};
use super::slot::Slot;
use crate::plugins::digest::Digest;
use crate::plugins::plugin::Plugin;
use crate::plugins::refusal::{Origin, Refusal, RefusalKind};
use crate::plugins::room::PluginRoom;

/// Whether somebody may be writing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Everything counts as it is.
    None {
        /// How long this look waits for what is being loaded; as long as it takes, if not said.
        loaded_by: Option<Instant>,
    },
    /// What is not as it was has to stay as it is for a while.
    Until {
        /// The time of this look.
        now: Instant,
        /// How long this look waits for what is being loaded.
        loaded_by: Instant,
    },
}

/// What a file gave: its digest, if it was read, and a plugin or a refusal.
type Loaded = (Option<Digest>, Result<Arc<Plugin>, Refusal>);

/// What reading a file led to.
enum Outcome {
    /// It has changed meanwhile.
    Moved,
    /// It holds what it held when it was last loaded.
    Same,
    /// Something else.
    Loaded(Loaded),
}

/// A file that is not as it was when it was last read.
#[derive(Debug)]
pub(super) struct Moving {
    mark: Result<Mark, RefusalKind>,
    since: Instant,
    tried: Tried,
}

/// What is known of the content of such a file.
#[derive(Debug)]
enum Tried {
    /// It has not been read.
    No,
    /// It is being loaded, by the one task of the set, which ends when this is dropped.
    Now(JoinSet<Outcome>),
    /// It gave this: a refusal that is not believed yet.
    Done(Loaded),
}

/// Forgets the slots of files that are gone. Gives whether some are not believed to be.
pub(super) fn part(slots: &mut BTreeMap<Origin, Slot>, found: &[Found], patience: Patience) -> bool {
    let is_there = |path: &std::path::Path| found.iter().any(|file| file.path == *path);
    let mut waiting = false;
    slots.retain(|origin, slot| match (origin, patience) {
        (Origin::Shipped(_), _) => true,
        (Origin::File(path), _) if is_there(path) => {
            slot.gone = None;
            true
        }
        (Origin::File(_), Patience::None { .. }) => false,
        (Origin::File(_), Patience::Until { now, .. }) => {
            let since = *slot.gone.get_or_insert(now);
            let stays = now.saturating_duration_since(since) < limits::LOOK_BELIEVED;
            waiting |= stays;
            stays
        }
    });
    waiting
}

/// Loads a file if it is new or has changed. Gives whether it is to be looked at again soon.
pub(super) async fn take_in(room: &PluginRoom, slot: &mut Slot, file: Found, patience: Patience) -> bool {
    if slot.seen(&file) {
        slot.moving = None;
        return false;
    }
    slot.moving = match patience {
        Patience::None { loaded_by } => at_once(room, slot, file, loaded_by).await,
        Patience::Until { now, loaded_by } => settle(room, slot, file, now, loaded_by).await,
    };
    slot.moving.is_some()
}

/// Takes a file as it is. Gives how far its loading is, if that takes longer than this look waits.
async fn at_once(room: &PluginRoom, slot: &mut Slot, file: Found, loaded_by: Option<Instant>) -> Option<Moving> {
    let Moving { mark, since, tried } = moving(slot, &file, Instant::now());
    match outcome(tried, room, slot.taken(), &file, loaded_by).await {
        Err(tried) => return Some(Moving { mark, since, tried }),
        Ok(Outcome::Loaded(loaded)) => put(slot, &file, loaded),
        Ok(Outcome::Same) => slot.touched(&file),
        Ok(Outcome::Moved) => {
            let kind = RefusalKind::Unreadable { why: "it is being written to".to_owned() };
            put(slot, &file, (None, Err(Refusal { origin: Origin::File(file.path.clone()), kind })));
        }
    }
    None
}

/// What is known of a file that is not as it was: of this version, or nothing yet.
fn moving(slot: &mut Slot, file: &Found, now: Instant) -> Moving {
    let known = slot.moving.take().filter(|moving| moving.mark == file.mark);
    known.unwrap_or_else(|| Moving { mark: file.mark.clone(), since: now, tried: Tried::No })
}

/// Takes a file that has settled. Gives what is known of one that has not.
async fn settle(room: &PluginRoom, slot: &mut Slot, file: Found, now: Instant, loaded_by: Instant) -> Option<Moving> {
    let moving = moving(slot, &file, now);
    let age = now.saturating_duration_since(moving.since);
    if age < limits::LOOK_SETTLED {
        return Some(moving);
    }
    let Moving { mark, since, tried } = moving;
    match outcome(tried, room, slot.taken(), &file, Some(loaded_by)).await {
        Err(tried) => return Some(Moving { mark, since, tried }),
        // It was written to while it was read.
        Ok(Outcome::Moved) => return Some(Moving { mark, since: now, tried: Tried::No }),
        Ok(Outcome::Loaded(loaded)) if loaded.1.is_err() && age < limits::LOOK_BELIEVED => {
            return Some(Moving { mark, since, tried: Tried::Done(loaded) });
        }
        Ok(Outcome::Loaded(loaded)) => put(slot, &file, loaded),
        Ok(Outcome::Same) => slot.touched(&file),
    }
    None
}

/// What came of loading a file, or how far that is.
async fn outcome(
    tried: Tried,
    room: &PluginRoom,
    taken: Option<Digest>,
    file: &Found,
    loaded_by: Option<Instant>,
) -> Result<Outcome, Tried> {
    let mut loading = match tried {
        Tried::Done(loaded) => return Ok(Outcome::Loaded(loaded)),
        Tried::Now(loading) => loading,
        Tried::No => JoinSet::from_iter([load(room.clone(), taken, file.clone())]),
    };
    let loaded = match loaded_by {
        None => loading.join_next().await,
        Some(by) => match timeout_at(by, loading.join_next()).await {
            Ok(loaded) => loaded,
            Err(_) => return Err(Tried::Now(loading)),
        },
    };
    Ok(loaded.and_then(Result::ok).unwrap_or_else(|| unanswered(file)))
}

/// `taken`: the digest of what was last loaded from this file, if that holds.
async fn load(room: PluginRoom, taken: Option<Digest>, file: Found) -> Outcome {
    let origin = Origin::File(file.path.clone());
    let _place = room.place().await;
    let bytes = match files::read(&file).await {
        files::Given::Bytes(bytes) => bytes,
        files::Given::Moved => return Outcome::Moved,
        files::Given::Refused(kind) => return Outcome::Loaded((None, Err(Refusal { origin, kind }))),
    };
    let digest = Digest::of(&bytes);
    if taken == Some(digest) {
        return Outcome::Same;
    }
    Outcome::Loaded((Some(digest), room.load(bytes, origin).await))
}

/// The task that loaded it has panicked.
fn unanswered(file: &Found) -> Outcome {
    let kind = RefusalKind::CompilerPanic { why: "loading it ended without an answer".to_owned() };
    Outcome::Loaded((None, Err(Refusal { origin: Origin::File(file.path.clone()), kind })))
}

fn put(slot: &mut Slot, file: &Found, (digest, loaded): Loaded) {
    // A busy machine is no property of the file: it is tried again.
    let again = |kind: &RefusalKind| matches!(kind, RefusalKind::CompilerBusy | RefusalKind::CompileSlow);
    let again = matches!(&loaded, Err(refusal) if again(&refusal.kind));
    slot.digest = digest;
    slot.loaded(file, loaded, again);
}
