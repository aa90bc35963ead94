//! A schedule as it is stored and typed.
//!
//! Owns: the keys, which go together, and the errors about them. Must not know: TOML or JSON. Read by `Deserialize` of
//! [`Schedule`] (rows of the store), and by the profiles' reader, which has the keys among its own.
//!
//! `{"every": "6h"}`, `{"cron": "0 9,17 * * 1-5", "timezone": "Europe/Berlin"}`, `{"tiers": "default"}` or
//! `{"tiers": [{"followers": 100, "every": "3m"}, ...]}`; with any of them `"adaptive": true` and `"jitter": "2m"` or `"none"`,
//! with `every` and `tiers` `"activity": true`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::cron::{Cron, NotCron};
use super::tier::{NotTiers, Tier, Tiers};
use super::{Jitter, Rhythm, Schedule, Tuning};
use crate::nearest;
use crate::time::{NotASpan, Span};

/// The keys of a schedule, as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Written {
    /// So long after the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// A cron expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// Its IANA time zone; UTC without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// By followers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<WrittenTiers>,
    /// Faster in the hours its followers read.
    #[serde(skip_serializing_if = "is_false")]
    pub activity: bool,
    /// Never faster than the source publishes or asks for.
    #[serde(skip_serializing_if = "is_false")]
    pub adaptive: bool,
    /// `none`, or a span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// `"default"`, or rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "tiers is \"default\" or a list of { followers = 100, every = \"3m\" }")]
pub enum WrittenTiers {
    /// A table by its name; there is only `default`.
    Named(String),
    /// Rows, from most followers to fewest.
    Rows(Vec<Tier>),
}

/// Why keys make no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotASchedule {
    /// None of the forms, or several.
    #[error("a schedule has one of every, cron and tiers; this one has {0}")]
    Form(&'static str),
    /// A zone with nothing in it.
    #[error("timezone belongs to cron: intervals are the same in every zone")]
    ZoneAlone,
    /// Weights where no interval is.
    #[error("activity belongs to every and tiers, whose intervals it bends; the times of cron are kept")]
    ActivityOfCron,
    /// The expression or its zone is wrong.
    #[error(transparent)]
    Cron(#[from] NotCron),
    /// The rows are wrong.
    #[error(transparent)]
    Tiers(#[from] NotTiers),
    /// There is one table only.
    #[error("tiers = {0:?} is no table; write \"default\" or a list of {{ followers = 100, every = \"3m\" }}")]
    Table(String),
    /// Neither none nor a span.
    #[error("jitter: {0}, or \"none\"")]
    Jitter(#[from] NotASpan),
}

impl NotASchedule {
    /// The key to point at; "" for the whole schedule.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Form(_) => "",
            Self::ZoneAlone | Self::Cron(NotCron::Zone { .. }) => "timezone",
            Self::ActivityOfCron => "activity",
            Self::Cron(NotCron::Expression { .. }) => "cron",
            Self::Tiers(_) | Self::Table(_) => "tiers",
            Self::Jitter(_) => "jitter",
        }
    }
}

impl Written {
    /// Every key.
    pub const KEYS: [&'static str; 7] = ["every", "cron", "timezone", "tiers", "activity", "adaptive", "jitter"];

    /// The schedule that is written.
    ///
    /// # Errors
    /// [`NotASchedule`]: the first thing that is wrong.
    pub fn read(&self) -> Result<Schedule, NotASchedule> {
        let rhythm = match (self.every, &self.cron, &self.tiers) {
            (Some(span), None, None) => Rhythm::Every(span),
            (None, Some(cron), None) => {
                let timezone = self.timezone.as_deref().unwrap_or("UTC");
                Rhythm::Cron(Box::new(Cron::parse(cron, timezone)?))
            }
            (None, None, Some(WrittenTiers::Rows(rows))) => Rhythm::Tiers(Tiers::new(rows.clone())?),
            (None, None, Some(WrittenTiers::Named(name))) if name == "default" => Rhythm::Tiers(Tiers::default()),
            (None, None, Some(WrittenTiers::Named(name))) => return Err(NotASchedule::Table(name.clone())),
            (None, None, None) => return Err(NotASchedule::Form("none of them")),
            _ => return Err(NotASchedule::Form("several of them")),
        };
        let cron = matches!(rhythm, Rhythm::Cron(_));
        if self.timezone.is_some() && !cron {
            return Err(NotASchedule::ZoneAlone);
        }
        if self.activity && cron {
            return Err(NotASchedule::ActivityOfCron);
        }
        let jitter = match self.jitter.as_deref().map(str::trim) {
            None => Jitter::Usual,
            Some("none") => Jitter::Off,
            Some(span) => Jitter::UpTo(span.parse()?),
        };
        Ok(Schedule { rhythm, tuning: Tuning { activity: self.activity, adaptive: self.adaptive, jitter } })
    }
}

impl From<&Schedule> for Written {
    fn from(schedule: &Schedule) -> Self {
        let tuning = schedule.tuning;
        let jitter = match tuning.jitter {
            Jitter::Usual => None,
            Jitter::Off => Some("none".to_owned()),
            Jitter::UpTo(span) => Some(span.to_string()),
        };
        let written = Self { activity: tuning.activity, adaptive: tuning.adaptive, jitter, ..Self::default() };
        match &schedule.rhythm {
            Rhythm::Every(span) => Self { every: Some(*span), ..written },
            Rhythm::Cron(cron) => {
                Self { cron: Some(cron.expression().to_owned()), timezone: Some(cron.timezone().to_owned()), ..written }
            }
            Rhythm::Tiers(tiers) if *tiers == Tiers::default() => {
                Self { tiers: Some(WrittenTiers::Named("default".to_owned())), ..written }
            }
            Rhythm::Tiers(tiers) => Self { tiers: Some(WrittenTiers::Rows(tiers.rows().to_vec())), ..written },
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::<String, Value>::deserialize(deserializer)?;
        if let Some(key) = map.keys().find(|key| !Written::KEYS.contains(&key.as_str())) {
            let known = Written::KEYS;
            return Err(D::Error::custom(match nearest::nearest(key, known) {
                Some(meant) => format!("unknown key {key:?} in a schedule; did you mean {meant:?}?"),
                None => format!("unknown key {key:?} in a schedule; known: {}", known.join(", ")),
            }));
        }
        let written = Written::deserialize(Value::Object(map)).map_err(D::Error::custom)?;
        written.read().map_err(D::Error::custom)
    }
}
