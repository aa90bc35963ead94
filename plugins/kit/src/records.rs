//! Constructors for the fat records of the contract.
//!
//! Owns: what "nothing known" is for each field, so that a plugin names only what it knows. Must not know: any platform.

use crate::{
    ActorEnd, ActorRun, Author, Batch, Body, BodyForm, DatasetPage, Example, Facts, Failure, FailureCategory, Fetch,
    Header, Hints, HttpRequest, HttpResponse, Item, Job, Kind, Manifest, Media, Metric, Outcome, OutcomeStatus, Page,
    PageContent, Problem, Reference, Reject, Step, Valid, Watermark,
};

impl Manifest {
    /// A plugin without kinds yet.
    pub fn new(name: &str, version: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            description: description.to_owned(),
            kinds: Vec::new(),
            extra: None,
        }
    }
}

impl Kind {
    /// A kind that runs of these actors feed.
    pub fn on_actors<'n>(name: &str, description: &str, actors: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            overrides_schema: "{}".to_owned(),
            examples: Vec::new(),
            hosts: Vec::new(),
            methods: Vec::new(),
            actors: actors.into_iter().map(str::to_owned).collect(),
            deltas: Vec::new(),
            deliveries: false,
            extra: None,
        }
    }

    /// The same with the JSON Schema of its overrides.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        schema.clone_into(&mut self.overrides_schema);
        self
    }

    /// The same with what it can use of a watermark.
    #[must_use]
    pub fn deltas(mut self, deltas: &[&str]) -> Self {
        self.deltas = deltas.iter().map(|delta| (*delta).to_owned()).collect();
        self
    }

    /// The same with one more example: an identifier, overrides, and what they are an example of.
    #[must_use]
    pub fn example(mut self, identifier: &str, overrides: &str, note: &str) -> Self {
        self.examples.push(Example {
            identifier: identifier.to_owned(),
            overrides: overrides.to_owned(),
            note: note.to_owned(),
        });
        self
    }
}

impl Valid {
    /// `identifier` in its normal form.
    pub fn new(identifier: impl Into<String>) -> Self {
        Self { identifier: identifier.into(), extra: None }
    }
}

impl Problem {
    /// At `pointer` (JSON Pointer into the overrides, "" for the identifier): what is wrong and what would be right.
    pub fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

impl Job {
    /// A job that asks for up to 20 items at the start of 2026 and knows of nothing before. For tests.
    pub fn new(kind: &str, identifier: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            identifier: identifier.to_owned(),
            overrides: String::new(),
            watermark: None,
            max_items: 20,
            max_pages: 10,
            now: "2030-01-01T00:00:00Z".to_owned(),
            actor: None,
            platform_id: None,
            extra: None,
        }
    }
}

impl Step {
    /// One HTTP request.
    pub fn http(request: HttpRequest, state: Option<String>) -> Self {
        Self { fetch: Fetch::Http(request), state, extra: None }
    }

    /// One run of the job's actor.
    pub fn actor(run: ActorRun, state: Option<String>) -> Self {
        Self { fetch: Fetch::Actor(run), state, extra: None }
    }
}

impl HttpRequest {
    /// A GET of an absolute URL, the answer's body wanted as bytes.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            want: BodyForm::Bytes,
            pass_statuses: Vec::new(),
            extra: None,
        }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.to_owned(), value: value.into() });
        self
    }
}

impl HttpResponse {
    /// An answer with a body and no header fields. For tests.
    pub fn new(status: u16, final_url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            final_url: final_url.to_owned(),
            redirects: Vec::new(),
            headers: Vec::new(),
            body: Body::Bytes(body.into()),
            extra: None,
        }
    }
}

impl Body {
    /// The bytes of a body in either form.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Page {
    /// The answer to an `http` step, as the run's first page.
    pub fn http(state: Option<String>, response: HttpResponse) -> Self {
        Self { state, content: PageContent::Http(response), number: 0, extra: None }
    }

    /// A piece of a dataset, as the run's page `number`.
    pub fn dataset(state: Option<String>, dataset: DatasetPage, number: u32) -> Self {
        Self { state, content: PageContent::Dataset(dataset), number, extra: None }
    }
}

impl DatasetPage {
    /// The whole dataset of a run that ended well.
    pub fn whole(elements: Vec<String>) -> Self {
        Self { elements, offset: 0, more: false, ended: ActorEnd::Succeeded, extra: None }
    }
}

impl Outcome {
    /// The source answered.
    pub fn ok() -> Self {
        Self::new(OutcomeStatus::Ok, "")
    }

