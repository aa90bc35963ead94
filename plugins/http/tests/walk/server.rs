//! An API as a function: records in, pages out, with every manner servers have.
//!
//! Owns: its listing, its kinds of paging, and what each manner is. Must not know: the plugin. A test asks it what it shows at all.

use serde_json::{Value, json};
use tidegate_plugin_kit::{Header, HttpRequest, HttpResponse};

use super::manners::{Expiry, Manner, Mishap};

pub(crate) const KINDS: [&str; 7] = ["none", "offset", "page", "cursor", "cursor-header", "link-header", "link-body"];
const ENDPOINT: &str = "https://api.example/items";
/// 2026-01-01 in seconds since 1970, less a year: all records are published by then.
const EPOCH: usize = 1_735_689_600;
/// Stands for the record with the highest id.
const HUGE: usize = usize::MAX;

pub(crate) struct Server {
    kind: &'static str,
    manner: Manner,
    records: usize,
    size: usize,
    pub(crate) order: &'static str,
    pub(crate) by: &'static str,
    pub(crate) filters: bool,
    pub(crate) incremental: bool,
    pub(crate) texts: bool,
    pub(crate) pinned: bool,
    /// Requests of a run after which it answers 429.
    pub(crate) slow_after: Option<usize>,
    /// What goes wrong, and in which run.
    pub(crate) mishap: Option<(Mishap, usize)>,
    /// How it refuses a position, and in which run; none: in each.
    pub(crate) expiry: (Expiry, Option<usize>),
    /// How it refuses whatever stands behind so many records.
    pub(crate) window: Option<(usize, u16)>,
    /// A record at the top whose id is the highest there can be.
    pub(crate) huge: bool,
    /// The oldest record stands at the end of the first page.
    pub(crate) odd: bool,
    /// The number of a record that is dated ten seconds less than ten minutes late.
    pub(crate) ahead: Option<usize>,
    /// Runs so far, and requests of this one.
    run: usize,
    requests: usize,
}

impl Server {
    pub(crate) fn new(kind: &'static str, manner: Manner, records: usize, size: usize) -> Self {
        Self {
            kind,
            manner,
            records,
            size,
            order: "any",
            by: "time",
            filters: false,
            incremental: false,
            texts: false,
            pinned: false,
            slow_after: None,
            mishap: None,
            expiry: (Expiry::Status(400), None),
            window: None,
            huge: false,
            odd: false,
            ahead: None,
            run: 0,
            requests: 0,
        }
    }

    pub(crate) fn settings(&self) -> Value {
        let (kind, next) = match self.kind {
            "cursor" => ("cursor", json!({"next": "/next"})),
            "cursor-header" => ("cursor", json!({"header": "X-Next"})),
            "link-body" => ("link-body", json!({"next": "/link"})),
            other => (other, json!({})),
        };
        let mut paging = next;
        paging["kind"] = kind.into();
        paging["max_pages"] = 1_000.into();
        if self.manner == Manner::WrongTotals || self.mishap.is_some() {
            paging["more"] = "/more".into();
        }
        json!({
            "records": "/items", "fields": {"id": "/id", "published_at": "/at"}, "paging": paging, "error": "/error",
        })
    }

    pub(crate) fn publish(&mut self, more: usize) {
        self.records += more;
    }

    pub(crate) fn begin_run(&mut self) {
        self.run += 1;
        self.requests = 0;
    }

    /// A second after the newest record was published.
    pub(crate) fn now(&self) -> String {
        rfc3339(EPOCH + self.records * 60 - 59)
    }

    fn id(&self, number: usize) -> String {
        if number == HUGE {
            return i64::MAX.to_string();
        }
        if self.texts { format!("r{:06}", number * 7_919 % 1_000_003) } else { (number + 1).to_string() }
    }

    /// When a record says that it was published, in seconds since 1970.
    fn at(&self, number: usize) -> usize {
        let number = if number == HUGE { 0 } else { number };
        EPOCH + number * 60 + if self.ahead == Some(number) { 590 } else { 0 }
    }

    pub(crate) fn newest(&self, count: usize) -> Vec<String> {
        (self.records.saturating_sub(count)..self.records).map(|number| self.id(number)).collect()
    }

