//! The fields of a post or profile and where each actor writes them.
//!
//! Owns: the field maps as data: one for apify's actors, one for sones', one for the fast one. A profile may lay its own
//! paths over them (`field_map`). Must not know: what the values mean. Called by [`crate::dataset`], once for each page.

use tidegate_plugin_kit::fields::{Map, Mapped, Paths};
use tidegate_plugin_kit::{self as kit, Job};

use crate::input::{self, Actor};
use crate::overrides::Overrides;

kit::fields! {
    /// Id of the post or profile.
    Id
    /// The id as its short code.
    ShortCode
    /// Its permalink.
    Url
    /// Picture, video or album.
    Type
    /// "clips", "feed", "carousel_container".
    ProductType
    /// The words.
    Caption
    /// When it was published.
    PublishedAt
    /// Likes; -1 where the owner hides them.
    Likes
    /// Comments.
    Comments
    /// Views as counted by the platform's interface.
    Views
    /// Plays as the app shows them.
    Plays
    /// Handle of the owner.
    OwnerHandle
    /// Id of the owner.
    OwnerId
    /// Name of the owner.
    OwnerName
    /// Picture of the owner.
    OwnerPicture
    /// Whether the owner is verified.
    OwnerVerified
    /// The picture, or the still of a video.
    Image
    /// The video.
    Video
    /// Seconds of the video.
    Duration
    /// Pixels.
    Width
    /// Pixels.
    Height
    /// What can be seen.
    Alt
    /// Whether it is pinned.
    IsPinned
    /// Whether it is an advertisement.
    IsPaid
    /// Id of the place.
    LocationId
    /// Name of the place.
    LocationName
    /// The URL or handle that was asked for.
    Requested
    /// Handle of a profile.
    Username
    /// Name of a profile.
    FullName
    /// What the account says of itself.
    Biography
    /// Its picture.
    ProfilePicture
    /// Its followers.
    Followers
    /// Accounts it follows.
    Follows
    /// Its posts.
    PostsCount
    /// Whether it is protected.
    IsPrivate
    /// Whether it is verified.
    IsVerified
    /// A row that reports an error.
    Error
    /// More about it.
    ErrorText
    /// A row of a plan that may not use the actor.
    Demo
    /// The parts of an album.
    Children
    /// The pictures of an album.
    Images
    /// Hashtags in the words.
    Hashtags
    /// Who else published it.
    Coauthors
    /// On whose pages it is pinned.
    PinnedFor
    /// What went wrong with the actor's requests.
    RequestErrors
    /// The posts that come with a profile.
    LatestPosts
}

impl Field {
    /// How many fields hold one plain value: all before [`Field::Children`].
    pub const PLAIN: usize = Self::Children as usize;
}

impl Mapped for Field {
    const NAMED: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("shortcode", Self::ShortCode),
        ("url", Self::Url),
        ("text", Self::Caption),
        ("published_at", Self::PublishedAt),
        ("type", Self::Type),
        ("product_type", Self::ProductType),
        ("likes", Self::Likes),
        ("comments", Self::Comments),
        ("views", Self::Views),
        ("plays", Self::Plays),
        ("owner_handle", Self::OwnerHandle),
        ("owner_id", Self::OwnerId),
        ("owner_name", Self::OwnerName),
        ("image", Self::Image),
        ("images", Self::Images),
        ("video", Self::Video),
        ("duration", Self::Duration),
        ("children", Self::Children),
        ("requested", Self::Requested),
    ];
}

/// What apify's own actors write.
const APIFY: [(Field, Paths); 42] = [
    (Field::Id, &["id"]),
    (Field::ShortCode, &["shortCode"]),
    (Field::Url, &["url"]),
    (Field::Type, &["type"]),
    (Field::ProductType, &["productType"]),
    (Field::Caption, &["caption"]),
    (Field::PublishedAt, &["timestamp"]),
    (Field::Likes, &["likesCount"]),
    (Field::Comments, &["commentsCount"]),
    (Field::Views, &["videoViewCount"]),
    (Field::Plays, &["videoPlayCount"]),
    (Field::OwnerHandle, &["ownerUsername"]),
    (Field::OwnerId, &["ownerId"]),
    (Field::OwnerName, &["ownerFullName"]),
    (Field::Image, &["displayUrl"]),
    (Field::Video, &["videoUrl"]),
    (Field::Duration, &["videoDuration"]),
    (Field::Width, &["dimensionsWidth", "originalWidth"]),
    (Field::Height, &["dimensionsHeight", "originalHeight"]),
    (Field::Alt, &["alt"]),
    (Field::IsPinned, &["isPinned"]),
    (Field::IsPaid, &["paidPartnership"]),
    (Field::LocationId, &["locationId"]),
    (Field::LocationName, &["locationName"]),
    (Field::Requested, &["inputUrl"]),
    (Field::Username, &["username"]),
    (Field::FullName, &["fullName"]),
    (Field::Biography, &["biography"]),
    (Field::ProfilePicture, &["profilePicUrlHD", "profilePicUrl"]),
    (Field::Followers, &["followersCount"]),
    (Field::Follows, &["followsCount"]),
    (Field::PostsCount, &["postsCount"]),
    (Field::IsPrivate, &["private"]),
    (Field::IsVerified, &["verified"]),
    (Field::Children, &["childPosts"]),
    (Field::Images, &["images"]),
    (Field::Hashtags, &["hashtags"]),
    (Field::Coauthors, &["coauthorProducers"]),
    (Field::RequestErrors, &["requestErrorMessages"]),
    (Field::LatestPosts, &["latestPosts"]),
    (Field::OwnerPicture, &["ownerProfilePicUrl"]),
    (Field::OwnerVerified, &["ownerIsVerified"]),
];

