//! Every key of a profile: one table, for the parser and for editors.
//!
//! Owns: names, forms, ranges, defaults and meaning of the keys. Must not know: serde or JSON Schema. `read` checks ranges by
//! it, `schema` makes of it what editors complete and check by; a test holds it against the shapes that are parsed.

use std::time::Duration;

use tidegate_core::limits;

/// A key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) required: bool,
    /// What holds without it, as JSON; "" if nothing does.
    pub(super) default: &'static str,
    /// For the person who writes it.
    pub(super) about: &'static str,
}

/// What may stand for a key.
pub(super) enum Form {
    /// Any text.
    Text,
    /// A text of this pattern (ECMA-262, as JSON Schema has it).
    Pattern(&'static str),
    /// A whole number.
    Count { least: u64, most: u64 },
    /// A power of two.
    PowerOfTwo { least: u64, most: u64 },
    /// A time span.
    Span { most: Duration },
    /// Amount of US dollars.
    Money,
    /// `true` or `false`.
    Flag,
    /// A span, or this word.
    SpanOr(&'static str),
    /// A table of tiers: `"default"`, or rows.
    Tiers,
    /// A list of texts.
    Texts,
    /// A list of spans.
    Spans,
    /// Any table: the plugin's business.
    Any,
    /// Amounts of US dollars by names.
    Prices,
    /// A table of these keys.
    Table(&'static [Key]),
    /// A table of these keys, with exactly one of those.
    OneOf(&'static [Key], &'static [&'static str]),
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, required: false, default: "", about }
}

impl Key {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn default(mut self, json: &'static str) -> Self {
        self.default = json;
        self
    }
}

const YEAR: Duration = Duration::from_secs(365 * 86_400);
const SPAN: Form = Form::Span { most: YEAR };
const AT_LEAST_ONE: Form = Form::Count { least: 1, most: 1_000_000_000 };

/// The keys of a profile.
pub(super) const PROFILE: &[Key] = &[
    key("description", Form::Text, "One sentence for a person."),
    key("plugin", Form::Text, "Which plugin, by its name (`tidegate plugin list`).").required(),
    key(
        "plugin_digest",
        Form::Pattern("^(sha256:)?[0-9A-Fa-f]{64}$"),
        "The one component of that name that may be used, by its SHA-256. Without it: whichever serves.",
    ),
    key("kind", Form::Text, "Which of the plugin's kinds of source.").required(),
    key("allowed_overrides", Form::Texts, "Which overrides a source may set. Without it: all the plugin knows."),
    key("keep_pages", SPAN, "Keep raw pages so long, for replay. Without it: not at all."),
    key(
        "keep_pages_bytes",
        Form::Count { least: 1, most: 1 << 40 },
        "Room the kept pages of all its sources may take together, compressed, in bytes; the oldest go first.",
    )
    .default("268435456"),
    key("overrides", Form::Any, "What every source of this profile starts from; the names are the plugin's."),
    key(
        "schedule",
        Form::OneOf(SCHEDULE, &["every", "cron", "tiers"]),
        "When sources run that do not say so themselves.",
    )
    .required(),
    key("caps", Form::Table(CAPS), "How much one run may bring."),
    key("budget", Form::Table(BUDGET), "How much may be spent. Money is in US dollars."),
    key(
        "rate",
        Form::Table(RATE),
        "How often runs of this profile may begin and how many at once, all tenants together.",
    ),
    key("retry", Form::Table(RETRY), "What follows failures."),
    key("net", Form::Table(NET), "What may be fetched directly, without an actor."),
    key("limits", Form::Table(LIMITS), "What one call of the plugin may use."),
    key(
        "demand",
        Form::Table(DEMAND),
        "Let reading a feed cause a run of a stale source. Without it: reading fetches nothing.",
    ),
    key("actor", Form::Table(ACTOR), "The actor its sources are run with, where the plugin needs one."),
];

const SCHEDULE: &[Key] = &[
    key("every", SPAN, "So long after the last attempt, plus up to a tenth to spread herds."),
    key("cron", Form::Text, "At the times of a cron expression: five fields, or six with seconds first."),
    key("timezone", Form::Text, "The IANA time zone of cron.").default("\"UTC\""),
    key("tiers", Form::Tiers, "So long after the last attempt as its active followers are worth; none: not at all."),
    key("activity", Form::Flag, "Faster in the hours its followers read, slower in the others. Not with cron.")
        .default("false"),
    key("adaptive", Form::Flag, "Never faster than the source publishes, nor than it asks for.").default("false"),
    key(
        "jitter",
        Form::SpanOr("none"),
        "How much later a run may be, to spread herds (default: a tenth, at most 5m; with cron none).",
    ),
    key("min_interval", SPAN, "Never more often, whatever a source says.").default("\"1m\""),
];

const DEMAND: &[Key] = &[key(
    "stale_after",
    SPAN,
    "A source is stale so long after its last attempt; at most one extra run in that time, within budget and rate.",
)
.required()];

const ITEMS: Form = Form::Count { least: 1, most: 10_000 };

const CAPS: &[Key] = &[
    key("max_items", ITEMS, "New items of one run.").default("10"),
    key("bootstrap_max_items", ITEMS, "New items of the first run of a source.").default("20"),
    key(
        "max_pages",
        Form::Count { least: 1, most: 1_000 },
        "Fetches of one run (default 10; with an actor: actor.starts).",
    ),
    key("deadline", Form::Span { most: limits::RUN_DEADLINE_MOST }, "Time of one run; actor runs have their own.")
        .default("\"5m\""),
];

const BUDGET: &[Key] = &[
    key("runs_per_day", AT_LEAST_ONE, "Runs of this profile per day, for each tenant."),
    key("usd_per_day", Form::Money, "Money per day, for each tenant."),
    key("usd_per_month", Form::Money, "Money per month, for each tenant."),
    key("usd_per_run", Form::Money, "The most one run may cost, all its actor runs together."),
    key("source_usd_per_day", Form::Money, "Money for one source per day."),
    key("source_usd_per_month", Form::Money, "Money for one source per month."),
];

const RATE_LIMIT: Form = Form::Count { least: 1, most: limits::RATE_MOST as u64 };

const RATE: &[Key] = &[
    key("runs_per_minute", RATE_LIMIT, "Runs in any minute; a tenth of them at once, the rest evenly."),
    key("runs_per_hour", RATE_LIMIT, "Runs in any hour; a tenth of them at once, the rest evenly."),
    key("runs_at_once", RATE_LIMIT, "Runs under way at once; one that waits for its actor run is under way."),
];

const RETRY: &[Key] = &[
    key("in_run", Form::Spans, "Waits before a failed fetch is repeated inside the run.").default("[\"5s\", \"15s\"]"),
    key("runs", Form::Spans, "Waits before a failed run is repeated.").default("[\"5m\", \"10m\", \"20m\"]"),
    key("max_failures", Form::Count { least: 1, most: 1_000 }, "Failures in a row after which a source is paused.")
        .default("3"),
];

const BODY: u64 = 32 << 20;

const NET: &[Key] = &[
    key("allowed_hosts", Form::Texts, "Hosts the plugin may name: \"api.example.com\", \"*.example.com\" or \"*\".")
        .default("[\"*\"]"),
    key(
        "allowed_methods",
        Form::Texts,
        "Methods of its requests, of those the plugin asks for. Default: all of them; with a credential GET alone, if it asks for that.",
    ),
    key(
        "allow_private",
        Form::Texts,
        "Private destinations that may be dialled all the same: networks, addresses, names.",
    )
    .default("[]"),
    key("body_bytes", Form::Count { least: 1, most: BODY }, "Largest body after decompression, in bytes.")
        .default("10485760"),
    key(
        "credential",
        Form::Table(NET_CREDENTIAL),
        "A credential that is attached to requests at the origin it belongs to.",
    ),
];

const NET_CREDENTIAL: &[Key] = &[
    key("name", NAME, "Which one: the NAME of [credentials.NAME] in tidegate.toml, whose origin alone gets it.")
        .required(),
    key(
        "header",
        Form::Pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"),
        "The header field that carries it (default \"Authorization\").",
    ),
    key(
        "prefix",
        Form::Text,
        "What stands before its value in that field (default \"Bearer \" in Authorization, else nothing).",
    ),
    key(
        "query",
        Form::Pattern("^[A-Za-z0-9._~\\[\\]-]{1,64}$"),
        "The parameter of the query that carries it, instead of a header field.",
    ),
];

const LIMITS: &[Key] = &[
    key(
        "memory_mb",
        Form::Count { least: 1, most: (limits::MEMORY_BYTES_MOST / limits::MIB) as u64 },
        "Linear memory of one call, in MiB.",
    )
    .default("64"),
    key("cpu", Form::Span { most: limits::CALL_CPU_MOST }, "CPU time of one call.").default("\"2s\""),
    key(
        "answer_bytes",
        Form::Count { least: limits::ANSWER_BYTES_RANGE.0 as u64, most: limits::ANSWER_BYTES_RANGE.1 as u64 },
        "What one call may give back, in bytes.",
    )
    .default("16777216"),
];

const NAME: Form = Form::Pattern("^[a-z][a-z0-9_-]{0,62}$");
const MEMORY: Form =
    Form::PowerOfTwo { least: limits::ACTOR_MEMORY_MB.0 as u64, most: limits::ACTOR_MEMORY_MB.1 as u64 };

const ACTOR: &[Key] = &[
    key("name", Form::Pattern("^[A-Za-z0-9._-]{1,64}/[A-Za-z0-9._-]{1,64}$"), "The actor, as \"user/name\".")
        .required(),
    key(
        "build",
        Form::Pattern("^[A-Za-z0-9._-]{1,64}$"),
        "Tag or number of its build. \"latest\" is whatever its author published last: pin a number.",
    )
    .default("\"latest\""),
    key("credential", NAME, "Whose account pays: the NAME of [credentials.NAME] in tidegate.toml.")
        .default("\"apify\""),
    key("memory_mb", MEMORY, "Memory of a run in MB, a power of two. Without it: the actor's own."),
    key(
        "timeout",
        Form::Span { most: limits::ACTOR_TIMEOUT_MOST },
        "After this the platform ends a run, paid for as far as it came.",
    )
    .default("\"5m\""),
    key(
        "spare_elements",
        Form::Count { least: 0, most: limits::ACTOR_SPARE_MOST as u64 },
        "Elements beyond the cap of new items that a run may bring and pay for: pinned posts, padding.",
    )
    .default("0"),
    key(
        "starts",
        Form::Count { least: 1, most: limits::ACTOR_STARTS_MOST as u64 },
        "Actor runs one run may start, one after the other.",
    )
    .default("1"),
    key(
        "price",
        Form::Table(PRICE),
        "What the actor costs. Without a price nothing can be reserved, so it is required.",
    )
    .required(),
];

const PRICE: &[Key] = &[
    key("as_of", Form::Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), "The day the prices were looked up.").required(),
    key("start", Form::Money, "Of a start.").default("0"),
    key("element", Form::Money, "Of one element in the dataset; errors and padding are elements too.").required(),
    key("minimum", Form::Money, "The least charge cap with which the actor starts at all.").default("0"),
    key(
        "compute_unit",
        Form::Money,
        "Of a compute unit (1 GB for 1 h), where platform usage is paid for. Needs memory_mb.",
    )
    .default("0"),
    key("events", Form::Prices, "Of one of each further event the actor charges, by the name the plugin gives it."),
];
