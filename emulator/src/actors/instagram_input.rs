//! Inputs of the actors for Instagram.
//!
//! Owns: field names, and how addresses and handles are read. Called by `input`.

use super::input::{Ask, Fields, Of, Target, What};
use crate::clock::Millis;
use crate::published::instagram::id_of;

/// instagram-scraper and instagram-api-scraper.
pub(crate) fn by_url(fields: &Fields<'_>, now: Millis) -> Result<Ask, String> {
    let kind = fields.one_of("resultsType", &["posts", "details", "comments", "stories", "mentions", "reels"])?;
    let mut ask = Ask::new(match kind {
        Some("details") => What::InstagramProfiles,
        Some("comments") => What::InstagramComments,
        _ => What::InstagramPosts,
    });
    ask.detailed = true;
    ask.limit = fields.count("resultsLimit")?;
    // Ignored in details mode, and then not charged.
    ask.since = fields.moment("onlyPostsNewerThan", now)?.filter(|_| ask.what != What::InstagramProfiles);
    ask.targets = fields.list("directUrls")?.into_iter().map(target).collect();
    if let Some(search) = fields.text("search")?.filter(|search| !search.is_empty()) {
        let kind = fields.one_of("searchType", &["hashtag", "user", "place"])?;
        let of = if kind == Some("user") { Of::Account(handle(search)) } else { Of::Search(search.to_lowercase()) };
        ask.targets.push(Target { of, asked: search.to_owned() });
    }
    if ask.targets.is_empty() {
        return Err("Field input.directUrls or input.search is required".to_owned());
    }
    Ok(ask)
}

/// instagram-post-scraper.
pub(crate) fn posts(fields: &Fields<'_>, now: Millis) -> Result<Ask, String> {
    let mut ask = Ask::new(What::InstagramPosts);
    ask.targets = fields.required("username")?.into_iter().map(target).collect();
    ask.limit = fields.count("resultsLimit")?;
    ask.since = fields.moment("onlyPostsNewerThan", now)?;
    ask.skip_pinned = fields.flag("skipPinnedPosts")?;
    ask.detailed = fields.one_of("dataDetailLevel", &["basicData", "detailedData"])? == Some("detailedData");
    Ok(ask)
}

/// instagram-profile-scraper.
pub(crate) fn profiles(fields: &Fields<'_>) -> Result<Ask, String> {
    let mut ask = Ask::new(What::InstagramProfiles);
    ask.targets = fields.required("usernames")?.into_iter().map(target).collect();
    ask.detailed = fields.flag("includeAboutSection")?;
    Ok(ask)
}

/// sones/instagram-posts-scraper-lowcost.
pub(crate) fn sones(fields: &Fields<'_>, now: Millis) -> Result<Ask, String> {
    let mut ask = Ask::new(What::SonesPosts);
    ask.targets = fields.required("usernames")?.into_iter().map(target).collect();
    ask.limit = fields.count("resultsLimit")?;
    if ask.limit.is_none() {
        ask.limit = fields.count("maxPosts")?;
    }
    ask.since = fields.moment("newerThan", now)?;
    Ok(ask)
}

/// A handle, the address of a profile, a post, a reel or a tag.
fn target(asked: &str) -> Target {
    let path = asked.split_once("instagram.com/").map(|(_, path)| path);
    let of = match path.map(|path| path.split(['?', '#']).next().unwrap_or_default().split('/').collect::<Vec<_>>()) {
        None => Of::Account(handle(asked)),
        Some(parts) => match parts.as_slice() {
            ["p" | "reel" | "tv", code, ..] => Of::Post { id: id_of(code), handle: None },
            ["explore", "tags", tag, ..] => Of::Search(tag.to_lowercase()),
            [name, ..] => Of::Account(handle(name)),
            [] => Of::Account(String::new()),
        },
    };
    Target { of, asked: asked.to_owned() }
}

fn handle(text: &str) -> String {
    text.trim().trim_start_matches('@').trim_matches('/').to_ascii_lowercase()
}
