//! Every maximum of this plugin, with its unit and where the number comes from.

pub use tidegate_plugin_kit::limits::{MEDIA, TAGS};

/// Length of a handle in characters (Instagram's own rule).
pub const HANDLE_CHARS: usize = 30;
/// Length of a hashtag in characters; Instagram takes about a hundred.
pub const HASHTAG_CHARS: usize = 100;
/// Posts a run may ask for, whatever the job allows.
pub const ASKED: u32 = 200;
/// Posts that come with a profile.
pub const PROFILE_POSTS: u32 = 12;
/// Hours before the newest known post that are asked for again, at most: a month.
pub const OVERLAP_HOURS: u32 = 720;
/// Days between two looks at the profile of an account that shows no posts.
pub const LOOKUP_DAYS: i64 = 7;
/// Length of a short code: 64 bits in letters of 6.
pub const SHORTCODE_CHARS: usize = 11;
/// Co-authors that are kept; Instagram allows five.
pub const COAUTHORS: usize = 16;
/// A code or description in a detail, in characters.
pub const DETAIL_CHARS: usize = 256;
