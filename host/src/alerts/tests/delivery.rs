//! One webhook: what it is sent, how often, and what happens when it does not keep up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tidegate_core::alert::{self, About, Alert, Change, Notice};
use tidegate_core::id::{Id, SourceId};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::sync::Semaphore;

use crate::alerts::Form;
use crate::alerts::post::{Post, deliver};
use crate::ports::{Delivery, Event, NotPosted, Observer, Webhook};

/// Answers as it is told, in order; the last answer stays.
pub(super) struct Scripted {
    answers: Mutex<Vec<Result<u16, NotPosted>>>,
    pub(super) bodies: Mutex<Vec<Value>>,
    /// A place for each answer.
    pub(super) pace: Semaphore,
}

impl Scripted {
    pub(super) fn new(answers: Vec<Result<u16, NotPosted>>, at_once: usize) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers), bodies: Mutex::default(), pace: Semaphore::new(at_once) })
    }
}

#[async_trait]
impl Webhook for Scripted {
    async fn post(&self, body: String) -> Result<u16, NotPosted> {
        self.pace.acquire().await.unwrap().forget();
        self.bodies.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    }
}

#[derive(Default)]
pub(super) struct Told(pub(super) Mutex<Vec<Event>>);

impl Observer for Told {
    fn see(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

fn at(seconds: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-22T12:00:00Z").unwrap().plus(Duration::from_secs(seconds))
}

fn refused(passing: bool, retry_after: Option<u64>) -> Result<u16, NotPosted> {
    Err(NotPosted {
        why: "answered with status 503".to_owned(),
        passing,
        retry_after: retry_after.map(Duration::from_secs),
    })
}

fn notice(number: u128, change: Change, name: &str) -> Notice {
    let about = About { source: Some(Id::from_bits(number)), identifier: Some(name.to_owned()), ..About::default() };
    let alert: Alert = alert::source_paused(about, "3 failures <in> a row & more").unwrap();
    Notice { change, open: alert::raise(None, alert, at(0), None).0, at: at(60) }
}

#[test]
fn the_generic_form() {
    let body = Form::Generic.body(&[notice(1, Change::Opened, "nasa")]);
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let id = SourceId::from_bits(1);
    let alert = &mut body["alerts"][0];
    assert_eq!(alert["remedy"], format!("tidegate source resume {id}"));
    assert_eq!(alert["key"], format!("source-paused/{id}"));
    assert_eq!(alert["id"], format!("source-paused/{id}@{}", at(0).as_millis()));
    insta::assert_json_snapshot!(body);
}

#[test]
fn the_chat_form() {
    let notices: Vec<Notice> = (1..=13).map(|number| notice(number, Change::Opened, "a<b>&`c`")).collect();
    let text = |notices: &[Notice]| {
        let body: Value = serde_json::from_str(&Form::Slack.body(notices)).unwrap();
        body["text"].as_str().unwrap().to_owned()
    };
    let told = text(&notices);
    assert!(told.starts_with(
        ":warning: *paused a&lt;b&gt;&amp;`c`*\n3 failures &lt;in&gt; a row &amp; more\n`tidegate source resume"
    ));
    assert_eq!(told.matches(":warning:").count(), limits::ALERT_LINES);
    assert!(told.ends_with("… and 3 more: `tidegate alert list`"), "{told}");
    assert_eq!(text(&[notice(1, Change::Resolved, "nasa")]), ":white_check_mark: *resolved: paused nasa*");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_repeated_three_times() {
    let cases = [
        (vec![Ok(200)], 1, true, 0),
        (vec![refused(true, None), Ok(200)], 2, true, 1),
        (vec![refused(true, Some(30)), Ok(200)], 2, true, 30),
        (vec![refused(true, Some(9_999)), Ok(200)], 2, true, 60),
        (vec![refused(true, None)], 4, false, 31),
        (vec![refused(false, None), Ok(200)], 1, false, 0),
    ];
    for (answers, asked, ok, seconds) in cases {
        let webhook = Scripted::new(answers.clone(), 100);
        let begun = tokio::time::Instant::now();
        let sent = deliver(&*webhook, Form::Generic, &[notice(1, Change::Opened, "nasa")]).await;
        assert_eq!((sent.is_ok(), webhook.bodies.lock().unwrap().len()), (ok, asked), "{answers:?}");
        assert_eq!(begun.elapsed().as_secs(), seconds, "{answers:?}");
    }
}

/// While a webhook takes its time, what comes waits together; what is too much is dropped and counted.
#[tokio::test]
async fn a_slow_webhook_holds_up_nobody() {
    let (webhook, told) = (Scripted::new(vec![Ok(200)], 0), Arc::<Told>::default());
    let observer = Arc::<Told>::clone(&told) as Arc<dyn Observer>;
    let post = Post::open("ops".to_owned(), Form::Generic, Arc::<Scripted>::clone(&webhook) as _, observer);
    let many = limits::ALERT_QUEUE + limits::ALERT_BATCH + 100;
    for number in 0..many {
        post.put(&notice(u128::try_from(number).unwrap(), Change::Opened, "nasa"));
        tokio::task::yield_now().await;
    }
    let dropped = |told: &Told| {
        let events = told.0.lock().unwrap();
        let last = events.iter().rev().find_map(|event| match event {
            Event::AlertSent { delivery: Delivery::Dropped(count), .. } => Some(*count),
            _ => None,
        });
        last.unwrap_or(0)
    };
    let lost = usize::try_from(dropped(&told)).unwrap();
    assert!(lost >= 50, "{lost}");
    webhook.pace.add_permits(1_000);
    post.close(Duration::from_secs(30)).await;
    let bodies = webhook.bodies.lock().unwrap();
    let sizes: Vec<usize> = bodies.iter().map(|body| body["alerts"].as_array().unwrap().len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), many - lost, "what was taken is sent: {sizes:?}");
    assert!(sizes.iter().all(|size| *size <= limits::ALERT_BATCH) && sizes.len() < 12, "together: {sizes:?}");
}
