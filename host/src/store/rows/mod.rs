//! From rows to domain values, the same in every store.
//!
//! Owns: the columns each reader wants (names are the same in all migrations) and what they must say. Must not know: a
//! database's dialect; who asks. Rows are distrusted: what does not fit is named.

pub(in crate::store) mod actor_run;
pub(in crate::store) mod alert;
mod cells;
pub(in crate::store) mod claim;
pub(in crate::store) mod dead;
pub(in crate::store) mod gate;
pub(in crate::store) mod item;
pub(in crate::store) mod kept;
pub(in crate::store) mod ledger;
pub(in crate::store) mod plugin_use;
pub(in crate::store) mod quarantine;
pub(in crate::store) mod rate;
pub(in crate::store) mod run;
pub(in crate::store) mod share;
pub(in crate::store) mod source;

pub(in crate::store) use cells::Cells;
