//! A reader of the text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>), stricter than Prometheus: every
//! family has HELP and TYPE before its first line, stands together, and no series comes twice.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) family: String,
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

#[derive(Debug, Default)]
pub(super) struct Exposed {
    /// Type and help.
    pub(super) families: BTreeMap<String, (String, String)>,
    pub(super) series: Vec<Series>,
}

pub(super) fn read(text: &str) -> Result<Exposed, String> {
    let mut exposed = Exposed::default();
    let (mut help, mut current): (Option<(String, String)>, Option<String>) = (None, None);
    let mut seen = BTreeSet::new();
    if !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    for line in text.lines() {
        let wrong = |why: &str| format!("{why}: {line:?}");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').ok_or_else(|| wrong("HELP without a text"))?;
            help = Some((name.to_owned(), text.to_owned()));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, sort) = rest.split_once(' ').ok_or_else(|| wrong("TYPE without a type"))?;
            let (helped, text) = help.take().ok_or_else(|| wrong("TYPE without HELP"))?;
            if helped != name || !is_name(name, true) || !["counter", "gauge", "histogram"].contains(&sort) {
                return Err(wrong("a TYPE of another name, or no type"));
            }
            if exposed.families.insert(name.to_owned(), (sort.to_owned(), text)).is_some() {
                return Err(wrong("a family in two places"));
            }
            current = Some(name.to_owned());
        } else if line.is_empty() || line.starts_with('#') {
            return Err(wrong("neither HELP, TYPE nor a series"));
        } else {
            let family = current.clone().ok_or_else(|| wrong("a series before its TYPE"))?;
            let series = series(line, family).ok_or_else(|| wrong("no series"))?;
            check(&series, &exposed.families[&series.family].0).map_err(wrong)?;
            if !seen.insert((series.name.clone(), series.labels.clone())) {
                return Err(wrong("a series twice"));
            }
            exposed.series.push(series);
        }
    }
    Ok(exposed)
}

fn is_name(text: &str, colons: bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    text.chars().all(fits) && text.starts_with(|c: char| !c.is_ascii_digit())
}

fn check(series: &Series, sort: &str) -> Result<(), &'static str> {
    let suffix = series.name.strip_prefix(&series.family).ok_or("a series of another family")?;
    let le = series.labels.iter().any(|(name, _)| name == "le");
    match (sort, suffix) {
        ("counter", "") if series.value >= 0.0 && !le => Ok(()),
        ("gauge", "") if !le => Ok(()),
        ("histogram", "_bucket") if le => Ok(()),
        ("histogram", "_sum" | "_count") if !le => Ok(()),
        _ => Err("a series that is not of its type"),
    }
}

fn series(line: &str, family: String) -> Option<Series> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(label, false) || labels.iter().any(|(known, _)| known == label) {
                return None;
            }
            labels.push((label.to_owned(), value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = match rest.strip_prefix(' ')? {
        "+Inf" => f64::INFINITY,
        number => number.parse().ok()?,
    };
    labels.sort();
    is_name(name, true).then(|| Series { family, name: name.to_owned(), labels, value })
}

/// The text up to the closing quote, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

#[test]
fn it_refuses_what_is_wrong() {
    let right = "# HELP a b c\n# TYPE a counter\na{x=\"1\\\"\\n\"} 1\na{x=\"2\"} 2.5\n";
    assert_eq!(read(right).unwrap().series.len(), 2);
    for wrong in [
        "a 1\n",
        "# TYPE a counter\na 1\n",
        "# HELP a b\n# TYPE b counter\n",
        "# HELP a b\n# TYPE a counter\na 1\na 1\n",
        "# HELP a b\n# TYPE a counter\na -1\n",
        "# HELP a b\n# TYPE a counter\na x\n",
        "# HELP a b\n# TYPE a counter\na{x=1} 1\n",
        "# HELP a b\n# TYPE a counter\na{x=\"1\",x=\"1\"} 1\n",
        "# HELP a b\n# TYPE a counter\nb 1\n",
        "# HELP a b\n# TYPE a histogram\na 1\n",
        "# HELP a b\n# TYPE a counter\na 1",
        "# HELP a b\n# TYPE a counter\na 1\n\n",
    ] {
        assert!(read(wrong).is_err(), "{wrong:?}");
    }
}
