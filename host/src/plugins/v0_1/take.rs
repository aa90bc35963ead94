//! From what track 0.1 answers to plain data. Moves; no text is copied a second time.
//!
//! NUL becomes U+FFFD here, as the contract promises: SQL and C libraries downstream would cut a text at it.

use tidegate_core::contract as core;

use super::wit;

/// A text without NUL.
fn text(text: String) -> String {
    if text.as_bytes().contains(&0) { text.replace('\0', "\u{FFFD}") } else { text }
}

fn maybe(value: Option<String>) -> Option<String> {
    value.map(text)
}

fn texts(values: Vec<String>) -> Vec<String> {
    values.into_iter().map(text).collect()
}

/// A quantity; what is not finite or is negative counts as absent.
fn quantity(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}

fn list<A, B>(values: Vec<A>, take: impl FnMut(A) -> B) -> Vec<B> {
    values.into_iter().map(take).collect()
}

pub(super) fn manifest(manifest: wit::Manifest) -> core::Manifest {
    core::Manifest {
        name: text(manifest.name),
        version: text(manifest.version),
        description: text(manifest.description),
        kinds: list(manifest.kinds, kind),
        extra: maybe(manifest.extra),
    }
}

fn kind(kind: wit::Kind) -> core::Kind {
    core::Kind {
        name: text(kind.name),
        description: text(kind.description),
        overrides_schema: text(kind.overrides_schema),
        examples: list(kind.examples, example),
        hosts: texts(kind.hosts),
        methods: texts(kind.methods),
        actors: texts(kind.actors),
        deltas: texts(kind.deltas),
        deliveries: kind.deliveries,
        extra: maybe(kind.extra),
    }
}

fn example(example: wit::Example) -> core::Example {
    core::Example { identifier: text(example.identifier), overrides: text(example.overrides), note: text(example.note) }
}

pub(super) fn valid(valid: wit::Valid) -> core::Valid {
    core::Valid { identifier: text(valid.identifier), extra: maybe(valid.extra) }
}

pub(super) fn problem(problem: wit::Problem) -> core::Problem {
    core::Problem { pointer: text(problem.pointer), message: text(problem.message) }
}

fn watermark(mark: wit::WatermarkResult) -> core::Watermark {
    core::Watermark {
        newest_id: maybe(mark.newest_id),
        newest_published_at: maybe(mark.newest_published_at),
        cursor: maybe(mark.cursor),
    }
}

fn header(header: wit::HeaderResult) -> core::Header {
    core::Header { name: text(header.name), value: text(header.value) }
}

fn body(body: wit::BodyResult) -> core::Body {
    match body {
        // A body is sent as it was given, NUL included.
        wit::BodyResult::Text(text) => core::Body::Text(text),
        wit::BodyResult::Bytes(bytes) => core::Body::Bytes(bytes),
    }
}

const fn body_form(value: wit::BodyForm) -> core::BodyForm {
    match value {
        wit::BodyForm::Bytes => core::BodyForm::Bytes,
        wit::BodyForm::Text => core::BodyForm::Text,
    }
}

fn http_request(request: wit::HttpRequest) -> core::HttpRequest {
    core::HttpRequest {
        method: text(request.method),
        url: text(request.url),
        headers: list(request.headers, header),
        body: request.body.map(body),
        want: body_form(request.want),
        pass_statuses: request.pass_statuses,
        extra: maybe(request.extra),
    }
}

fn actor_run(run: wit::ActorRun) -> core::ActorRun {
    core::ActorRun { input: text(run.input), max_elements: run.max_elements, extra: maybe(run.extra) }
}

fn fetch(fetch: wit::Fetch) -> core::Fetch {
    match fetch {
        wit::Fetch::Http(request) => core::Fetch::Http(http_request(request)),
        wit::Fetch::Actor(run) => core::Fetch::Actor(actor_run(run)),
        wit::Fetch::Nothing => core::Fetch::Nothing,
        wit::Fetch::Other(other) => core::Fetch::Other(text(other)),
    }
}

pub(super) fn step(step: wit::Step) -> core::Step {
    core::Step { fetch: fetch(step.fetch), state: maybe(step.state), extra: maybe(step.extra) }
}

pub(super) fn failure(failure: wit::Failure) -> core::Failure {
    core::Failure {
        category: failure_category(failure.category),
        message: text(failure.message),
        retry_after_s: quantity(failure.retry_after_s),
        pointer: maybe(failure.pointer),
        extra: maybe(failure.extra),
    }
}

const fn failure_category(value: wit::FailureCategory) -> core::FailureCategory {
    match value {
        wit::FailureCategory::Transient => core::FailureCategory::Transient,
        wit::FailureCategory::RateLimited => core::FailureCategory::RateLimited,
        wit::FailureCategory::Blocked => core::FailureCategory::Blocked,
        wit::FailureCategory::Auth => core::FailureCategory::Auth,
        wit::FailureCategory::NotFound => core::FailureCategory::NotFound,
        wit::FailureCategory::Private => core::FailureCategory::Private,
        wit::FailureCategory::BadAnswer => core::FailureCategory::BadAnswer,
        wit::FailureCategory::Config => core::FailureCategory::Config,
        wit::FailureCategory::Other => core::FailureCategory::Other,
    }
}

pub(super) fn batch(batch: wit::Batch) -> core::Batch {
    core::Batch {
        items: list(batch.items, item),
        removals: list(batch.removals, removal),
        rejects: list(batch.rejects, reject),
        fillers: batch.fillers,
        outcome: outcome(batch.outcome),
        facts: batch.facts.map(facts),
        watermark: batch.watermark.map(watermark),
        trouble: batch.trouble.map(failure),
        state: maybe(batch.state),
        hints: batch.hints.map(hints),
        warnings: texts(batch.warnings),
        next: batch.next.map(step),
        extra: maybe(batch.extra),
    }
}

