//! The elements that mean something, whatever vocabulary they come from.
//!
//! Owns: the list. Called by [`super::names`] to make one and by [`super`] to act on it.

use super::names::Space;
use crate::model::Field;

/// What an element is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Rss,
    Rdf,
    Channel,
    Feed,
    Item,
    Image,
    TextInput,
    Author,
    Contributor,
    ContributorName,
    Owner,
    Publisher,
    Name,
    Email,
    Url,
    Title,
    MediaTitle,
    Subtitle,
    Description,
    Abstract,
    Summary,
    Content,
    ContentEncoded,
    Body,
    Rights,
    Info,
    Link,
    Guid,
    Enclosure,
    Source,
    Published,
    Updated,
    Language,
    Category,
    MediaCategory,
    ItunesCategory,
    Keywords,
    MediaContent,
    MediaThumbnail,
    ItunesImage,
    InReplyTo,
    NewLocation,
    Short(Field),
    Unknown,
}

impl Element {
    /// By vocabulary and local name in lower case.
    pub(super) fn of(space: Space, local: &str) -> Self {
        match space {
            Space::Core | Space::Atom => Self::core(local),
            Space::Dublin => Self::dublin(local),
            Space::Itunes => Self::itunes(local),
            Space::Media => Self::media(local),
            Space::Content => match local {
                "encoded" => Self::ContentEncoded,
                _ => Self::Unknown,
            },
            Space::Xhtml => match local {
                "body" => Self::Body,
                _ => Self::Unknown,
            },
            Space::Rdf => match local {
                "rdf" => Self::Rdf,
                _ => Self::Unknown,
            },
            Space::Terms => match local {
                "issued" => Self::Published,
                "modified" => Self::Updated,
                _ => Self::Unknown,
            },
            Space::Slash | Space::Syndication | Space::Thread | Space::Wfw | Space::Feedburner | Space::History => {
                Self::module(space, local)
            }
            Space::Podcast | Space::Xml | Space::Other => Self::Unknown,
        }
    }

    fn core(local: &str) -> Self {
        match local {
            "rss" => Self::Rss,
            "rdf" => Self::Rdf,
            "channel" => Self::Channel,
            "feed" => Self::Feed,
            "item" | "entry" => Self::Item,
            "image" => Self::Image,
            "textinput" => Self::TextInput,
            "author" | "managingeditor" => Self::Author,
            "contributor" => Self::Contributor,
            "webmaster" => Self::Publisher,
            "name" => Self::Name,
            "email" => Self::Email,
            "url" | "uri" | "homepage" => Self::Url,
            "title" => Self::Title,
            "subtitle" | "tagline" => Self::Subtitle,
            "description" => Self::Description,
            "abstract" => Self::Abstract,
            "summary" => Self::Summary,
            "content" => Self::Content,
            "fullitem" => Self::ContentEncoded,
            "body" => Self::Body,
            "rights" | "copyright" => Self::Rights,
            "info" => Self::Info,
            "link" => Self::Link,
            "guid" | "id" => Self::Guid,
            "enclosure" => Self::Enclosure,
            "source" => Self::Source,
            "published" | "issued" | "pubdate" => Self::Published,
            "updated" | "modified" | "lastbuilddate" => Self::Updated,
            "language" => Self::Language,
            "category" | "keywords" => Self::Category,
            "tags" => Self::Keywords,
            "newlocation" => Self::NewLocation,
            "comments" => Self::Short(Field::Comments),
            "ttl" => Self::Short(Field::Ttl),
            "hour" => Self::Short(Field::SkipHour),
            "day" => Self::Short(Field::SkipDay),
            "icon" | "logo" => Self::Short(Field::Icon),
            "generator" => Self::Short(Field::Generator),
            _ => Self::Unknown,
        }
    }

    fn dublin(local: &str) -> Self {
        match local {
            "author" | "creator" => Self::Author,
            "contributor" => Self::ContributorName,
            "publisher" => Self::Publisher,
            "date" => Self::Updated,
            "description" => Self::Description,
            "language" => Self::Language,
            "rights" => Self::Rights,
            "subject" => Self::Category,
            "title" => Self::Title,
            _ => Self::Unknown,
        }
    }

    fn itunes(local: &str) -> Self {
        match local {
            "author" => Self::Author,
            "owner" => Self::Owner,
            "name" => Self::Name,
            "email" => Self::Email,
            "subtitle" => Self::Subtitle,
            "summary" => Self::Summary,
            "category" => Self::ItunesCategory,
            "keywords" => Self::Keywords,
            "image" | "link" => Self::ItunesImage,
            "title" => Self::Short(Field::PodcastTitle),
            "duration" => Self::Short(Field::Duration),
            "episode" => Self::Short(Field::Episode),
            "season" => Self::Short(Field::Season),
            "episodetype" => Self::Short(Field::EpisodeType),
            "explicit" => Self::Short(Field::Explicit),
            "complete" => Self::Short(Field::Complete),
            "type" => Self::Short(Field::PodcastType),
            "new-feed-url" => Self::Short(Field::NewUrl),
            _ => Self::Unknown,
        }
    }

    fn media(local: &str) -> Self {
        match local {
            "title" => Self::MediaTitle,
            "description" => Self::Description,
            "category" => Self::MediaCategory,
            "keywords" => Self::Keywords,
            "content" => Self::MediaContent,
            "thumbnail" => Self::MediaThumbnail,
            _ => Self::Unknown,
        }
    }

    fn module(space: Space, local: &str) -> Self {
        match (space, local) {
            (Space::Slash, "comments") | (Space::Thread, "total") => Self::Short(Field::CommentsCount),
            (Space::Syndication, "updateperiod") => Self::Short(Field::UpdatePeriod),
            (Space::Syndication, "updatefrequency") => Self::Short(Field::UpdateFrequency),
            (Space::Thread, "in-reply-to") => Self::InReplyTo,
            (Space::Wfw, "commentrss" | "commentsrss") => Self::Short(Field::CommentsFeed),
            (Space::Feedburner, "browserfriendly") => Self::Info,
            (Space::History, "complete") => Self::Short(Field::History),
            _ => Self::Unknown,
        }
    }

    /// Whether an element never stands within a title, so that it shows where an unclosed one should have ended.
    pub(super) fn ends_title(self) -> bool {
        matches!(
            self,
            Self::Guid
                | Self::Published
                | Self::Updated
                | Self::Description
                | Self::Enclosure
                | Self::Category
                | Self::Author
        )
    }

    /// Whether an element of the core vocabulary can only be a child of a feed or entry, so that inside a text that was
    /// never closed it shows where that text should have ended.
    pub(super) fn starts_entry(self) -> bool {
        self == Self::Item
    }
}
