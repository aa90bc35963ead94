//! One source of a plugin, tried out: `plugin run` and `plugin record`.
//!
//! Owns: what both share: the source and its profile (`subject`), every step told (`journal`, `told`), the run over recorded pages
//! (`offline`) and the live one (`live`). Must not know: the daemon's database: a live run has a store of its own, in memory, so
//! that nothing of it is left but what is printed or recorded.

mod journal;
mod live;
mod offline;
pub(super) mod record;
pub(super) mod run;
mod scrub;
mod subject;
mod told;

pub(super) use record::record;
pub(super) use run::run;
