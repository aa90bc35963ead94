//! Looking at files that somebody may be writing at this moment.
//!
//! Owns: when a file has settled, when a broken or missing one is believed to be so, and loading one that is new or has changed.
//! Must not know: names, or what serves. Called by the catalogue for each file of its directory.
//!
//! A file that is not as it was when it was last read is left alone until it has been the same for [`limits::LOOK_SETTLED`]. If
//! it then loads, it is taken. If it does not, it may be half a file all the same (a copy over a network pauses, and half a
//! component can parse): it is refused when it has been the same for [`limits::LOOK_BELIEVED`].

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_core::limits;
use tokio::time::Instant;

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
    None,
    /// What is not as it was has to stay as it is for a while; the time of this look.
    Until(Instant),
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
    /// What it gave, if it was read: a refusal that is not believed yet.
    tried: Option<Loaded>,
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
        (Origin::File(_), Patience::None) => false,
        (Origin::File(_), Patience::Until(now)) => {
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
    let Patience::Until(now) = patience else {
        slot.moving = None;
        match load(room, slot, &file).await {
            Outcome::Loaded(loaded) => put(slot, &file, loaded),
            Outcome::Same => {}
            Outcome::Moved => {
                let kind = RefusalKind::Unreadable { why: "it is being written to".to_owned() };
                put(slot, &file, (None, Err(Refusal { origin: Origin::File(file.path.clone()), kind })));
            }
        }
        return false;
    };
    let moving = match slot.moving.take() {
        Some(moving) if moving.mark == file.mark => moving,
        _ => Moving { mark: file.mark.clone(), since: now, tried: None },
    };
    let age = now.saturating_duration_since(moving.since);
    if age < limits::LOOK_SETTLED {
        slot.moving = Some(moving);
        return true;
    }
    let loaded = match moving.tried {
        Some(tried) => tried,
        None => match load(room, slot, &file).await {
            // It was written to while it was read.
            Outcome::Moved => {
                slot.moving = Some(Moving { mark: file.mark, since: now, tried: None });
                return true;
            }
            Outcome::Same => return false,
            Outcome::Loaded(loaded) => loaded,
        },
    };
    if loaded.1.is_err() && age < limits::LOOK_BELIEVED {
        slot.moving = Some(Moving { tried: Some(loaded), ..moving });
        return true;
    }
    put(slot, &file, loaded);
    false
}

async fn load(room: &PluginRoom, slot: &mut Slot, file: &Found) -> Outcome {
    let origin = Origin::File(file.path.clone());
    let bytes = match files::read(file).await {
        files::Given::Bytes(bytes) => bytes,
        files::Given::Moved => return Outcome::Moved,
        files::Given::Refused(kind) => return Outcome::Loaded((None, Err(Refusal { origin, kind }))),
    };
    let digest = Digest::of(&bytes);
    if slot.same(&digest) {
        slot.touched(file);
        return Outcome::Same;
    }
    Outcome::Loaded((Some(digest), room.load(bytes, origin).await))
}

fn put(slot: &mut Slot, file: &Found, (digest, loaded): Loaded) {
    // A compiler that was busy is no property of the file: it is tried again.
    let again = matches!(&loaded, Err(refusal) if refusal.kind == RefusalKind::CompilerBusy);
    slot.digest = digest;
    slot.loaded(file, loaded, again);
}