    /// What the page says about the source, with words for a person ("" if there are none).
    pub fn new(status: OutcomeStatus, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), extra: None }
    }
}

impl Batch {
    /// No items, no facts, nothing to do next.
    pub fn empty(outcome: Outcome) -> Self {
        Self {
            items: Vec::new(),
            removals: Vec::new(),
            rejects: Vec::new(),
            fillers: 0,
            outcome,
            facts: None,
            watermark: None,
            hints: None,
            trouble: None,
            state: None,
            warnings: Vec::new(),
            next: None,
            extra: None,
        }
    }
}

impl Item {
    /// An item of kind "post" of which only the identity is known. `element`: its number on the page, from 0.
    pub fn new(element: u32, external_id: impl Into<String>) -> Self {
        Self::of_kind("post", element, external_id)
    }

    /// The same of another kind.
    pub fn of_kind(kind: &str, element: u32, external_id: impl Into<String>) -> Self {
        Self {
            element,
            external_id: external_id.into(),
            partial: false,
            kind: kind.to_owned(),
            url: None,
            authors: Vec::new(),
            title: None,
            text: None,
            html: None,
            summary: None,
            published_at: None,
            updated_at: None,
            language: None,
            media: Vec::new(),
            metrics: Vec::new(),
            references: Vec::new(),
            tags: Vec::new(),
            data: None,
            extra: None,
        }
    }
}

impl Reject {
    /// Element `element` cannot be an item because of `reason`.
    pub fn new(element: u32, reason: impl Into<String>) -> Self {
        Self { element, reason: reason.into(), extra: None }
    }
}

impl Author {
    /// An author of whom nothing is known.
    pub fn unknown() -> Self {
        Self { handle: None, id: None, name: None, url: None, image_url: None, verified: None, extra: None }
    }

    /// An author of whom the displayed name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::unknown() }
    }
}

impl Media {
    /// A medium of which kind ("image", "video", "audio", ...), part ("attached", "enclosure", "content", "thumbnail") and
    /// place are known.
    pub fn new(kind: &str, role: &str, url: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            role: role.to_owned(),
            url: url.into(),
            thumbnail_url: None,
            mime: None,
            size: None,
            width: None,
            height: None,
            duration_s: None,
            alt: None,
            expires_at: None,
            extra: None,
        }
    }
}

impl Metric {
    /// A count by its name ("likes", "comments", ...).
    pub fn new(name: &str, value: f64) -> Self {
        Self { name: name.to_owned(), value }
    }
}

impl Reference {
    /// A reference of which nothing but its relation ("in-reply-to", "quoted", "comments", "via", ...) is known.
    pub fn new(relation: &str) -> Self {
        Self { relation: relation.to_owned(), external_id: None, author_handle: None, author_id: None, url: None }
    }

    /// A reference of which the place is known.
    pub fn to_url(relation: &str, url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::new(relation) }
    }
}

impl Facts {
    /// Nothing known.
    pub fn none() -> Self {
        Self {
            platform_id: None,
            display_name: None,
            description: None,
            url: None,
            image_url: None,
            language: None,
            followers: None,
            following: None,
            posts: None,
            verified: None,
            moved_to: None,
            extra: None,
        }
    }
}

impl Hints {
    /// The source asks for nothing.
    pub fn none() -> Self {
        Self {
            min_interval_s: None,
            fresh_for_s: None,
            not_before: None,
            skip_hours: Vec::new(),
            skip_days: Vec::new(),
            hubs: Vec::new(),
            topic: None,
            complete: false,
            extra: None,
        }
    }
}

impl Watermark {
    /// Nothing known of what was ingested.
    pub fn none() -> Self {
        Self { newest_id: None, newest_published_at: None, cursor: None }
    }
}

impl Failure {
    /// A failure of `category`; `message` says what was expected and what came instead.
    pub fn new(category: FailureCategory, message: impl Into<String>) -> Self {
        Self { category, message: message.into(), retry_after_s: None, pointer: None, extra: None }
    }

    /// The settings cannot be served. `pointer`: JSON Pointer into the overrides, "" for the identifier.
    pub fn config(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.to_owned()), ..Self::new(FailureCategory::Config, message) }
    }

    /// The answer cannot be understood.
    pub fn bad_answer(message: impl Into<String>) -> Self {
        Self::new(FailureCategory::BadAnswer, message)
    }

    /// The page is of a sort this plugin never asked for.
    pub fn unexpected_page(message: impl Into<String>) -> Self {
        Self::new(FailureCategory::Other, message)
    }
}
