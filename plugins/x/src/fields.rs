//! The fields of a post and where each actor writes them.
//!
//! Owns: the field maps as data: one for the shape that apidojo's actors and twitterapi.io share, one for version 1 of the
//! platform's own interface. A profile may lay its own paths over them (`field_map`). Must not know: what the values mean.
//! Called by [`crate::dataset`], once for each page.

use tidegate_plugin_kit::fields::{Map, Mapped, Paths};
use tidegate_plugin_kit::{self as kit, Job};

use crate::input::{self, Actor};
use crate::overrides::Overrides;

kit::fields! {
    /// Id of the post.
    Id
    /// Its permalink.
    Url
    /// When it was made.
    CreatedAt
    /// Language as X guesses it.
    Language
    /// The client it was written with.
    Client
    /// Counts.
    Likes
    /// Replies.
    Comments
    /// Reposts.
    Shares
    /// Quotes.
    Quotes
    /// Views.
    Views
    /// Bookmarks.
    Bookmarks
    /// Whether it is a reply.
    IsReply
    /// Whether it is a repost.
    IsRetweet
    /// Whether it quotes.
    IsQuote
    /// Whether it is pinned to its author's page.
    IsPinned
    /// Whether it may offend.
    IsSensitive
    /// Id of the first post of the thread.
    ThreadId
    /// Id of the post it answers.
    ReplyToId
    /// Who wrote that.
    ReplyToHandle
    /// Their id.
    ReplyToAuthorId
    /// Id of the post it quotes.
    QuotedId
    /// Who wrote that.
    QuotedHandle
    /// Their id.
    QuotedAuthorId
    /// Id of the post it repeats.
    RepostedId
    /// Who wrote that.
    RepostedHandle
    /// Their id.
    RepostedAuthorId
    /// Handle of the author.
    AuthorHandle
    /// Id of the author.
    AuthorId
    /// Name of the author.
    AuthorName
    /// Picture of the author.
    AuthorPicture
    /// What the author says of themselves.
    AuthorAbout
    /// Followers of the author.
    Followers
    /// Accounts the author follows.
    Following
    /// Posts of the author.
    Posts
    /// The search that found it.
    SearchTerm
    /// "tweet", "mock_tweet".
    Type
    /// A row that says that there is nothing.
    NoResults
    /// A row of a plan that may not use the actor.
    Demo
    /// A row that reports an error.
    Error
    /// More about it.
    ErrorText
    /// The words; of several the longest counts.
    Text
    /// Whether the author is verified; of several one is enough.
    AuthorVerified
    /// Media with their files.
    Media
    /// Links in the words.
    Links
    /// Hashtags in the words.
    Hashtags
    /// Media as URLs of pictures.
    Images
}

impl Field {
    /// How many fields hold one plain value: all before [`Field::Text`].
    pub const PLAIN: usize = Self::Text as usize;
}

impl Mapped for Field {
    const NAMED: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("url", Self::Url),
        ("text", Self::Text),
        ("created_at", Self::CreatedAt),
        ("language", Self::Language),
        ("likes", Self::Likes),
        ("comments", Self::Comments),
        ("shares", Self::Shares),
        ("quotes", Self::Quotes),
        ("views", Self::Views),
        ("bookmarks", Self::Bookmarks),
        ("author_handle", Self::AuthorHandle),
        ("author_id", Self::AuthorId),
        ("author_name", Self::AuthorName),
        ("reply_to_id", Self::ReplyToId),
        ("reply_to_handle", Self::ReplyToHandle),
        ("quoted_id", Self::QuotedId),
        ("reposted_id", Self::RepostedId),
        ("thread_id", Self::ThreadId),
        ("images", Self::Images),
    ];
}

/// What apidojo's actors and those in the shape of twitterapi.io write.
const MODERN: [(Field, Paths); 41] = [
    (Field::Id, &["id_str", "id"]),
    (Field::Url, &["url"]),
    (Field::Text, &["text", "fullText"]),
    (Field::CreatedAt, &["createdAt"]),
    (Field::Language, &["lang"]),
    (Field::Client, &["source"]),
    (Field::Likes, &["likeCount"]),
    (Field::Comments, &["replyCount"]),
    (Field::Shares, &["retweetCount"]),
    (Field::Quotes, &["quoteCount"]),
    (Field::Views, &["viewCount"]),
    (Field::Bookmarks, &["bookmarkCount"]),
    (Field::IsReply, &["isReply"]),
    (Field::IsRetweet, &["isRetweet"]),
    (Field::IsQuote, &["isQuote"]),
    (Field::IsPinned, &["isPinned"]),
    (Field::IsSensitive, &["possiblySensitive"]),
    (Field::ThreadId, &["conversationId"]),
    (Field::ReplyToId, &["inReplyToId"]),
    (Field::ReplyToHandle, &["inReplyToUsername"]),
    (Field::ReplyToAuthorId, &["inReplyToUserId"]),
    (Field::QuotedId, &["quoteId", "quote.id", "quoted_tweet.id"]),
    (Field::QuotedHandle, &["quote.author.userName", "quoted_tweet.author.userName"]),
    (Field::QuotedAuthorId, &["quote.author.id", "quoted_tweet.author.id"]),
    (Field::RepostedId, &["retweet.id", "retweeted_tweet.id", "retweetId"]),
    (Field::RepostedHandle, &["retweet.author.userName", "retweeted_tweet.author.userName"]),
    (Field::RepostedAuthorId, &["retweet.author.id", "retweeted_tweet.author.id"]),
    (Field::AuthorHandle, &["author.userName"]),
    (Field::AuthorId, &["author.id"]),
    (Field::AuthorName, &["author.name"]),
    (Field::AuthorPicture, &["author.profilePicture"]),
    (Field::AuthorAbout, &["author.description"]),
    (Field::Followers, &["author.followers"]),
    (Field::Following, &["author.following"]),
    (Field::Posts, &["author.statusesCount"]),
    (Field::SearchTerm, &["searchTerm"]),
    (Field::AuthorVerified, &["author.isVerified", "author.isBlueVerified"]),
    (Field::Media, &["extendedEntities.media", "entities.media"]),
    (Field::Links, &["entities.urls"]),
    (Field::Hashtags, &["entities.hashtags"]),
    (Field::Images, &["media"]),
];

