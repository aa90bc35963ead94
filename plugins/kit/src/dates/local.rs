//! Dates of some services in their own language or order.
//!
//! Owns: Greek, Hungarian, Korean (OnBlog and Nate), and `2006/09/15 08:19:53 EDT`. Called by [`super`] last.

use crate::moment::Moment;

use super::civil::{clock, number, utc};
use super::{rfc822, w3c};

/// Reads `text`; `lower` is the same in lower case.
pub(super) fn parse(text: &str, lower: &str) -> Option<Moment> {
    slashes(lower).or_else(|| greek(text)).or_else(|| hungarian(lower)).or_else(|| korean(text))
}

/// `fri, 2006/09/15 08:19:53 edt`, with or without the day's name: rewritten as RFC 822.
fn slashes(lower: &str) -> Option<Moment> {
    let mut words: Vec<&str> = lower.split_whitespace().collect();
    if words.first()?.ends_with(',') {
        words.remove(0);
    }
    let (date, rest) = words.split_first()?;
    let mut parts = date.split('/');
    let year = parts.next().filter(|year| year.len() == 4).and_then(number)?;
    let month = usize::try_from(parts.next().and_then(number)?).ok()?;
    let day = parts.next().and_then(number)?;
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = NAMES.get(month.checked_sub(1)?)?;
    rfc822::parse(&format!("{day} {name} {year} {}", rest.join(" ")))
}

/// `Κυρ, 11 Ιούλ 2004 12:00:00 EST`: the month's name is put into English.
fn greek(text: &str) -> Option<Moment> {
    const MONTHS: [(&str, &str); 19] = [
        ("Ιαν", "jan"),
        ("Φεβ", "feb"),
        ("Μάώ", "mar"),
        ("Μαώ", "mar"),
        ("Απρ", "apr"),
        ("Μάι", "may"),
        ("Μαϊ", "may"),
        ("Μαι", "may"),
        ("Ιούν", "jun"),
        ("Ιον", "jun"),
        ("Ιούλ", "jul"),
        ("Ιολ", "jul"),
        ("Αύγ", "aug"),
        ("Αυγ", "aug"),
        ("Σεπ", "sep"),
        ("Οκτ", "oct"),
        ("Νοέ", "nov"),
        ("Νοε", "nov"),
        ("Δεκ", "dec"),
    ];
    let (_, rest) = text.split_once(',')?;
    let mut words = rest.split_whitespace();
    let (day, name) = (words.next()?, words.next()?);
    let (_, english) = MONTHS.iter().find(|(greek, _)| *greek == name)?;
    let rest: Vec<&str> = words.collect();
    rfc822::parse(&format!("{day} {english} {}", rest.join(" ")).to_lowercase())
}

/// `2004-július-13t9:15-05:00`: the month's name becomes its number.
fn hungarian(lower: &str) -> Option<Moment> {
    const MONTHS: [(&str, &str); 13] = [
        ("január", "01"),
        ("februári", "02"),
        ("február", "02"),
        ("március", "03"),
        ("április", "04"),
        ("máujus", "05"),
        ("június", "06"),
        ("július", "07"),
        ("augusztus", "08"),
        ("szeptember", "09"),
        ("október", "10"),
        ("november", "11"),
        ("december", "12"),
    ];
    let (year, rest) = lower.split_once('-')?;
    let (name, rest) = rest.split_once('-')?;
    let (_, month) = MONTHS.iter().find(|(hungarian, _)| *hungarian == name)?;
    w3c::parse(&format!("{year}-{month}-{rest}"))
}

/// `2004년 05월 28일  01:31:15` and `2004-05-25 오후 11:23:17`, both in Korea's time.
fn korean(text: &str) -> Option<Moment> {
    const EAST_S: i64 = 9 * 3_600;
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [year, month, day, time] => {
            let unit = |word: &str, unit: char| word.strip_suffix(unit).and_then(number);
            utc((unit(year, '년')?, unit(month, '월')?, unit(day, '일')?), clock(time)?, EAST_S)
        }
        [date, half @ ("오전" | "오후"), time] => {
            let mut parts = date.splitn(3, '-').map(number);
            let date = (parts.next()??, parts.next()??, parts.next()??);
            let (hour, minute, second) = clock(time)?;
            let afternoon = *half == "오후" && hour < 12;
            utc(date, (hour + if afternoon { 12 } else { 0 }, minute, second), EAST_S)
        }
        _ => None,
    }
}
