//! Datasets in trouble: rows that are wrong, missing, doubled, or no JSON.
//!
//! Owns: the list of data faults and what each does to rows and bytes. Called when rows are planned and written.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::rows::{Filler, Outcome, Row, shuffle};
use crate::dice::Dice;
use crate::limits::{DEEP_LEVELS, LARGE_ITEM_BYTES};

/// One fault of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spoil {
    /// A byte in a text that is no UTF-8.
    InvalidUtf8,
    /// Half of a surrogate pair, escaped.
    LoneSurrogate,
    /// An escaped U+0000 in a text.
    Nul,
    /// A byte order mark before the body.
    Bom,
    /// Integers beyond 2^53 and 2^64.
    BigNumbers,
    /// The same key twice.
    DuplicateKeys,
    /// An item of 9 MB.
    Large,
    /// An item 200 levels deep.
    Nested,
    /// An element that is `null`.
    Null,
    /// An element that is a number.
    Number,
    /// An element that is a string.
    Text,
    /// Every item twice.
    Duplicates,
    /// In any order.
    Unordered,
    /// Every third item is somebody else's.
    Foreign,
    /// An item from next year.
    Future,
    /// An item from long before the cutoff.
    Old,
    /// Other types than usual in all items.
    Drift,
    /// Error items between the good ones.
    ErrorsMixed,
    /// One `not_found` item and nothing else.
    OnlyNotFound,
    /// One `no_items` item and nothing else.
    OnlyNoItems,
    /// One `no_items` item with blocked requests and nothing else.
    OnlyBlocked,
    /// `noResults` rows only.
    NoResults,
    /// `demo` rows only.
    Demo,
    /// `mock_tweet` rows only.
    Mock,
    /// Every third row is empty: `clean=1` leaves it out.
    EmptyRows,
}

impl Spoil {
    /// Whether it is one item's, the rest staying as it is.
    fn is_of_one(self) -> bool {
        matches!(
            self,
            Self::InvalidUtf8
                | Self::LoneSurrogate
                | Self::Nul
                | Self::BigNumbers
                | Self::DuplicateKeys
                | Self::Large
                | Self::Nested
                | Self::Future
                | Self::Old
        )
    }
}

/// Changes rows. Faults of one item go to different items.
pub(crate) fn spoil(mut rows: Vec<Row>, faults: &[Spoil], dice: Dice) -> Vec<Row> {
    for (nth, fault) in faults.iter().copied().enumerate() {
        if fault.is_of_one() {
            if rows.is_empty() {
                rows.push(Row::Raw("{}"));
            }
            let at = (1 + 2 * nth) % rows.len();
            if let Some(row) = rows.get_mut(at) {
                *row = Row::Spoiled(Box::new(row.clone()), fault);
            }
            continue;
        }
        rows = spoil_all(rows, fault, dice);
    }
    rows
}

fn spoil_all(mut rows: Vec<Row>, fault: Spoil, dice: Dice) -> Vec<Row> {
    let outcome = |outcome| Row::Outcome { target: 0, outcome };
    let middle = rows.len() / 2;
    match fault {
        Spoil::Null => rows.insert(middle, Row::Raw("null")),
        Spoil::Number => rows.insert(middle, Row::Raw("42")),
        Spoil::Text => rows.insert(middle, Row::Raw("\"a string\"")),
        Spoil::Duplicates => rows = rows.into_iter().flat_map(|row| [row.clone(), row]).collect(),
        Spoil::Unordered => shuffle(&mut rows, dice.of("unordered")),
        Spoil::ErrorsMixed => {
            rows.insert(rows.len().min(2), outcome(Outcome::NoItems));
            rows.insert(rows.len().min(1), outcome(Outcome::NotFound));
        }
        Spoil::OnlyNotFound => rows = vec![outcome(Outcome::NotFound)],
        Spoil::OnlyNoItems => rows = vec![outcome(Outcome::NoItems)],
        Spoil::OnlyBlocked => rows = vec![outcome(Outcome::Blocked)],
        Spoil::NoResults => rows = vec![Row::Filler(Filler::NoResults); 3],
        Spoil::Demo => rows = vec![Row::Filler(Filler::Demo); 5],
        Spoil::Mock => rows = vec![Row::Filler(Filler::Mock); 15],
        Spoil::Drift => rows = rows.into_iter().map(|row| Row::Spoiled(Box::new(row), fault)).collect(),
        Spoil::Foreign => {
            for row in rows.iter_mut().skip(1).step_by(3) {
                *row = Row::Spoiled(Box::new(row.clone()), fault);
            }
        }
        Spoil::EmptyRows => {
            let with_empty = rows.into_iter().enumerate().flat_map(|(nth, row)| {
                let empty = (nth % 2 == 1).then_some(Row::Raw("{}"));
                [Some(row), empty].into_iter().flatten()
            });
            rows = with_empty.collect();
        }
        _ => {}
    }
    rows
}

