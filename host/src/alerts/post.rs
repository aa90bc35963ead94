//! On the way to one webhook.
//!
//! Owns: a bounded queue for each, requests that carry what waits together, and repeating them. Must not know: who is told
//! what. A webhook that is slow or gone holds up nobody but itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_core::alert::Notice;
use tidegate_core::limits;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::form::Form;
use crate::ports::{Delivery, Event, NotPosted, Observer, Webhook};

/// A webhook with its queue.
pub struct Post {
    name: String,
    to: mpsc::Sender<Notice>,
    dropped: AtomicU64,
    observer: Arc<dyn Observer>,
    task: JoinHandle<()>,
}

impl Post {
    /// Begins to deliver. `observer` is told what became of each request.
    #[must_use]
    pub fn open(name: String, form: Form, webhook: Arc<dyn Webhook>, observer: Arc<dyn Observer>) -> Self {
        let (to, from) = mpsc::channel(limits::ALERT_QUEUE);
        let work = work(name.clone(), form, webhook, Arc::clone(&observer), from);
        #[expect(clippy::disallowed_methods, reason = "ended by its owner, which waits for it in `close`")]
        let task = tokio::spawn(work);
        Self { name, to, dropped: AtomicU64::new(0), observer, task }
    }

    /// Queues a notice, or drops it and says so.
    pub(super) fn put(&self, notice: &Notice) {
        if self.to.try_send(notice.clone()).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            let delivery = Delivery::Dropped(dropped);
            self.observer.see(&Event::AlertSent { sink: self.name.clone(), notices: 1, delivery });
        }
    }

    /// Delivers what waits, for so long at most.
    pub(super) async fn close(self, most: Duration) {
        let Self { to, mut task, .. } = self;
        drop(to);
        if tokio::time::timeout(most, &mut task).await.is_err() {
            task.abort();
        }
    }
}

async fn work(
    name: String,
    form: Form,
    webhook: Arc<dyn Webhook>,
    observer: Arc<dyn Observer>,
    mut from: mpsc::Receiver<Notice>,
) {
    let mut waiting = Vec::with_capacity(limits::ALERT_BATCH);
    while from.recv_many(&mut waiting, limits::ALERT_BATCH).await > 0 {
        let sent = deliver(&*webhook, form, &waiting).await;
        let delivery = match sent {
            Ok(_) => Delivery::Sent,
            Err(error) => Delivery::Failed(error.why),
        };
        observer.see(&Event::AlertSent { sink: name.clone(), notices: waiting.len(), delivery });
        waiting.clear();
    }
}

/// Sends notices in one request, and repeats it where that may help.
///
/// # Errors
/// What came of the last attempt.
pub(super) async fn deliver(webhook: &dyn Webhook, form: Form, notices: &[Notice]) -> Result<u16, NotPosted> {
    let body = form.body(notices);
    let mut waits = limits::ALERT_RETRIES.into_iter();
    loop {
        let error = match webhook.post(body.clone()).await {
            Ok(status) => return Ok(status),
            Err(error) => error,
        };
        match waits.next() {
            Some(wait) if error.passing => {
                let asked = error.retry_after.unwrap_or_default().min(limits::ALERT_RETRY_AFTER_MOST);
                tokio::time::sleep(wait.max(asked)).await;
            }
            _ => return Err(error),
        }
    }
}
