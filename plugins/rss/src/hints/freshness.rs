//! How long an answer stays fresh, by its header (RFC 9111 section 4.2), for a private client.
//!
//! Owns: `Cache-Control`, `Expires`, `Age`. Called by [`super`]. There is no heuristic freshness: a feed that says nothing
//! is asked again when its schedule says so.

use tidegate_plugin_kit::{Header, headers};

use crate::dates;

/// Seconds; 0 if the answer must not be used again without asking, none if nothing is said.
pub fn seconds(fields: &[Header], now: &str) -> Option<u32> {
    let control = headers::joined(fields, "cache-control");
    let directives = control.as_deref().map(directives).unwrap_or_default();
    let has = |name: &str| directives.iter().any(|(known, _)| known == name);
    // `no-cache="field"` restricts single fields only (RFC 9111 section 5.2.2.4).
    let no_cache = directives.iter().any(|(name, value)| name == "no-cache" && value.is_none());
    // Who understands the status may store all the same (RFC 9111 section 5.2.2.3).
    if no_cache || (has("no-store") && !has("must-understand")) {
        return Some(0);
    }
    let lifetime = match directives.iter().find(|(name, _)| name == "max-age") {
        Some((_, value)) => max_age(value.as_deref().unwrap_or_default()),
        None => expires(fields, now)?,
    };
    let age = headers::first(fields, "age").map_or(0, age);
    Some(u32::try_from(lifetime.saturating_sub(age).clamp(0, i64::from(u32::MAX))).unwrap_or(u32::MAX))
}

/// Whole seconds. Nonsense counts as stale (RFC 9111 section 4.2.1).
fn max_age(value: &str) -> i64 {
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    // More than fits is as good as for ever (RFC 9111 section 1.2.2).
    if plain { value.parse().unwrap_or(i64::from(u32::MAX)) } else { 0 }
}

/// The first member of a list of ages counts; nonsense is no age.
fn age(value: &str) -> i64 {
    let first = value.split([',', ';']).next().unwrap_or_default().trim();
    if first.is_empty() || !first.bytes().all(|b| b.is_ascii_digit()) { 0 } else { max_age(first) }
}

/// Seconds from `Date` (or now) to `Expires`; none without an `Expires`, 0 if it is no date.
fn expires(fields: &[Header], now: &str) -> Option<i64> {
    let mut all = headers::all(fields, "expires");
    let expires = all.next()?;
    if all.any(|other| other != expires) {
        return Some(0);
    }
    let date = headers::first(fields, "date").and_then(http_date).or_else(|| dates::seconds_of(now));
    Some(match (http_date(expires), date) {
        (Some(expires), Some(date)) => expires - date,
        _ => 0,
    })
}

/// Names in lower case with their values; quotes are taken off, a comma within them is none.
fn directives(value: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut quoted = false;
    for part in value.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    }) {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => {
                (name, Some(value.strip_prefix('"').and_then(|v| v.trim_end().strip_suffix('"')).unwrap_or(value)))
            }
            None => (part, None),
        };
        let name = name.trim().to_ascii_lowercase();
        if !name.is_empty() {
            // No blanks around a value: `max-age= 60` is nonsense, and stays so.
            let value = value.map(|v| if v.starts_with(' ') { v.to_owned() } else { v.trim_end().to_owned() });
            found.push((name, value));
        }
    }
    found
}

/// A date of HTTP in one of its three forms (RFC 9110 section 5.6.7), strictly: caches differ on anything else, and what
/// is no date is stale.
pub fn http_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').collect();
    let (day, month, year, time) = match words.as_slice() {
        [name, day, month, year, time, "GMT"] if name.len() == 4 && name.ends_with(',') => {
            (*day, *month, (*year).to_owned(), *time)
        }
        [name, date, time, "GMT"] if name.ends_with("day,") => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            (day, month, rfc850_year(year)?, *time)
        }
        [_, month, "", day, time, year] if day.len() == 1 => (*day, *month, (*year).to_owned(), *time),
        [name, month, day, time, year] if name.len() == 3 => (*day, *month, (*year).to_owned(), *time),
        _ => return None,
    };
    let shaped = time.len() == 8
        && time.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { b.is_ascii_digit() });
    let named = month.len() == 3 && year.len() == 4;
    (shaped && named).then(|| dates::seconds_of(&format!("{day} {month} {year} {time} GMT")))?
}

/// Two digits: those that would lie more than 50 years ahead belong to the last century. Seen from this one.
fn rfc850_year(year: &str) -> Option<String> {
    let value: u32 = year.parse().ok().filter(|_| year.len() == 2)?;
    Some(format!("{}{year}", if value > 75 { 19 } else { 20 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(fields: &[(&str, &str)]) -> Option<u32> {
        let fields: Vec<Header> = fields
            .iter()
            .map(|(name, value)| Header { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect();
        seconds(&fields, "2027-12-31T23:59:00Z")
    }

    #[test]
    fn lifetimes() {
        for (fields, expected) in [
            (&[][..], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "foo, Max-Age=60")], Some(60)),
            (&[("cache-control", "max-age=\"60\"")], Some(60)),
            (&[("cache-control", "max-age= 60")], Some(0)),
            (&[("cache-control", "x=\"max-age=60, y\", max-age=5")], Some(5)),
            (&[("cache-control", "max-age=60, no-store")], Some(0)),
            (&[("cache-control", "no-cache=\"a\", max-age=60")], Some(60)),
            (&[("cache-control", "max-age=99999999999999999999")], Some(u32::MAX)),
            (&[("cache-control", "max-age=60"), ("age", "50")], Some(10)),
            (&[("expires", "Sat, 01 Jan 2028 00:00:00 GMT")], Some(60)),
            (&[("expires", "Saturday, 01-Jan-28 00:00:00 GMT"), ("date", "Fri, 31 Dec 2027 23:59:30 GMT")], Some(30)),
            (&[("expires", "0")], Some(0)),
        ] {
            assert_eq!(fresh(fields), expected, "{fields:?}");
        }
    }
}