/// Changes the bytes of an item.
pub(crate) fn mangle(item: Vec<u8>, fault: Spoil) -> Vec<u8> {
    match fault {
        Spoil::InvalidUtf8 => with_member(&item, b"\"note\":\"tide\xff\xfetable\""),
        Spoil::LoneSurrogate => with_member(&item, br#""note":"half \ud83d of a pair""#),
        Spoil::Nul => with_member(&item, br#""note":"before\u0000after""#),
        Spoil::BigNumbers => {
            with_member(&item, br#""big":9007199254740993,"bigger":123456789012345678901234567890,"exp":1e400"#)
        }
        Spoil::DuplicateKeys => with_member(&item, br#""note":"first","note":"second""#),
        Spoil::Large => {
            with_member(&item, &[b"\"padding\":\"", vec![b'x'; LARGE_ITEM_BYTES].as_slice(), b"\""].concat())
        }
        Spoil::Nested => {
            let (open, close) = ("[".repeat(DEEP_LEVELS), "]".repeat(DEEP_LEVELS));
            with_member(&item, format!("\"nested\":{open}{close}").as_bytes())
        }
        Spoil::Drift | Spoil::Foreign | Spoil::Future | Spoil::Old => {
            let Ok(value) = serde_json::from_slice::<Value>(&item) else { return item };
            let value = match fault {
                Spoil::Foreign => foreign(value),
                Spoil::Future => moved(value, 365 * 86_400_000),
                Spoil::Old => moved(value, -400 * 86_400_000),
                _ => drifted(value),
            };
            value.to_string().into_bytes()
        }
        _ => item,
    }
}

/// Adds members at the end of an object.
fn with_member(item: &[u8], member: &[u8]) -> Vec<u8> {
    let inner = item.strip_suffix(b"}").unwrap_or(b"{");
    let comma: &[u8] = if inner.len() > 1 { b"," } else { b"" };
    [inner, comma, member, b"}"].concat()
}

/// Other types than usual: ids as numbers, hidden likes, missing names, short and long text exchanged.
pub(crate) fn drifted(mut item: Value) -> Value {
    let Some(map) = item.as_object_mut() else { return item };
    if let Some(id) = map.get("id").and_then(Value::as_str).and_then(|id| id.parse::<u64>().ok()) {
        map.insert("id".into(), json!(id));
    }
    set(map, "likesCount", &json!(-1));
    map.insert("locationId".into(), json!(212_988_663));
    map.remove("ownerFullName");
    map.remove("possiblySensitive");
    if let (Some(text), Some(full)) = (map.get("text").cloned(), map.get("fullText").cloned()) {
        let cut: String = text.as_str().unwrap_or_default().chars().take(12).collect();
        map.insert("text".into(), json!(cut));
        map.insert(
            "fullText".into(),
            if full.as_str().map(str::len) > text.as_str().map(str::len) { full } else { text },
        );
    }
    item
}

fn foreign(mut item: Value) -> Value {
    let Some(map) = item.as_object_mut() else { return item };
    set(map, "ownerUsername", &json!("somebody.else"));
    set(map, "ownerId", &json!("4711"));
    if let Some(author) = map.get_mut("author").and_then(Value::as_object_mut) {
        author.insert("userName".into(), json!("somebody_else"));
        author.insert("id".into(), json!("4711"));
    }
    item
}

/// The time of publication moved; ids stay.
fn moved(mut item: Value, by: i64) -> Value {
    let Some(map) = item.as_object_mut() else { return item };
    if let Some(at) = map.get("timestamp").and_then(Value::as_str).and_then(crate::clock::Millis::parse) {
        map.insert("timestamp".into(), json!(at.after(by).iso()));
    }
    if let Some(id) = map.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok()) {
        let at = crate::published::time_of_id(crate::published::Platform::X, id).after(by);
        set(map, "createdAt", &json!(at.format("%a %b %d %H:%M:%S +0000 %Y")));
    }
    item
}

/// Replaces what is there; adds nothing.
fn set(map: &mut Map<String, Value>, key: &str, value: &Value) {
    if let Some(there) = map.get_mut(key) {
        *there = value.clone();
    }
}
