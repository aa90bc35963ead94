//! Plans that must not be followed and batches that must not be believed: whole runs, from claim to commit.
//!
//! Owns: the way of a run with the real sandbox and the real machine of the core; only the site it fetches from, its waits and
//! the store are played here. The engine does the same with real ones (`engine/work`), which `daemon` drives.

use std::sync::Arc;
use std::time::Duration;

use tidegate::plugins::Plugin;
use tidegate::ports::{self, Asked};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::item::{self, Counts};
use tidegate_core::limits;
use tidegate_core::profile::{Net, Profile};
use tidegate_core::run::{Effect, Event, Finish, Machine, RunResult};
use tidegate_core::source::{Source, Trigger};
use tokio::sync::OnceCell;

use crate::calls::says;
use crate::case::{Case, Run};
use crate::fixtures::{self, actors};
use crate::make;
use crate::scene::{Scene, now, printable, response};

/// Effects after which a run is taken for endless.
const ENDLESS: usize = 100_000;

/// What came of a run.
#[derive(Default)]
struct Story {
    fetches: u32,
    waited: Duration,
    /// Whether an actor run was to be paid for.
    ordered: bool,
    pages: Vec<item::Page>,
    finish: Option<Finish>,
    counts: Counts,
}

/// Goes through the run of a case. Gives how it ended.
pub(crate) async fn play(case: &Case, run: &Run, scene: &Scene) -> String {
    static PLUGIN: OnceCell<Arc<Plugin>> = OnceCell::const_new();
    let load =
        || async { scene.room.load(make::GUEST.clone(), tidegate::plugins::Origin::File("run.wasm".into())).await };
    let plugin = PLUGIN.get_or_try_init(load).await.unwrap();
    let story = drive(&**plugin, run).await;
    if story.ordered {
        assert_eq!(case.expect.ends.as_deref(), Some("ordered"), "{}", case.name);
        return "run: ordered".to_owned();
    }
    let finish = story.finish.as_ref().expect("every run ends");
    let (ending, message) = match &finish.result {
        RunResult::Succeeded(status) => {
            (serde_json::to_value(status).unwrap().as_str().unwrap().to_owned(), String::new())
        }
        RunResult::Failed(failure) => (failure.class.to_string(), failure.message.clone()),
    };
    let text = [vec![message.clone()], finish.warnings.clone(), reasons(&story)].concat().join("\n");
    let expect = &case.expect;
    assert_eq!(Some(&ending), expect.ends.as_ref(), "{}: {text:.2000}", case.name);
    says(case, &text);
    let items: Vec<&item::Item> = story.pages.iter().flat_map(|page| &page.items).collect();
    let told = |what: &str, wanted: Option<usize>, came: usize| {
        assert!(
            wanted.is_none_or(|wanted| wanted == came),
            "{}: {came} {what}, not {wanted:?}; {text:.2000}",
            case.name
        );
    };
    told("fetches", expect.fetches.map(|count| count as usize), story.fetches as usize);
    told("items", expect.items, items.len());
    told(
        "rejected",
        expect.rejected.map(|count| count as usize),
        story.pages.iter().map(|page| page.rejected as usize).sum(),
    );
    told("warnings", expect.warnings, finish.warnings.len());
    if let Some(table) = &expect.item {
        let item = items.first().unwrap_or_else(|| panic!("{}: there is no item", case.name));
        let shown = serde_json::to_value(table).unwrap();
        for (name, wanted) in shown.as_object().unwrap() {
            assert_eq!(&field(item, name), wanted, "{}: {name}", case.name);
        }
    }
    bounded(case, finish, &story, &message);
    format!("run: {ending}, {} fetches, {} items, waited {:?}", story.fetches, items.len(), story.waited)
}

fn reasons(story: &Story) -> Vec<String> {
    story.pages.iter().flat_map(|page| &page.rejects).take(4).map(|reject| reject.reason.clone()).collect()
}

fn field(item: &item::Item, name: &str) -> serde_json::Value {
    let metrics: Vec<_> = item.metrics.iter().map(|metric| metric.value).collect();
    match name {
        "external-id" => item.external_id.clone().into(),
        "published-at" => item.published_at.map_or_else(|| "none".into(), |at| at.to_string().into()),
        "title" => item.title.clone().into(),
        "html" => item.html.clone().into(),
        "url" => item.url.clone().into(),
        "metrics" => metrics.into(),
        "media" => item.detail.media.len().into(),
        "text-bytes" => item.text.as_deref().map_or(0, str::len).into(),
        _ => panic!("there is no field {name}"),
    }
}

