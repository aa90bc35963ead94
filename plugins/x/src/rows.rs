//! What an element is: a post, padding, or a row that says something about the account or the plan.
//!
//! Owns: that decision, by structure and never by wording. Must not know: the source. Called by [`crate::dataset`].

use tidegate_plugin_kit::json::Scalar;

use crate::fields::Field;
use crate::tweet::Tweet;

/// What an element is.
#[derive(Debug, PartialEq, Eq)]
pub enum Row {
    /// A post.
    Post,
    /// Padding up to a minimum charge.
    Padding,
    /// There is nothing.
    NoResults,
    /// The plan may not use the actor.
    Demo,
    /// The actor reports an error: what it said.
    Error(String),
    /// An object that is none of these: what it lacks.
    Malformed(&'static str),
}

/// Decides.
pub fn row(tweet: &Tweet<'_>) -> Row {
    if is_set(tweet.get(Field::NoResults)) {
        return Row::NoResults;
    }
    if is_set(tweet.get(Field::Demo)) {
        return Row::Demo;
    }
    let mock = tweet.filled(Field::Type).is_some_and(|kind| kind.starts_with("mock"));
    if mock || tweet.get(Field::Id).text() == Some("-1") {
        return Row::Padding;
    }
    if tweet.own_id().is_some() {
        return Row::Post;
    }
    if is_set(tweet.get(Field::Error)) {
        return Row::Error(error(tweet));
    }
    let author = tweet.filled(Field::AuthorHandle).or(tweet.filled(Field::AuthorId)).is_some();
    let bare = tweet.get(Field::Id).filled().is_none() && !author && tweet.filled(Field::Url).is_none();
    if bare && (tweet.text.is_some() || tweet.filled(Field::Type).is_some()) {
        return Row::Padding;
    }
    Row::Malformed("expected a post with an \"id\" of digits, or a \"url\" that ends in it")
}

/// Whether a mark is set: there, and neither false nor empty.
fn is_set(value: &Scalar<'_>) -> bool {
    match value {
        Scalar::Absent => false,
        Scalar::Bool(set) => *set,
        Scalar::Text(text) => !text.is_empty(),
        Scalar::Number(number) => *number != "0",
    }
}

fn error(tweet: &Tweet<'_>) -> String {
    let code = tweet.filled(Field::Error).unwrap_or("an error");
    match tweet.filled(Field::ErrorText) {
        Some(text) => format!("{code}: {text}"),
        None => code.to_owned(),
    }
}
