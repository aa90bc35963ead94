//! Which days of a month an expression means.
//!
//! Owns: the two day fields and how they go together. Must not know: the time of day or zones. Called by `civil` once for
//! every month it looks at.

use jiff::civil::Date;

use super::field::{self, DAY, WEEKDAY, Word, Wrong};

/// The day fields of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Days {
    of_month: OfMonth,
    of_week: OfWeek,
    /// Whether a day has to be meant by both fields.
    both: bool,
}

/// A field of days of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfMonth {
    /// Bit n is day n.
    Set(u32),
    /// So many days before the last one.
    Last { before: u32 },
    /// The working day nearest to so many days before the last one.
    LastNearest { before: u32 },
    /// The working day nearest to this day.
    Nearest(u32),
}

/// A field of days of the week; 0 is Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfWeek {
    /// Bit n is day n.
    Set(u32),
    /// The last one of the month.
    Last(u32),
    /// The second one of the month, say.
    Nth(u32, u32),
}

/// Days before the last one that may be asked for: the month has to have a day left.
const BEFORE_LAST: u32 = 30;

/// Reads both fields.
pub(super) fn read(days: Word<'_>, weekdays: Word<'_>) -> Result<Days, Wrong> {
    let (plus, weekdays) = match weekdays.text.strip_prefix('+') {
        Some(text) => (true, Word { at: weekdays.at + 1, text }),
        None => (false, weekdays),
    };
    let open = |word: Word<'_>| word.text.starts_with('*') || word.text == "?";
    let both = plus || open(days) || open(weekdays);
    Ok(Days { of_month: of_month(days)?, of_week: of_week(weekdays)?, both })
}

fn of_month(word: Word<'_>) -> Result<OfMonth, Wrong> {
    let upper = word.text.to_ascii_uppercase();
    if upper == "?" {
        return Ok(OfMonth::Set(u32::MAX));
    }
    if !upper.contains(['L', 'W']) {
        let bits = field::set(word, &DAY)?;
        return Ok(OfMonth::Set(u32::try_from(bits).unwrap_or(u32::MAX)));
    }
    let (rest, nearest) = upper.strip_suffix('W').map_or((upper.as_str(), false), |rest| (rest, true));
    let refuse = |why: &str| Err((word.at, format!("day of month: {:?}: {why}", word.text)));
    if let Some(rest) = rest.strip_prefix('L') {
        let before = match rest.strip_prefix('-') {
            Some(number) => field::number(number).filter(|before| *before <= BEFORE_LAST),
            None => rest.is_empty().then_some(0),
        };
        return match (before, nearest) {
            (Some(before), false) => Ok(OfMonth::Last { before }),
            (Some(before), true) => Ok(OfMonth::LastNearest { before }),
            (None, _) => refuse("L stands alone in the field: L, L-1 to L-30, LW or L-3W"),
        };
    }
    match field::number(rest).filter(|day| nearest && (1..=31).contains(day)) {
        Some(day) => Ok(OfMonth::Nearest(day)),
        None => refuse("W follows one day and stands alone in the field: 1W to 31W or LW"),
    }
}

fn of_week(word: Word<'_>) -> Result<OfWeek, Wrong> {
    if word.text == "?" {
        return Ok(OfWeek::Set(u32::MAX));
    }
    let day = |text: &str| field::value(Word { at: word.at, text }, &WEEKDAY).map(|day| day % 7);
    let refuse = |why: &str| Err((word.at, format!("day of week: {:?}: {why}", word.text)));
    if let Some((weekday, nth)) = word.text.split_once('#') {
        return match field::number(nth).filter(|nth| (1..=5).contains(nth) && !weekday.contains([',', '-', '/'])) {
            Some(nth) => Ok(OfWeek::Nth(day(weekday)?, nth)),
            None => refuse("# stands between one day and 1 to 5, alone in the field, as in MON#2"),
        };
    }
    if let Some(weekday) = word.text.strip_suffix(['L', 'l']) {
        if weekday.is_empty() || weekday.contains([',', '-', '/']) {
            return refuse("L follows one day and stands alone in the field, as in 5L, the last Friday");
        }
        return Ok(OfWeek::Last(day(weekday)?));
    }
    let bits = field::set(word, &WEEKDAY)?;
    Ok(OfWeek::Set(u32::try_from(bits).unwrap_or(u32::MAX)))
}

impl Days {
    /// The days that are meant in the month that begins at `first`; bit n is day n.
    pub(super) fn in_month(&self, first: Date) -> u32 {
        let last = u32::from(first.days_in_month().unsigned_abs());
        let begin = u32::from(first.weekday().to_sunday_zero_offset().unsigned_abs());
        let all = (u32::MAX >> (31 - last)) & !1;
        let of_month = of_month_in(self.of_month, begin, last);
        let of_week = of_week_in(self.of_week, begin, last);
        all & if self.both { of_month & of_week } else { of_month | of_week }
    }
}

/// `begin` is the weekday of the first day.
fn of_month_in(meant: OfMonth, begin: u32, last: u32) -> u32 {
    let day = match meant {
        OfMonth::Set(bits) => return bits,
        OfMonth::Last { before } => last.checked_sub(before).filter(|day| *day >= 1),
        OfMonth::LastNearest { before } => {
            last.checked_sub(before).filter(|day| *day >= 1).map(|day| nearest(day, begin, last))
        }
        OfMonth::Nearest(day) => (day <= last).then(|| nearest(day, begin, last)),
    };
    day.map_or(0, |day| 1 << day)
}

/// The working day nearest to `day`, inside the month.
const fn nearest(day: u32, begin: u32, last: u32) -> u32 {
    match (begin + day - 1) % 7 {
        // Sunday: Monday follows, unless the month ends.
        0 if day < last => day + 1,
        0 => day - 2,
        // Saturday: Friday goes before, unless the month begins.
        6 if day > 1 => day - 1,
        6 => day + 2,
        _ => day,
    }
}

fn of_week_in(meant: OfWeek, begin: u32, last: u32) -> u32 {
    // The first day of the month that is this day of the week.
    let first_of = |weekday: u32| (7 + weekday - begin) % 7 + 1;
    match meant {
        OfWeek::Set(bits) => {
            (1..=last).filter(|day| bits >> ((begin + day - 1) % 7) & 1 == 1).fold(0, |set, day| set | 1 << day)
        }
        OfWeek::Last(weekday) => {
            let first = first_of(weekday);
            1 << (first + (last - first) / 7 * 7)
        }
        OfWeek::Nth(weekday, nth) => {
            let day = first_of(weekday) + (nth - 1) * 7;
            if day <= last { 1 << day } else { 0 }
        }
    }
}