    /// What is listed: numbers of records, in order.
    fn listing(&self, since: Option<&str>) -> Vec<usize> {
        let wanted = |number: &usize| match since {
            None => true,
            Some(since) if self.by == "time" => rfc3339(self.at(*number)).as_str() >= since,
            Some(since) => (0..self.records).find(|one| self.id(*one) == since).is_none_or(|one| *number > one),
        };
        let mut listing: Vec<usize> = (0..self.records).filter(wanted).collect();
        listing.sort_by_key(|number| if self.by == "time" { self.at(*number) } else { *number });
        if self.order == "newest-first" {
            listing.reverse();
        }
        if self.order == "any" {
            listing.sort_by_key(|number| number * 31 % 101);
        }
        if self.pinned && self.order == "newest-first" && self.records > 1 {
            listing.insert(0, 0);
        }
        if self.odd && listing.len() > self.step() {
            listing.retain(|number| *number != 0);
            listing.insert(self.step() - 1, 0);
        }
        if self.huge {
            listing.insert(0, HUGE);
        }
        listing
    }

    fn step(&self) -> usize {
        if self.manner == Manner::Short { self.size.div_ceil(2) } else { self.size }
    }

    /// What a client can come to see at all.
    pub(crate) fn visible(&self) -> Vec<String> {
        let listing = self.listing(None);
        let told = matches!(self.kind, "cursor" | "cursor-header" | "link-header" | "link-body");
        let pages = match (self.kind, self.manner) {
            ("none", Manner::Gaps | Manner::Short) => 1,
            ("none", _) | (_, Manner::Ignores) => 1,
            ("link-header" | "link-body", Manner::Elsewhere) => 1,
            (_, Manner::Repeats) => 3,
            // A run goes on where the one before it ended, is refused, and begins again.
            (_, Manner::Expires) if told && self.expiry.1.is_none() => 1,
            _ => usize::MAX,
        };
        let window = self.window.map_or(usize::MAX, |(window, _)| window);
        let most = pages.saturating_mul(self.step()).min(window);
        listing.into_iter().take(most).map(|number| self.id(number)).collect()
    }

