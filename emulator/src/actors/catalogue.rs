//! The actors by name, with ids and prices.
//!
//! Owns: the table. Prices change often: these are the ones observed in public in August and September 2026. Called by
//! the start of a run, by billing, and by whoever shows an actor.

use serde_json::{Value, json};

use crate::money::MicroUsd;

/// Which family of inputs and outputs an actor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// instagram-scraper and instagram-api-scraper.
    InstagramByUrl,
    /// instagram-post-scraper.
    InstagramPosts,
    /// instagram-profile-scraper.
    InstagramProfiles,
    /// sones/instagram-posts-scraper-lowcost.
    Sones,
    /// Both of apidojo.
    Apidojo,
    /// kaitoeasyapi.
    Kaito,
}

/// An event that is charged.
#[derive(Debug)]
pub(crate) struct Event {
    /// The key in `chargedEventCounts`.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) price: MicroUsd,
    /// When it is charged.
    pub(crate) per: Per,
}

/// When an event is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Per {
    /// Once, at the start.
    Start,
    /// For each item.
    Item,
    /// For each item of a run with a cutoff.
    DatedItem,
    /// For each item of a run that asked for details.
    DetailedItem,
}

/// How an actor is paid.
#[derive(Debug)]
pub(crate) enum Pricing {
    /// PAY_PER_EVENT.
    Events(&'static [Event]),
    /// PRICE_PER_DATASET_ITEM.
    Item(MicroUsd),
}

/// An actor.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) id: &'static str,
    pub(crate) user: &'static str,
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) family: Family,
    pub(crate) pricing: Pricing,
    /// `minimalMaxTotalChargeUsd`.
    pub(crate) least_cap: MicroUsd,
    pub(crate) memory_mb: u32,
    pub(crate) timeout_s: u32,
    pub(crate) build_id: &'static str,
    pub(crate) build_number: &'static str,
}

const fn event(name: &'static str, title: &'static str, micro: u64, per: Per) -> Event {
    Event { name, title, price: MicroUsd(micro), per }
}

const BY_URL: &[Event] = &[
    event("apify-actor-start", "Actor start", 1_000, Per::Start),
    event("result", "Result", 2_300, Per::Item),
    event("date-filter", "Add-on: Date filter", 1_300, Per::DatedItem),
];
const POSTS: &[Event] = &[
    event("apify-default-dataset-item", "Post", 1_700, Per::Item),
    event("detailed-data", "Add-on: Detailed data", 1_000, Per::DetailedItem),
];
const PROFILES: &[Event] = &[event("apify-default-dataset-item", "Profile", 2_600, Per::Item)];
const TWEETS: &[Event] = &[event("apify-default-dataset-item", "Post", 1_050, Per::Item)];

const ACTORS: [Actor; 8] = [
    Actor {
        id: "shu8hvrXbJbY3Eb9W",
        user: "apify",
        name: "instagram-scraper",
        title: "Instagram Scraper",
        family: Family::InstagramByUrl,
        pricing: Pricing::Events(BY_URL),
        least_cap: MicroUsd(10_000),
        memory_mb: 1_024,
        timeout_s: 3_600,
        build_id: "soSkq9ekdmfOslopH",
        build_number: "0.0.36",
    },
    Actor {
        id: "RB9HEZitC8hIUXAha",
        user: "apify",
        name: "instagram-api-scraper",
        title: "Instagram API Scraper",
        family: Family::InstagramByUrl,
        pricing: Pricing::Events(BY_URL),
        least_cap: MicroUsd(10_000),
        memory_mb: 1_024,
        timeout_s: 3_600,
        build_id: "Kq2mRt7WcXv4LsBnE",
        build_number: "0.0.36",
    },
    Actor {
        id: "nH2AHrwxeTRJoN5hX",
        user: "apify",
        name: "instagram-post-scraper",
        title: "Instagram Post Scraper",
        family: Family::InstagramPosts,
        pricing: Pricing::Events(POSTS),
        least_cap: MicroUsd(10_000),
        memory_mb: 1_024,
        timeout_s: 3_600,
        build_id: "Ft6yPd3ZjHq8VaXcU",
        build_number: "0.0.71",
    },
    Actor {
        id: "dSCLg0C3YEZ83HzYX",
        user: "apify",
        name: "instagram-profile-scraper",
        title: "Instagram Profile Scraper",
        family: Family::InstagramProfiles,
        pricing: Pricing::Events(PROFILES),
        least_cap: MicroUsd(10_000),
        memory_mb: 1_024,
        timeout_s: 3_600,
        build_id: "Wb5nGs9TkJe2RyMxL",
        build_number: "0.0.54",
    },
    Actor {
        id: "sN3sLwCstPst5Cr4P",
        user: "sones",
        name: "instagram-posts-scraper-lowcost",
        title: "Instagram Posts Scraper (Low Cost)",
        family: Family::Sones,
        pricing: Pricing::Item(MicroUsd(300)),
        least_cap: MicroUsd(10_000),
        memory_mb: 512,
        timeout_s: 3_600,
        build_id: "Zc8vHf4QmNu7BdKwA",
        build_number: "1.2.9",
    },
    Actor {
        id: "61RPP7dywgiy0JPD0",
        user: "apidojo",
        name: "tweet-scraper",
        title: "Tweet Scraper V2",
        family: Family::Apidojo,
        pricing: Pricing::Item(MicroUsd(400)),
        least_cap: MicroUsd(10_000),
        memory_mb: 1_024,
        timeout_s: 86_400,
        build_id: "Lm4xSe7GtYk2QpWjD",
        build_number: "0.0.411",
    },
    Actor {
        id: "nfp1fpt5gUlBwPcor",
        user: "apidojo",
        name: "twitter-scraper-lite",
        title: "Twitter Scraper Unlimited",
        family: Family::Apidojo,
        pricing: Pricing::Events(TWEETS),
        least_cap: MicroUsd(10_000),
        memory_mb: 256,
        timeout_s: 86_400,
        build_id: "Ra9dUh6FwCo3XnEzT",
        build_number: "0.0.127",
    },
    Actor {
        id: "CJdippxWmn9uRfooo",
        user: "kaitoeasyapi",
        name: "twitter-x-data-tweet-scraper-pay-per-result-cheapest",
        title: "Twitter (X.com) data, pay per result",
        family: Family::Kaito,
        pricing: Pricing::Item(MicroUsd(250)),
        least_cap: MicroUsd(10_000),
        memory_mb: 256,
        timeout_s: 3_600,
        build_id: "Hy7jTb2KvMx5GqZsN",
        build_number: "0.0.88",
    },
];