fn item(item: wit::Item) -> core::Item {
    core::Item {
        element: item.element,
        external_id: text(item.external_id),
        partial: item.partial,
        kind: text(item.kind),
        url: maybe(item.url),
        authors: list(item.authors, author),
        title: maybe(item.title),
        text: maybe(item.text),
        html: maybe(item.html),
        summary: maybe(item.summary),
        published_at: maybe(item.published_at),
        updated_at: maybe(item.updated_at),
        language: maybe(item.language),
        media: list(item.media, media),
        // A count that is no count was hidden by the platform or is a mistake: both count as absent.
        metrics: item.metrics.into_iter().filter_map(metric).collect(),
        references: list(item.references, reference),
        tags: texts(item.tags),
        data: maybe(item.data),
        extra: maybe(item.extra),
    }
}

fn author(author: wit::Author) -> core::Author {
    core::Author {
        handle: maybe(author.handle),
        id: maybe(author.id),
        name: maybe(author.name),
        url: maybe(author.url),
        image_url: maybe(author.image_url),
        verified: author.verified,
        extra: maybe(author.extra),
    }
}

fn media(media: wit::Media) -> core::Media {
    core::Media {
        kind: text(media.kind),
        role: text(media.role),
        url: text(media.url),
        thumbnail_url: maybe(media.thumbnail_url),
        mime: maybe(media.mime),
        size: quantity(media.size),
        width: quantity(media.width),
        height: quantity(media.height),
        duration_s: quantity(media.duration_s),
        alt: maybe(media.alt),
        expires_at: maybe(media.expires_at),
        extra: maybe(media.extra),
    }
}

fn metric(metric: wit::Metric) -> Option<core::Metric> {
    let value = quantity(Some(metric.value))?;
    Some(core::Metric { name: text(metric.name), value })
}

fn reference(reference: wit::Reference) -> core::Reference {
    core::Reference {
        relation: text(reference.relation),
        external_id: maybe(reference.external_id),
        author_handle: maybe(reference.author_handle),
        author_id: maybe(reference.author_id),
        url: maybe(reference.url),
    }
}

fn removal(removal: wit::Removal) -> core::Removal {
    core::Removal {
        element: removal.element,
        external_id: text(removal.external_id),
        reason: text(removal.reason),
        at: maybe(removal.at),
        extra: maybe(removal.extra),
    }
}

fn reject(reject: wit::Reject) -> core::Reject {
    core::Reject { element: reject.element, reason: text(reject.reason), extra: maybe(reject.extra) }
}

fn outcome(outcome: wit::Outcome) -> core::Outcome {
    core::Outcome { status: outcome_status(outcome.status), detail: text(outcome.detail), extra: maybe(outcome.extra) }
}

const fn outcome_status(value: wit::OutcomeStatus) -> core::OutcomeStatus {
    match value {
        wit::OutcomeStatus::Ok => core::OutcomeStatus::Ok,
        wit::OutcomeStatus::NoNew => core::OutcomeStatus::NoNew,
        wit::OutcomeStatus::NotFound => core::OutcomeStatus::NotFound,
        wit::OutcomeStatus::Private => core::OutcomeStatus::Private,
        wit::OutcomeStatus::PrivateOrEmpty => core::OutcomeStatus::PrivateOrEmpty,
        wit::OutcomeStatus::Blocked => core::OutcomeStatus::Blocked,
        wit::OutcomeStatus::PlanLimited => core::OutcomeStatus::PlanLimited,
        wit::OutcomeStatus::UnknownError => core::OutcomeStatus::UnknownError,
        wit::OutcomeStatus::Other => core::OutcomeStatus::Other,
    }
}

fn facts(facts: wit::Facts) -> core::Facts {
    core::Facts {
        platform_id: maybe(facts.platform_id),
        display_name: maybe(facts.display_name),
        description: maybe(facts.description),
        url: maybe(facts.url),
        image_url: maybe(facts.image_url),
        language: maybe(facts.language),
        followers: quantity(facts.followers),
        following: quantity(facts.following),
        posts: quantity(facts.posts),
        verified: facts.verified,
        moved_to: maybe(facts.moved_to),
        extra: maybe(facts.extra),
    }
}

fn hints(hints: wit::Hints) -> core::Hints {
    core::Hints {
        min_interval_s: quantity(hints.min_interval_s),
        fresh_for_s: quantity(hints.fresh_for_s),
        not_before: maybe(hints.not_before),
        skip_hours: hints.skip_hours,
        skip_days: texts(hints.skip_days),
        hubs: texts(hints.hubs),
        topic: maybe(hints.topic),
        complete: hints.complete,
        extra: maybe(hints.extra),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_replaced_and_other_text_is_moved() {
        let long = "x".repeat(1 << 20);
        let before = long.as_ptr();
        let long = text(long);
        assert_eq!(long.as_ptr(), before);
        assert_eq!(text("a\0b".to_owned()), "a\u{FFFD}b");
    }

    #[test]
    fn quantities_that_are_none_are_absent() {
        let table = [(0.0, true), (1e15, true), (-1.0, false), (f64::NAN, false), (f64::INFINITY, false)];
        for (value, kept) in table {
            assert_eq!(quantity(Some(value)).is_some(), kept, "{value}");
        }
    }
}
