//! From domain values to what a statement is given.
//!
//! Owns: ids as uuids, and columns of values for `unnest`, by which one statement writes many rows. Must not know: any table.
//! The way back is `rows`'.

use std::borrow::Cow;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::{Encode, Postgres, Type};
use tidegate_core::id::Id;
use tidegate_core::time::UtcMillis;

/// The types `uuid` and `uuid[]`, as numbered in `pg_type.dat`.
const UUID: Oid = Oid(2950);
const UUIDS: Oid = Oid(2951);

/// An id as PostgreSQL takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uid([u8; 16]);

impl<K> From<Id<K>> for Uid {
    fn from(id: Id<K>) -> Self {
        Self(id.to_bytes())
    }
}

impl Type<Postgres> for Uid {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(UUID)
    }
}

impl PgHasArrayType for Uid {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(UUIDS)
    }
}

impl Encode<'_, Postgres> for Uid {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}

/// One column of these rows.
pub(super) fn column<'r, T: 'r, V>(rows: impl IntoIterator<Item = &'r T>, cell: impl FnMut(&'r T) -> V) -> Vec<V> {
    rows.into_iter().map(cell).collect()
}

/// Ids as one argument.
pub(super) fn uids<K>(ids: impl IntoIterator<Item = Id<K>>) -> Vec<Uid> {
    ids.into_iter().map(Uid::from).collect()
}

/// A text without the one character that PostgreSQL cannot store.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

pub(super) fn millis(at: Option<UtcMillis>) -> Option<i64> {
    at.map(UtcMillis::as_millis)
}

/// A number of rows as `LIMIT` takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
