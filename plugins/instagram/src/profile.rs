//! Facts about the account behind a source.
//!
//! Owns: what a profile says, and the little that a post says about its owner. Followers come from profiles only. Called by
//! [`crate::dataset`].

use tidegate_plugin_kit::json::Scalar;
use tidegate_plugin_kit::{Facts, Job};

use crate::fields::Field;
use crate::identifier;
use crate::post::Post;
use crate::state::Profile;

/// The facts of a profile.
pub fn facts(job: &Job, post: &Post<'_, '_>) -> Facts {
    let owned = |field: Field| post.filled(field).map(str::to_owned);
    let handle = post.handle(Field::Username);
    Facts {
        platform_id: owned(Field::Id),
        display_name: owned(Field::FullName),
        description: owned(Field::Biography),
        url: handle.as_deref().map(identifier::account_url),
        image_url: owned(Field::ProfilePicture),
        followers: post.get(Field::Followers).count(),
        following: post.get(Field::Follows).count(),
        posts: post.get(Field::PostsCount).count(),
        verified: truth(post, Field::IsVerified),
        moved_to: handle.filter(|handle| *handle != job.identifier),
        ..Facts::none()
    }
}

/// What a post says about the account, if the account is its owner.
pub fn facts_of_owner(job: &Job, post: &Post<'_, '_>) -> Option<Facts> {
    let handle = post.handle(Field::OwnerHandle)?;
    let id = post.filled(Field::OwnerId);
    let renamed = id.is_some() && id == job.platform_id.as_deref() && handle != job.identifier;
    if handle != job.identifier && !renamed {
        return None;
    }
    Some(Facts {
        platform_id: id.map(str::to_owned),
        display_name: post.filled(Field::OwnerName).map(str::to_owned),
        url: Some(identifier::account_url(&handle)),
        verified: truth(post, Field::OwnerVerified),
        moved_to: renamed.then_some(handle),
        ..Facts::none()
    })
}

fn truth(post: &Post<'_, '_>, field: Field) -> Option<bool> {
    match post.get(field) {
        Scalar::Bool(truth) => Some(*truth),
        _ => None,
    }
}

/// What a profile says about its posts.
pub fn posts(post: &Post<'_, '_>) -> Profile {
    Profile { private: post.get(Field::IsPrivate).is_true(), empty: post.get(Field::PostsCount).count() == Some(0.0) }
}
