//! What an element is: a post, a profile, or a row that says something about the account or the plan.
//!
//! Owns: that decision, by structure and codes and never by a sentence, and about whom an element is. Must not know: the
//! window of the run. Called by [`crate::dataset`].

use tidegate_plugin_kit::Job;
use tidegate_plugin_kit::json::Scalar;

use crate::fields::Field;
use crate::identifier::{self, Kind};
use crate::limits;
use crate::post::Post;
use crate::shortcode;

/// What an element is.
#[derive(Debug, PartialEq, Eq)]
pub enum Row {
    /// A post.
    Post,
    /// A profile.
    Profile,
    /// It does not exist.
    NotFound,
    /// Nothing is to be seen: protected, empty, or nothing new.
    NoItems,
    /// The actor was turned away.
    Blocked,
    /// Another error.
    Error,
    /// The plan may not use the actor.
    Demo,
    /// An object that is none of these.
    Malformed,
}

/// Decides.
pub fn row(post: &Post<'_, '_>) -> Row {
    let named = post.filled(Field::ShortCode).or(post.filled(Field::Id)).is_some();
    if let Some(code) = post.filled(Field::Error).filter(|_| !named) {
        return match code {
            "not_found" => Row::NotFound,
            "no_items" if post.request_errors > 0 => Row::Blocked,
            "no_items" => Row::NoItems,
            _ => Row::Error,
        };
    }
    let followers = post.get(Field::Followers).count().is_some();
    if post.filled(Field::Username).is_some() && (post.has_latest || followers) {
        return Row::Profile;
    }
    if post.identity().is_some() {
        return Row::Post;
    }
    let demo = !matches!(post.get(Field::Demo), Scalar::Absent | Scalar::Bool(false));
    if demo { Row::Demo } else { Row::Malformed }
}

/// What an error row said, for a person.
pub fn error(post: &Post<'_, '_>) -> String {
    let code = post.filled(Field::Error).unwrap_or("an error");
    let text = match post.filled(Field::ErrorText) {
        Some(text) => format!("{code}: {text}"),
        None => code.to_owned(),
    };
    text.chars().take(limits::DETAIL_CHARS).collect()
}

/// Whether an element belongs to the source. Posts belong to what was asked for, not to their owner: an account also
/// publishes together with others. Where an element does not say what was asked for, it was the source.
pub fn is_wanted(job: &Job, kind: Kind, row: &Row, post: &Post<'_, '_>) -> bool {
    match (kind, row) {
        (_, Row::Demo | Row::Malformed) => true,
        (Kind::Post, Row::Post) => post.identity().map(|(id, _)| id) == wanted_id(job),
        (Kind::Post, _) => {
            let named = [Field::Requested, Field::Url].into_iter().find_map(|field| post.filled(field));
            named
                .and_then(shortcode::of_url)
                .is_none_or(|code| shortcode::to_id(code).map(|id| id.to_string()) == wanted_id(job))
        }
        (Kind::Hashtag, _) => true,
        (Kind::Account | Kind::Profile, Row::Profile) => {
            let known = job.platform_id.is_some() && post.filled(Field::Id) == job.platform_id.as_deref();
            known || post.handle(Field::Username).as_deref() == Some(&job.identifier)
        }
        (Kind::Account | Kind::Profile, Row::Post) => {
            let requested = post.filled(Field::Requested).and_then(identifier::handle_in);
            let owner =
                || post.filled(Field::OwnerId).is_some() && post.filled(Field::OwnerId) == job.platform_id.as_deref();
            requested.is_none_or(|handle| handle == job.identifier || owner())
        }
        (Kind::Account | Kind::Profile, _) => {
            let named = [Field::Requested, Field::Url, Field::Username]
                .into_iter()
                .find_map(|field| post.filled(field).and_then(identifier::handle_in));
            named.is_none_or(|handle| handle == job.identifier)
        }
    }
}

fn wanted_id(job: &Job) -> Option<String> {
    shortcode::of_url(&job.identifier).and_then(shortcode::to_id).map(|id| id.to_string())
}