/// What holds of every run: what a person reads is printable, and nothing that is stored is larger than it may be.
fn bounded(case: &Case, finish: &Finish, story: &Story, message: &str) {
    let name = &case.name;
    printable(message, name);
    assert!(message.len() <= limits::MESSAGE_BYTES, "{name}: {message}");
    assert!(story.waited <= limits::RUN_DEADLINE_MOST, "{name}: it waited {:?}", story.waited);
    finish.warnings.iter().for_each(|warning| printable(warning, name));
    assert!(finish.warnings.len() <= limits::BATCH_WARNINGS * 2, "{name}: {} warnings", finish.warnings.len());
    let facts =
        serde_json::to_string(&finish.facts).unwrap().len() + serde_json::to_string(&finish.hints).unwrap().len();
    assert!(facts <= 128 * limits::KIB, "{name}: facts and hints of {facts} bytes");
    for page in &story.pages {
        assert!(page.items.len() <= limits::BATCH_ITEMS && page.rejects.len() <= limits::BATCH_REJECTS, "{name}");
        page.rejects.iter().for_each(|reject| printable(&reject.reason, name));
        let extra = |reject: &tidegate_core::contract::Reject| reject.extra.as_deref().map_or(0, str::len);
        assert!(page.rejects.iter().map(extra).all(|bytes| bytes <= limits::EXTRA_BYTES), "{name}: a reject's extra");
        for item in &page.items {
            let detail = serde_json::to_string(&item.detail).unwrap().len();
            assert!(detail <= 4 * limits::MIB, "{name}: a detail of {detail} bytes");
            assert!(item.external_id.len() <= limits::EXTERNAL_ID_BYTES && !item.external_id.contains('\0'), "{name}");
        }
    }
}

/// What the engine does with a machine's effects, with a site that always answers the same and waits that are over at once.
async fn drive(plugin: &dyn ports::Plugin, run: &Run) -> Story {
    let (source, profile) = source_of(run);
    let claim = actors::actor_claim_of(source, &profile, Trigger::Schedule);
    let mut kind = plugin.manifest().kind("trick").unwrap().clone();
    kind.actors = vec!["acme/posts".to_owned()];
    let mut machine = Machine::new(&claim, profile, kind, now(), 0);
    let mut story = Story::default();
    let mut event = Event::Begin;
    for _ in 0..ENDLESS {
        event = match machine.on(event, now()) {
            Effect::AskPlan => {
                let answer = heard(plugin.plan(machine.job()).await);
                Event::Planned(answer.and_then(|plan| plan.map_err(|given| Failure::of_plugin(given, None))))
            }
            Effect::Wait(wait) => {
                story.waited += wait;
                Event::WaitOver
            }
            Effect::Fetch(_) => {
                story.fetches += 1;
                Event::Fetched(Ok(response()))
            }
            Effect::Normalize(page) => {
                let answer = heard(plugin.normalize(machine.job(), page).await);
                Event::Normalized(answer.and_then(|batch| batch.map_err(|given| Failure::of_plugin(given, Some(200)))))
            }
            Effect::Commit { page, finish, .. } => {
                story.pages.extend(page.map(|page| *page));
                if let Some(finish) = finish {
                    story.finish = Some(*finish);
                }
                Event::Committed(story.counts)
            }
            // The order would be written down now, and the platform asked.
            Effect::Intend(..) => return Story { ordered: true, ..story },
            Effect::Done | Effect::Await => return story,
            other => panic!("not in these cases: {other:?}"),
        };
    }
    panic!("the run does not end");
}

fn heard<T>(asked: Asked<T>) -> Result<T, Failure> {
    asked.answer.map_err(|fault| {
        let class = if fault.is_plugins { Class::PluginFault } else { Class::Transient };
        Failure::new(class, fault.message)
    })
}

fn source_of(run: &Run) -> (Source, Profile) {
    let source = Source { identifier: crate::case::grown(&run.identifier), ..fixtures::source() };
    let base = if run.actor { actors::actor_profile() } else { fixtures::profile() };
    let mut profile = Profile { kind: "trick".to_owned(), ..base };
    let allowed_hosts = run.allowed_hosts.clone().unwrap_or_else(|| vec!["*".to_owned()]);
    profile.net = Net { allowed_hosts, ..Net::default() };
    profile.caps.max_pages = run.max_pages.unwrap_or(profile.caps.max_pages);
    (source, profile)
}
