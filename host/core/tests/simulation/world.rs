//! The platforms of a world, and the plugin that reads them.
//!
//! Three sorts, as the contract has them: a feed (one document, a validator as cursor), a timeline (pages, newest first,
//! read down to the newest id of the watermark) and one that only an actor reads ([`actor`]). All keep the contract to the letter; their answers fail as the dice say.

use tidegate_core::contract::{
    Batch, FailureCategory, HttpResponse, Item, Job, OutcomeStatus, Page, PageContent, Step, Watermark,
};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::time::UtcMillis;

use crate::actor;
use crate::dice::Dice;
use crate::fixtures::{batch, item, outcome, plugin_failure, response, secs, step};

/// How a platform is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// One document with everything that is served.
    Feed,
    /// Pages of that many posts.
    Timeline(usize),
    /// Datasets of an actor.
    Actor,
}

/// One thing that is published.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) published: UtcMillis,
    /// As the plugin gives it; `None` for a post without a date.
    date: Option<String>,
    edits: u32,
}

/// The platform behind one source.
pub(crate) struct Platform {
    pub(crate) sort: Sort,
    /// Oldest first.
    posts: Vec<Post>,
    /// Posts that are served: the newest.
    window: usize,
    version: u64,
    /// Failures of a thousand answers.
    pub(crate) bad: u64,
    /// Whether some posts have no date. Only a feed's: they are cut in the order of the page.
    undated: bool,
}

impl Platform {
    pub(crate) fn new(dice: &mut Dice, now: UtcMillis) -> Self {
        let sort = match dice.below(3) {
            0 => Sort::Feed,
            1 => Sort::Timeline(dice.pick(&[5, 10, 20])),
            _ => Sort::Actor,
        };
        let window = usize::try_from(dice.between(1, 30)).unwrap();
        let bad = dice.pick(&[0, 50, 300, 900]);
        let mut new =
            Self { sort, posts: vec![], window, version: 0, bad, undated: sort != Sort::Actor && dice.chance(100) };
        let start = now.minus(secs(86_400 * 30));
        for n in 0..dice.below(60) {
            new.publish(dice, start.plus(secs(n * 3_600)));
        }
        new
    }

    /// One more post; some come at the same time, some are edited instead.
    pub(crate) fn publish(&mut self, dice: &mut Dice, now: UtcMillis) {
        self.version += 1;
        let served = self.window.min(self.posts.len());
        if served > 0 && dice.chance(100) {
            let place = self.posts.len() - 1 - usize::try_from(dice.below(served as u64)).unwrap();
            self.posts[place].edits += 1;
            return;
        }
        let last = self.posts.last().map_or(now, |post| post.published);
        let published = if dice.chance(100) { last } else { now.max(last) };
        let date = (!(self.undated && dice.chance(300))).then(|| published.to_string());
        self.posts.push(Post { id: format!("p{}", self.posts.len()), published, date, edits: 0 });
    }

    /// What is served, newest first.
    pub(crate) fn served(&self) -> impl Iterator<Item = &Post> {
        self.posts.iter().rev().take(self.window)
    }

    /// Those whose date the plugin is given.
    pub(crate) fn dated(&self) -> impl Iterator<Item = &Post> {
        self.served().filter(|post| post.date.is_some())
    }

    /// The step to the page that begins with post `from`; `top` is the newest post of page 0.
    fn page_step(from: usize, top: &str) -> Step {
        Step { state: Some(format!("{from} {top}")), ..step(&format!("/{from}")) }
    }

    pub(crate) fn plan(&self, dice: &mut Dice, job: &Job) -> Result<Step, Failure> {
        if dice.chance(self.bad / 20) {
            return Err(Failure::new(Class::PluginFault, "trapped"));
        }
        Ok(if self.sort == Sort::Actor { actor::plan(job) } else { Self::page_step(0, "") })
    }

    pub(crate) fn fetch(&self, dice: &mut Dice) -> Result<HttpResponse, Failure> {
        if dice.chance(self.bad) {
            let class =
                dice.pick(&[Class::Transient, Class::Transient, Class::RateLimited, Class::Blocked, Class::Auth]);
            let retry_after = dice.chance(300).then(|| secs(dice.below(4_000)));
            return Err(Failure { retry_after, ..Failure::new(class, "it broke") });
        }
        Ok(response(200))
    }

    pub(crate) fn normalize(&self, dice: &mut Dice, job: &Job, page: &Page) -> Result<Batch, Failure> {
        assert_eq!(matches!(page.content, PageContent::Http(_)), self.sort != Sort::Actor);
        if dice.chance(self.bad / 4) {
            let class = dice.pick(&[Class::Transient, Class::BadAnswer, Class::NotFound, Class::PluginFault]);
            return Err(Failure::new(class, "it broke"));
        }
        let mut batch = match self.sort {
            Sort::Feed => self.document(job),
            Sort::Actor => actor::normalize(self, page),
            Sort::Timeline(size) => self.page(job, page.state.as_deref().unwrap(), size),
        };
        if dice.chance(self.bad / 4) {
            batch.trouble =
                Some(plugin_failure(dice.pick(&[FailureCategory::Transient, FailureCategory::RateLimited])));
        } else if dice.chance(self.bad / 8) {
            let status = dice.pick(&[OutcomeStatus::Private, OutcomeStatus::NotFound, OutcomeStatus::PrivateOrEmpty]);
            batch.outcome = outcome(status);
        }
        Ok(batch)
    }

    fn item(post: &Post) -> Item {
        Item { title: Some(format!("edit {}", post.edits)), published_at: post.date.clone(), ..item(&post.id) }
    }

    /// The item of a post, as long as anybody knows it.
    pub(crate) fn item_of(&self, id: &str) -> Option<Item> {
        self.posts.iter().find(|post| post.id == id).map(Self::item)
    }

    /// The whole document, unless its validator says that nothing has changed.
    fn document(&self, job: &Job) -> Batch {
        let cursor = self.version.to_string();
        if job.watermark.as_ref().and_then(|mark| mark.cursor.as_deref()) == Some(&cursor) {
            return Batch { outcome: outcome(OutcomeStatus::NoNew), ..batch(vec![]) };
        }
        let watermark = Some(Watermark { cursor: Some(cursor), ..Watermark::default() });
        Batch { watermark, ..batch(self.served().map(Self::item).collect()) }
    }

    /// A page, down to the newest id of the watermark. Proposes the newest post only where the page may be the last: it
    /// reaches the watermark or the end, or it is a first run, which ends where the host cuts it.
    fn page(&self, job: &Job, state: &str, size: usize) -> Batch {
        let (from, top) = state.split_once(' ').unwrap();
        let from: usize = from.parse().unwrap();
        let page: Vec<&Post> = self.served().skip(from).take(size).collect();
        let top = if from == 0 { page.first().map_or("", |post| post.id.as_str()) } else { top };
        let reached = job.watermark.as_ref().and_then(|mark| mark.newest_id.clone());
        let known = reached.as_ref().is_some_and(|id| page.iter().any(|post| post.id == *id));
        let last = known || from + size >= self.served().count();
        let proposes = !top.is_empty() && (last || job.watermark.is_none());
        Batch {
            watermark: proposes.then(|| Watermark { newest_id: Some(top.to_owned()), ..Watermark::default() }),
            next: (!last).then(|| Self::page_step(from + size, top)),
            ..batch(page.into_iter().map(Self::item).collect())
        }
    }
}
