//! One field of a cron expression.
//!
//! Owns: values, names, lists, ranges and steps, as a set of bits. Must not know: what `L`, `W` and `#` mean (`days` does), or
//! the other fields. Called by [`super::Cron::parse`].

/// A word of an expression and where it begins, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

/// What is wrong, and at which byte.
pub(super) type Wrong = (usize, String);

/// What a field may say.
pub(super) struct Spec {
    name: &'static str,
    least: u32,
    /// The largest value that may be written.
    most: u32,
    /// How many different values there are: Sunday has two numbers.
    size: u32,
    names: &'static [&'static str],
}

const fn spec(name: &'static str, least: u32, most: u32, size: u32, names: &'static [&'static str]) -> Spec {
    Spec { name, least, most, size, names }
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

pub(super) const SECOND: Spec = spec("seconds", 0, 59, 60, &[]);
pub(super) const MINUTE: Spec = spec("minutes", 0, 59, 60, &[]);
pub(super) const HOUR: Spec = spec("hours", 0, 23, 24, &[]);
pub(super) const DAY: Spec = spec("day of month", 1, 31, 31, &[]);
pub(super) const MONTH: Spec = spec("month", 1, 12, 12, &MONTHS);
pub(super) const WEEKDAY: Spec = spec("day of week", 0, 7, 7, &DAYS);

/// The values a field names, as bits.
pub(super) fn set(field: Word<'_>, spec: &Spec) -> Result<u64, Wrong> {
    let mut bits = 0;
    let mut at = field.at;
    for text in field.text.split(',') {
        bits |= item(Word { at, text }, spec)?;
        at += text.len() + 1;
    }
    Ok(bits)
}

/// A value, range or step.
fn item(word: Word<'_>, spec: &Spec) -> Result<u64, Wrong> {
    if word.text.is_empty() {
        return Err((word.at, format!("{}: a value is missing", spec.name)));
    }
    let (range, step) = match word.text.split_once('/') {
        Some((range, step)) => (range, Some(self::step(Word { at: word.at + range.len() + 1, text: step }, spec)?)),
        None => (word.text, None),
    };
    if range == "*" {
        return Ok(bits(spec.least, spec.least + spec.size - 1, step.unwrap_or(1), spec));
    }
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => {
            let end = value(Word { at: word.at + first.len() + 1, text: last }, spec)?;
            (value(Word { at: word.at, text: first }, spec)?, Some(end))
        }
        None => (value(Word { at: word.at, text: range }, spec)?, None),
    };
    let end = match (last, step) {
        (Some(last), _) => last,
        (None, Some(_)) => spec.most,
        (None, None) => first,
    };
    Ok(bits(first, end, step.unwrap_or(1), spec))
}

/// Every `step`th value from `first` to `last`, through the wrap if `last` comes before `first`.
fn bits(first: u32, last: u32, step: u32, spec: &Spec) -> u64 {
    // Sunday as 7 is the same day as 0: as a beginning it is the first day, as an end the last.
    let (first, last) = match (first - spec.least == spec.size, last - spec.least == spec.size) {
        (true, true) => (spec.least, spec.least),
        (true, false) => (spec.least, last),
        (false, _) => (first, last),
    };
    let last = if last < first { last + spec.size } else { last };
    let mut bits = 0;
    let mut value = first;
    while value <= last {
        bits |= 1_u64 << ((value - spec.least) % spec.size + spec.least);
        value += step;
    }
    bits
}

fn step(word: Word<'_>, spec: &Spec) -> Result<u32, Wrong> {
    match number(word.text) {
        Some(step) if (1..=spec.most).contains(&step) => Ok(step),
        Some(step) => Err((word.at, format!("{}: a step of {step}; it may be 1 to {}", spec.name, spec.most))),
        None => Err((word.at, format!("{}: {:?} is no step; write 1 to {}", spec.name, word.text, spec.most))),
    }
}

/// A number or name of the field.
pub(super) fn value(word: Word<'_>, spec: &Spec) -> Result<u32, Wrong> {
    let names = (spec.least..).zip(spec.names);
    if let Some((value, _)) = names.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(word.text)) {
        return Ok(value);
    }
    match number(word.text) {
        Some(value) if (spec.least..=spec.most).contains(&value) => Ok(value),
        Some(value) => {
            Err((word.at, format!("{}: {value} is out of range; {} to {}", spec.name, spec.least, spec.most)))
        }
        None => Err((word.at, strange(word.text, spec))),
    }
}

/// Why a text is no value.
fn strange(text: &str, spec: &Spec) -> String {
    let name = spec.name;
    let range = format!("{} to {}", spec.least, spec.most);
    let known = match spec.names {
        [first, .., last] => format!("{range} or {first} to {last}"),
        _ => range,
    };
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "" => format!("{name}: a value is missing; write {known}"),
        "?" => format!("{name}: \"?\" stands alone, and only for a day of month or day of week; write *"),
        "H" => format!("{name}: \"H\" is not supported; jitter spreads what is due together"),
        "*" => format!("{name}: \"*\" stands alone or before a step"),
        _ if upper.contains(['L', 'W', '#']) && spec.names.is_empty() && spec.size != 31 => {
            format!("{name}: {text:?} is no value; L, W and # belong to days only; write {known}")
        }
        _ => format!("{name}: {text:?} is no value; write {known}"),
    }
}

/// At most two digits.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