/// Version 1 of the platform's own interface.
const V1: [(Field, Paths); 39] = [
    (Field::Id, &["id_str", "id"]),
    (Field::Url, &["url"]),
    (Field::Text, &["full_text", "text"]),
    (Field::CreatedAt, &["created_at"]),
    (Field::Language, &["lang"]),
    (Field::Client, &["source"]),
    (Field::Likes, &["favorite_count"]),
    (Field::Comments, &["reply_count"]),
    (Field::Shares, &["retweet_count"]),
    (Field::Quotes, &["quote_count"]),
    (Field::Views, &["view_count", "views_count"]),
    (Field::Bookmarks, &["bookmark_count"]),
    (Field::IsSensitive, &["possibly_sensitive"]),
    (Field::ThreadId, &["conversation_id_str", "conversation_id"]),
    (Field::ReplyToId, &["in_reply_to_status_id_str", "in_reply_to_status_id"]),
    (Field::ReplyToHandle, &["in_reply_to_screen_name"]),
    (Field::ReplyToAuthorId, &["in_reply_to_user_id_str", "in_reply_to_user_id"]),
    (Field::IsQuote, &["is_quote_status"]),
    (Field::QuotedId, &["quoted_status_id_str", "quoted_status.id_str", "quoted_status_id"]),
    (Field::QuotedHandle, &["quoted_status.user.screen_name"]),
    (Field::QuotedAuthorId, &["quoted_status.user.id_str"]),
    (Field::RepostedId, &["retweeted_status.id_str", "retweeted_status_id_str", "retweeted_status.id"]),
    (Field::RepostedHandle, &["retweeted_status.user.screen_name"]),
    (Field::RepostedAuthorId, &["retweeted_status.user.id_str"]),
    (Field::AuthorHandle, &["user.screen_name", "user.username"]),
    (Field::AuthorId, &["user.id_str", "user_id_str", "user.id"]),
    (Field::AuthorName, &["user.name"]),
    (Field::AuthorPicture, &["user.profile_image_url_https"]),
    (Field::AuthorAbout, &["user.description"]),
    (Field::Followers, &["user.followers_count"]),
    (Field::Following, &["user.friends_count"]),
    (Field::Posts, &["user.statuses_count"]),
    (Field::AuthorVerified, &["user.verified", "user.is_blue_verified"]),
    (Field::Media, &["extended_entities.media", "entities.media"]),
    (Field::Links, &["entities.urls"]),
    (Field::Hashtags, &["entities.hashtags"]),
    (Field::Images, &["media"]),
    (Field::IsPinned, &["is_pinned"]),
    (Field::SearchTerm, &["search_term"]),
];

/// What rows without a post say, whichever actor wrote them.
const ROWS: [(Field, Paths); 5] = [
    (Field::Type, &["type"]),
    (Field::NoResults, &["noResults", "no_results"]),
    (Field::Demo, &["demo"]),
    (Field::Error, &["error"]),
    (Field::ErrorText, &["errorDescription", "errorMessage", "message"]),
];

/// The map for the elements of a job: that of its actor, with the profile's own paths in place of the built-in ones.
pub fn map(job: &Job, overrides: &Overrides) -> Map<Field> {
    let built_in: &[(Field, Paths)] = match input::actor(job) {
        Some(Actor::Quacker) => &V1,
        Some(Actor::Apidojo | Actor::Kaito) | None => &MODERN,
    };
    Map::with_own(&[built_in, &ROWS], &overrides.field_map)
}

#[cfg(test)]
#[test]
fn fields_are_mapped_once() {
    let maps: [[&[(Field, Paths)]; 2]; 2] = [[&MODERN, &ROWS], [&V1, &ROWS]];
    for map in maps {
        assert_eq!(kit::proofs::mapped_once(&map), Ok(()));
    }
}