/// What sones' actor and the fast one both write: the names of the platform's own interface.
const SNAKE: [(Field, Paths); 22] = [
    (Field::Id, &["pk", "id"]),
    (Field::Url, &["post_url", "url"]),
    (Field::ProductType, &["product_type"]),
    (Field::Caption, &["caption.text", "caption"]),
    (Field::Likes, &["like_count"]),
    (Field::Comments, &["comment_count"]),
    (Field::OwnerHandle, &["user.username"]),
    (Field::OwnerId, &["user.pk", "user.id"]),
    (Field::OwnerName, &["user.full_name"]),
    (Field::OwnerPicture, &["user.profile_pic_url"]),
    (Field::OwnerVerified, &["user.is_verified"]),
    (Field::Duration, &["video_duration"]),
    (Field::Width, &["original_width", "images.0.width"]),
    (Field::Height, &["original_height", "images.0.height"]),
    (Field::Alt, &["accessibility_caption"]),
    (Field::IsPaid, &["is_paid_partnership"]),
    (Field::LocationId, &["location.pk", "location.id"]),
    (Field::LocationName, &["location.name"]),
    (Field::Children, &["carousel_media"]),
    (Field::Hashtags, &["hashtags"]),
    (Field::Coauthors, &["coauthor_producers"]),
    (Field::PinnedFor, &["timeline_pinned_user_ids"]),
];

/// What only sones' actor writes.
const SONES: [(Field, Paths); 8] = [
    (Field::ShortCode, &["code"]),
    (Field::Type, &["media_type"]),
    (Field::PublishedAt, &["taken_at"]),
    (Field::Views, &["view_count"]),
    (Field::Plays, &["play_count"]),
    (Field::Image, &["image_url", "image_versions2.candidates.0.url"]),
    (Field::Video, &["video_url", "video_versions.0.url"]),
    (Field::Requested, &["scraped_username"]),
];

/// What only the fast actor writes. Its `images` are sizes of one picture, not the pictures of an album.
const FAST: [(Field, Paths); 8] = [
    (Field::ShortCode, &["shortcode"]),
    (Field::Type, &["type"]),
    (Field::PublishedAt, &["date"]),
    (Field::Views, &["view_count"]),
    (Field::Plays, &["play_count"]),
    (Field::Image, &["images.0.url", "image"]),
    (Field::Video, &["video_versions.0.url", "video"]),
    (Field::Requested, &["from_url"]),
];

/// What rows without a post say, whichever actor wrote them.
const ROWS: [(Field, Paths); 3] =
    [(Field::Error, &["error"]), (Field::ErrorText, &["errorDescription", "message"]), (Field::Demo, &["demo"])];

/// The map for the elements of a job: that of its actor, with the profile's own paths in place of the built-in ones.
pub fn map(job: &Job, overrides: &Overrides) -> Map<Field> {
    let built_in: [&[(Field, Paths)]; 2] = match input::actor(job) {
        Some(Actor::Sones) => [&SNAKE, &SONES],
        Some(Actor::Fast) => [&SNAKE, &FAST],
        Some(Actor::Scraper | Actor::Posts | Actor::Profiles) | None => [&APIFY, &[]],
    };
    let [shape, more] = built_in;
    Map::with_own(&[shape, more, &ROWS], &overrides.field_map)
}

#[cfg(test)]
#[test]
fn fields_are_mapped_once() {
    let maps: [&[&[(Field, Paths)]]; 3] = [&[&APIFY, &ROWS], &[&SNAKE, &SONES, &ROWS], &[&SNAKE, &FAST, &ROWS]];
    for map in maps {
        assert_eq!(kit::proofs::mapped_once(map), Ok(()));
    }
}