/// All of them.
pub(crate) fn known() -> &'static [Actor] {
    const { &ACTORS }
}

/// By what stands in a path: the id, or `user~name`.
pub(crate) fn by_path(path: &str) -> Option<&'static Actor> {
    known().iter().find(|actor| {
        actor.id == path || path.split_once('~').is_some_and(|(user, name)| user == actor.user && name == actor.name)
    })
}

impl Actor {
    /// `user/name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.user, self.name)
    }

    /// Charged once, whatever comes.
    pub(crate) fn start_price(&self) -> MicroUsd {
        match &self.pricing {
            Pricing::Events(events) => {
                events.iter().filter(|event| event.per == Per::Start).map(|event| event.price).sum()
            }
            Pricing::Item(_) => MicroUsd::ZERO,
        }
    }

    /// What each item costs, add-ons included.
    pub(crate) fn item_price(&self, dated: bool, detailed: bool) -> MicroUsd {
        match &self.pricing {
            Pricing::Events(events) => {
                events.iter().filter(|event| event.of_item(dated, detailed)).map(|event| event.price).sum()
            }
            Pricing::Item(price) => *price,
        }
    }

    /// `pricingInfo` of a run, and of the actor.
    pub(crate) fn pricing_info(&self) -> Value {
        let (model, key, details) = match &self.pricing {
            Pricing::Events(events) => {
                let events: serde_json::Map<_, _> =
                    events.iter().map(|event| (event.name.to_owned(), event.info())).collect();
                ("PAY_PER_EVENT", "pricingPerEvent", json!({"actorChargeEvents": events}))
            }
            Pricing::Item(price) => ("PRICE_PER_DATASET_ITEM", "pricePerUnitUsd", price.usd()),
        };
        let mut info = json!({
            "pricingModel": model,
            "apifyMarginPercentage": 0.2,
            "createdAt": "2026-05-01T00:00:00.000Z",
            "startedAt": "2026-05-15T00:00:00.000Z",
            "minimalMaxTotalChargeUsd": self.least_cap.usd(),
            key: details,
        });
        if matches!(self.pricing, Pricing::Item(_)) {
            crate::published::instagram::merge(&mut info, json!({"unitName": "result"}));
        }
        info
    }
}

impl Event {
    /// Whether it is charged for an item of such a run.
    pub(crate) fn of_item(&self, dated: bool, detailed: bool) -> bool {
        match self.per {
            Per::Start => false,
            Per::Item => true,
            Per::DatedItem => dated,
            Per::DetailedItem => detailed,
        }
    }

    fn info(&self) -> Value {
        let mut info = json!({
            "eventTitle": self.title, "eventDescription": self.title, "eventPriceUsd": self.price.usd(),
        });
        match self.per {
            Per::Start => crate::published::instagram::merge(&mut info, json!({"isOneTimeEvent": true})),
            Per::Item => crate::published::instagram::merge(&mut info, json!({"isPrimaryEvent": true})),
            _ => {}
        }
        info
    }
}
