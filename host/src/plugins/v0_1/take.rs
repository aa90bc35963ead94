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
        extra: text(manifest.extra),
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
        deltas: list(kind.deltas, delta),
        extra: text(kind.extra),
    }
}

fn example(example: wit::Example) -> core::Example {
    core::Example {
        identifier: text(example.identifier),
        overrides: text(example.overrides),
        note: text(example.note),
    }
}

const fn delta(value: wit::Delta) -> core::Delta {
    match value {
        wit::Delta::NewestId => core::Delta::NewestId,
        wit::Delta::NewestPublishedAt => core::Delta::NewestPublishedAt,
        wit::Delta::Cursor => core::Delta::Cursor,
    }
}

pub(super) fn valid(valid: wit::Valid) -> core::Valid {
    core::Valid {
        identifier: text(valid.identifier),
        extra: text(valid.extra),
    }
}

pub(super) fn problem(problem: wit::Problem) -> core::Problem {
    core::Problem {
        pointer: text(problem.pointer),
        message: text(problem.message),
    }
}

fn watermark(mark: wit::WatermarkResult) -> core::Watermark {
    core::Watermark {
        newest_id: maybe(mark.newest_id),
        newest_published_at: maybe(mark.newest_published_at),
        cursor: maybe(mark.cursor),
    }
}

fn header(header: wit::HeaderResult) -> core::Header {
    core::Header {
        name: text(header.name),
        value: text(header.value),
    }
}

fn http_request(request: wit::HttpRequest) -> core::HttpRequest {
    core::HttpRequest {
        method: text(request.method),
        url: text(request.url),
        headers: list(request.headers, header),
        body: request.body,
        extra: text(request.extra),
    }
}

fn actor_run(run: wit::ActorRun) -> core::ActorRun {
    core::ActorRun {
        input: text(run.input),
        max_elements: run.max_elements,
        extra: text(run.extra),
    }
}

fn fetch(fetch: wit::Fetch) -> core::Fetch {
    match fetch {
        wit::Fetch::Http(request) => core::Fetch::Http(http_request(request)),
        wit::Fetch::Actor(run) => core::Fetch::Actor(actor_run(run)),
        wit::Fetch::Other(other) => core::Fetch::Other(text(other)),
    }
}

pub(super) fn step(step: wit::Step) -> core::Step {
    core::Step {
        fetch: fetch(step.fetch),
        state: text(step.state),
        extra: text(step.extra),
    }
}

pub(super) fn failure(failure: wit::Failure) -> core::Failure {
    core::Failure {
        class: failure_class(failure.class),
        message: text(failure.message),
        retry_after_s: failure.retry_after_s,
        pointer: maybe(failure.pointer),
        extra: text(failure.extra),
    }
}

const fn failure_class(value: wit::FailureClass) -> core::FailureClass {
    match value {
        wit::FailureClass::Transient => core::FailureClass::Transient,
        wit::FailureClass::RateLimited => core::FailureClass::RateLimited,
        wit::FailureClass::Blocked => core::FailureClass::Blocked,
        wit::FailureClass::Auth => core::FailureClass::Auth,
        wit::FailureClass::NotFound => core::FailureClass::NotFound,
        wit::FailureClass::Private => core::FailureClass::Private,
        wit::FailureClass::BadAnswer => core::FailureClass::BadAnswer,
        wit::FailureClass::Config => core::FailureClass::Config,
        wit::FailureClass::Other => core::FailureClass::Other,
    }
}

pub(super) fn batch(batch: wit::Batch) -> core::Batch {
    core::Batch {
        items: list(batch.items, item),
        rejects: list(batch.rejects, reject),
        fillers: batch.fillers,
        outcome: outcome(batch.outcome),
        facts: batch.facts.map(facts),
        watermark: batch.watermark.map(watermark),
        hints: batch.hints.map(hints),
        warnings: texts(batch.warnings),
        next: batch.next.map(step),
        extra: text(batch.extra),
    }
}

fn item(item: wit::Item) -> core::Item {
    core::Item {
        element: item.element,
        external_id: text(item.external_id),
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
        // A count that is not a count was hidden by the platform or is a mistake; both count as absent.
        metrics: item.metrics.into_iter().filter_map(metric).collect(),
        references: list(item.references, reference),
        tags: texts(item.tags),
        extra: text(item.extra),
    }
}

fn author(author: wit::Author) -> core::Author {
    core::Author {
        handle: maybe(author.handle),
        id: maybe(author.id),
        name: maybe(author.name),
        url: maybe(author.url),
        verified: author.verified,
        extra: text(author.extra),
    }
}

fn media(media: wit::Media) -> core::Media {
    core::Media {
        kind: media_kind(media.kind),
        role: text(media.role),
        url: text(media.url),
        thumbnail_url: maybe(media.thumbnail_url),
        mime: maybe(media.mime),
        bytes: quantity(media.bytes),
        width: media.width,
        height: media.height,
        duration_s: quantity(media.duration_s),
        alt: maybe(media.alt),
        expires_at: maybe(media.expires_at),
        extra: text(media.extra),
    }
}

const fn media_kind(value: wit::MediaKind) -> core::MediaKind {
    match value {
        wit::MediaKind::Image => core::MediaKind::Image,
        wit::MediaKind::Video => core::MediaKind::Video,
        wit::MediaKind::AnimatedGif => core::MediaKind::AnimatedGif,
        wit::MediaKind::Audio => core::MediaKind::Audio,
        wit::MediaKind::Document => core::MediaKind::Document,
        wit::MediaKind::Other => core::MediaKind::Other,
    }
}

fn metric(metric: wit::Metric) -> Option<core::Metric> {
    let value = quantity(Some(metric.value))?;
    Some(core::Metric { name: text(metric.name), value })
}

fn reference(reference: wit::Reference) -> core::Reference {
    core::Reference {
        relation: relation(reference.relation),
        external_id: maybe(reference.external_id),
        author_handle: maybe(reference.author_handle),
        url: maybe(reference.url),
    }
}

const fn relation(value: wit::Relation) -> core::Relation {
    match value {
        wit::Relation::InReplyTo => core::Relation::InReplyTo,
        wit::Relation::ThreadRoot => core::Relation::ThreadRoot,
        wit::Relation::Quoted => core::Relation::Quoted,
        wit::Relation::Reposted => core::Relation::Reposted,
        wit::Relation::Comments => core::Relation::Comments,
        wit::Relation::Via => core::Relation::Via,
        wit::Relation::Other => core::Relation::Other,
    }
}

fn reject(reject: wit::Reject) -> core::Reject {
    core::Reject {
        element: reject.element,
        reason: text(reject.reason),
    }
}

fn outcome(outcome: wit::Outcome) -> core::Outcome {
    core::Outcome {
        status: outcome_status(outcome.status),
        detail: text(outcome.detail),
    }
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
        extra: text(facts.extra),
    }
}

fn hints(hints: wit::Hints) -> core::Hints {
    core::Hints {
        min_interval_s: hints.min_interval_s,
        fresh_for_s: hints.fresh_for_s,
        skip_hours: hints.skip_hours,
        skip_days: texts(hints.skip_days),
        hubs: texts(hints.hubs),
        topic: maybe(hints.topic),
        complete: hints.complete,
        extra: text(hints.extra),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_replaced_and_other_text_is_moved() {
        let long = "x".repeat(1 << 20);
        let before = long.as_ptr();
        assert_eq!(text(long).as_ptr(), before);
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
