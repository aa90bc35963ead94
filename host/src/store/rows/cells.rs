//! Reads cells and believes none.
//!
//! Owns: the way from a cell to a domain value, whatever database it comes from ([`Raw`]). What does not fit is a
//! [`StoreError::BadRow`] that names table, column and row; nothing is guessed, nothing panics. Must not know: any table.
//! Called by every file that reads rows.

use serde::de::DeserializeOwned;
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};
use tidegate_core::id::{Id, Kind, Name};
use tidegate_core::time::UtcMillis;

use crate::ports::StoreError;

/// A row of some database, cell by cell. `Ok(None)`: the cell is empty.
pub(in crate::store) trait Raw: Sync {
    /// A whole number, or a truth value as 0 or 1.
    fn int(&self, column: &str) -> Result<Option<i64>, sqlx::Error>;
    /// A text.
    fn text(&self, column: &str) -> Result<Option<&str>, sqlx::Error>;
    /// Bytes; of an id, its 16.
    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, sqlx::Error>;
}

impl Raw for SqliteRow {
    fn int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn text(&self, column: &str) -> Result<Option<&str>, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, sqlx::Error> {
        self.try_get(column)
    }
}

impl Raw for PgRow {
    fn int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        match there(self.try_get_raw(column)?) {
            Some(cell) if cell.type_info().name() == "BOOL" => {
                Ok(self.try_get::<Option<bool>, _>(column)?.map(i64::from))
            }
            Some(_) => self.try_get(column),
            None => Ok(None),
        }
    }

    fn text(&self, column: &str) -> Result<Option<&str>, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, sqlx::Error> {
        // As they come over the wire: the 16 bytes of a uuid are its value.
        let Some(cell) = there(self.try_get_raw(column)?) else { return Ok(None) };
        if !matches!(cell.type_info().name(), "UUID" | "BYTEA") {
            return Err(sqlx::Error::Decode(format!("{} holds no bytes", cell.type_info().name()).into()));
        }
        cell.as_bytes().map(Some).map_err(sqlx::Error::Decode)
    }
}

fn there(cell: PgValueRef<'_>) -> Option<PgValueRef<'_>> {
    (!cell.is_null()).then_some(cell)
}

/// One row of one table.
#[derive(Clone, Copy)]
pub(in crate::store) struct Cells<'r> {
    row: &'r dyn Raw,
    table: &'static str,
    key: &'static str,
}

impl<'r> Cells<'r> {
    /// `key`: the column that tells a person which row it is.
    pub(in crate::store) const fn new(row: &'r dyn Raw, table: &'static str, key: &'static str) -> Self {
        Self { row, table, key }
    }

    /// The error that says what is wrong with a cell.
    pub(in crate::store) fn bad(&self, column: &'static str, why: impl Into<String>) -> StoreError {
        let row = match self.row.bytes(self.key) {
            Ok(Some(bytes)) if bytes.len() == 16 => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            _ => self.row.text(self.key).ok().flatten().unwrap_or("without a readable key").to_owned(),
        };
        StoreError::BadRow { table: self.table, column, row, why: why.into() }
    }

    fn told<T>(&self, column: &'static str, cell: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        cell.map_err(|error| self.bad(column, error.to_string()))
    }

    fn opt_str(&self, column: &'static str) -> Result<Option<&'r str>, StoreError> {
        self.told(column, self.row.text(column))
    }

    fn there<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.bad(column, "it is empty and must not be"))
    }

    pub(in crate::store) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.told(column, self.row.int(column))
    }

    pub(in crate::store) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.there(column, self.opt_int(column)?)
    }

    /// A number that is never negative, of whatever size is wanted.
    pub(in crate::store) fn count<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N, StoreError> {
        let value = self.int(column)?;
        N::try_from(value).map_err(|_| self.bad(column, format!("{value} is out of range")))
    }

    pub(in crate::store) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(column, format!("{other} is neither 0 nor 1"))),
        }
    }

    pub(in crate::store) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        let bytes = self.told(column, self.row.bytes(column))?;
        self.there(column, bytes.map(<[u8]>::to_vec))
    }

    pub(in crate::store) fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        Ok(self.opt_str(column)?.map(str::to_owned))
    }

    pub(in crate::store) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.there(column, self.opt_text(column)?)
    }

    pub(in crate::store) fn opt_id<K: Kind>(&self, column: &'static str) -> Result<Option<Id<K>>, StoreError> {
        let Some(bytes) = self.told(column, self.row.bytes(column))? else { return Ok(None) };
        let wrong = || self.bad(column, format!("an id has 16 bytes, this has {}", bytes.len()));
        Id::from_bytes(bytes).map(Some).ok_or_else(wrong)
    }

    pub(in crate::store) fn id<K: Kind>(&self, column: &'static str) -> Result<Id<K>, StoreError> {
        self.there(column, self.opt_id(column)?)
    }

    pub(in crate::store) fn opt_time(&self, column: &'static str) -> Result<Option<UtcMillis>, StoreError> {
        let Some(millis) = self.opt_int(column)? else { return Ok(None) };
        let time = UtcMillis::from_millis(millis);
        let inside = time.as_millis() == millis;
        if inside {
            Ok(Some(time))
        } else {
            Err(self.bad(column, format!("{millis} ms is outside the years 1 to 9999")))
        }
    }

    pub(in crate::store) fn time(&self, column: &'static str) -> Result<UtcMillis, StoreError> {
        self.there(column, self.opt_time(column)?)
    }

    pub(in crate::store) fn opt_json<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.opt_str(column)? else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .map_err(|error| self.bad(column, format!("not the JSON it must be: {error}")))
    }

    pub(in crate::store) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.there(column, self.opt_json(column)?)
    }

    pub(in crate::store) fn name(&self, column: &'static str) -> Result<Name, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|error| self.bad(column, format!("{error}")))
    }

    /// A word of a known list.
    pub(in crate::store) fn opt_word<T>(
        &self,
        column: &'static str,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(word) = self.opt_str(column)? else { return Ok(None) };
        from_word(word).map(Some).ok_or_else(|| self.bad(column, format!("the word {word:?} is not known here")))
    }

    pub(in crate::store) fn word<T>(
        &self,
        column: &'static str,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.there(column, self.opt_word(column, from_word)?)
    }
}
