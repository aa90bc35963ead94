//! Reads cells and believes none.
//!
//! Owns: the way from a cell to a domain value. What does not fit is a [`StoreError::BadRow`] that names table, column and
//! row; nothing is guessed, nothing panics. Must not know: any table. Called by every file that reads rows.

use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tidegate_core::id::{Id, Kind, Name};
use tidegate_core::time::UtcMillis;

use crate::ports::StoreError;

/// One row of one table.
#[derive(Clone, Copy)]
pub(super) struct Cells<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    key: &'static str,
}

impl<'r> Cells<'r> {
    /// `key`: the column that tells a person which row it is.
    pub(super) const fn new(row: &'r SqliteRow, table: &'static str, key: &'static str) -> Self {
        Self { row, table, key }
    }

    /// The error that says what is wrong with a cell.
    pub(super) fn bad(&self, column: &'static str, why: impl Into<String>) -> StoreError {
        let row = match self.row.try_get::<Option<&[u8]>, _>(self.key) {
            Ok(Some(bytes)) if bytes.len() == 16 => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            _ => self.row.try_get::<String, _>(self.key).unwrap_or_else(|_| "without a readable key".to_owned()),
        };
        StoreError::BadRow { table: self.table, column, row, why: why.into() }
    }

    fn get<T>(&self, column: &'static str) -> Result<Option<T>, StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.row.try_get::<Option<T>, _>(column).map_err(|error| self.bad(column, error.to_string()))
    }

    fn there<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.bad(column, "it is empty and must not be"))
    }

    pub(super) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(super) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.there(column, self.opt_int(column)?)
    }

    /// A number that is never negative, of whatever size is wanted.
    pub(super) fn count<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N, StoreError> {
        let value = self.int(column)?;
        N::try_from(value).map_err(|_| self.bad(column, format!("{value} is out of range")))
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(column, format!("{other} is neither 0 nor 1"))),
        }
    }

    pub(super) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.there(column, self.get(column)?)
    }

    pub(super) fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.there(column, self.opt_text(column)?)
    }

    pub(super) fn opt_id<K: Kind>(&self, column: &'static str) -> Result<Option<Id<K>>, StoreError> {
        let Some(bytes) = self.get::<&[u8]>(column)? else { return Ok(None) };
        let wrong = || self.bad(column, format!("an id has 16 bytes, this has {}", bytes.len()));
        Id::from_bytes(bytes).map(Some).ok_or_else(wrong)
    }

    pub(super) fn id<K: Kind>(&self, column: &'static str) -> Result<Id<K>, StoreError> {
        self.there(column, self.opt_id(column)?)
    }

    pub(super) fn opt_time(&self, column: &'static str) -> Result<Option<UtcMillis>, StoreError> {
        let Some(millis) = self.opt_int(column)? else { return Ok(None) };
        let time = UtcMillis::from_millis(millis);
        let inside = time.as_millis() == millis;
        if inside {
            Ok(Some(time))
        } else {
            Err(self.bad(column, format!("{millis} ms is outside the years 1 to 9999")))
        }
    }

    pub(super) fn time(&self, column: &'static str) -> Result<UtcMillis, StoreError> {
        self.there(column, self.opt_time(column)?)
    }

    pub(super) fn opt_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.get::<&str>(column)? else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .map_err(|error| self.bad(column, format!("not the JSON it must be: {error}")))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.there(column, self.opt_json(column)?)
    }

    pub(super) fn name(&self, column: &'static str) -> Result<Name, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|error| self.bad(column, format!("{error}")))
    }

    /// A word of a known list.
    pub(super) fn opt_word<T>(
        &self,
        column: &'static str,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(word) = self.get::<&str>(column)? else { return Ok(None) };
        from_word(word).map(Some).ok_or_else(|| self.bad(column, format!("the word {word:?} is not known here")))
    }

    pub(super) fn word<T>(&self, column: &'static str, from_word: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        self.there(column, self.opt_word(column, from_word)?)
    }
}