    pub(crate) fn answer(&mut self, request: &HttpRequest) -> HttpResponse {
        self.requests += 1;
        if self.slow_after.is_some_and(|most| self.requests > most) {
            return self.response(
                429,
                &json!({"message": "slow down"}),
                Some(("retry-after".to_owned(), "1".to_owned())),
            );
        }
        assert!(request.url.starts_with("https://api.example/"), "{}", request.url);
        let query = |name: &str| {
            let query = request.url.split_once('?')?.1;
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(&format!("{name}=")))
                .map(|value| value.replace("%3A", ":"))
        };
        let listing = self.listing(query("since").as_deref());
        // Whatever the kind, a place in the listing is a number of records; cursors and links carry the run they are from.
        let (at, page) = self.place(&query);
        let Some(mut at) = at else { return self.expired() };
        if let Some((_, status)) = self.window.filter(|(window, _)| at >= *window) {
            return self.response(status, &json!({"message": "Result window is too large"}), None);
        }
        let mishap = self.mishap.filter(|(_, run)| *run == self.run).map(|(mishap, _)| mishap);
        let third = page == 2;
        match mishap {
            Some(Mishap::NotFound) if third => return self.response(404, &json!({"message": "no such page"}), None),
            Some(Mishap::BadRequest) if third => return self.response(400, &json!({"message": "odd"}), None),
            _ => {}
        }
        let (mut from, step) = (at, self.step());
        match self.manner {
            Manner::Ignores => from = 0,
            Manner::Repeats => from = from.min(2 * step),
            Manner::Clamps if from >= listing.len() => from = listing.len().saturating_sub(1) / step * step,
            Manner::Wraps if from >= listing.len() && !listing.is_empty() => from %= listing.len(),
            _ => {}
        }
        if matches!(self.manner, Manner::Repeats | Manner::Clamps | Manner::Wraps) {
            at = from;
        }
        let gap = (self.manner == Manner::Gaps && (page == 1 || page == 2) && self.told())
            || (mishap == Some(Mishap::ThreeEmpty) && (2..5).contains(&page));
        let end = if gap { from } else { (from + step).min(listing.len()) };
        let shown: Vec<usize> = if gap { Vec::new() } else { listing.get(from..end).unwrap_or_default().to_vec() };
        let itself = mishap == Some(Mishap::NamesItself) && third;
        let circles = self.manner == Manner::Circles && end >= listing.len() && from < listing.len();
        let after = if circles {
            (2 * step).min(from)
        } else if itself || self.manner == Manner::Repeats && from == 2 * step {
            from
        } else {
            at.max(from).saturating_add(end.saturating_sub(from))
        };
        let more = end < listing.len() && from < listing.len();
        let said = more || circles || matches!(self.manner, Manner::Endless | Manner::WrongTotals | Manner::Wraps);
        let items: Vec<Value> =
            shown.iter().map(|number| json!({"id": self.id(*number), "at": rfc3339(self.at(*number))})).collect();
        let mut body = json!({"items": items, "more": said, "total": 999_999});
        let name = match self.manner {
            Manner::Circles => format!("{after}.0.{}", after / step),
            _ => format!("{after}.{}.{}", self.run, if itself { page } else { page + 1 }),
        };
        let host = if self.manner == Manner::Elsewhere { "https://evil.example/items" } else { ENDPOINT };
        let since = query("since").map(|since| format!("&since={since}")).unwrap_or_default();
        let link = format!("{host}?at={name}{since}");
        let mut field = None;
        if third && mishap == Some(Mishap::NullList) {
            body["items"] = Value::Null;
        }
        if said && !(third && mishap == Some(Mishap::NoCursor)) {
            match self.kind {
                "cursor" => body["next"] = name.into(),
                "cursor-header" => field = Some(("x-next".to_owned(), name)),
                "link-body" => body["link"] = link.into(),
                "link-header" => field = Some(("link".to_owned(), format!("<{link}>; rel=\"next\""))),
                _ => {}
            }
        }
        self.response(200, &body, field)
    }

    fn told(&self) -> bool {
        matches!(self.kind, "cursor" | "cursor-header" | "link-header" | "link-body")
    }

    /// The place that is asked for, and the number of the page. None: it has expired.
    fn place(&self, query: &dyn Fn(&str) -> Option<String>) -> (Option<usize>, usize) {
        let number = |name: &str| query(name).and_then(|text| text.parse::<usize>().ok());
        match self.kind {
            "offset" => (Some(number("offset").unwrap_or(0)), number("offset").unwrap_or(0) / self.step()),
            "page" => {
                let page = number("page").unwrap_or(1) - 1;
                (Some(page * self.step()), page)
            }
            "none" => (Some(0), 0),
            kind => {
                let name = if kind.starts_with("cursor") { "cursor" } else { "at" };
                let Some(text) = query(name) else { return (Some(0), 0) };
                let parts: Vec<usize> = text.split('.').filter_map(|part| part.parse().ok()).collect();
                let [at, run, page] = parts[..] else { return (None, 0) };
                let now = self.expiry.1.is_none_or(|wanted| wanted == self.run);
                let expired = self.manner == Manner::Expires && run != self.run && now;
                ((!expired).then_some(at), page)
            }
        }
    }

    fn expired(&self) -> HttpResponse {
        let error = json!({"error": "invalid_cursor", "message": "the cursor has expired"});
        match self.expiry.0 {
            Expiry::Status(status) => self.response(status, &json!({"message": "the cursor has expired"}), None),
            Expiry::Told => self.response(200, &error, None),
            Expiry::Empty => self.response(200, &json!({"items": []}), None),
            Expiry::Words => HttpResponse::new(200, ENDPOINT, "<p>Sorry"),
        }
    }

    fn response(&self, status: u16, body: &Value, field: Option<(String, String)>) -> HttpResponse {
        let mut response = HttpResponse::new(status, ENDPOINT, body.to_string());
        response.headers = field.into_iter().map(|(name, value)| Header { name, value }).collect();
        response
    }
}

fn rfc3339(seconds: usize) -> String {
    use tidegate_plugin_kit::moment::Moment;
    Moment::of_seconds(i64::try_from(seconds).unwrap()).to_rfc3339().unwrap()
}
