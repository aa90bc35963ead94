//! What is said of each state of a credential, with an account that answers as it is told to.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Mutex;

use async_trait::async_trait;
use tidegate_core::actor::{Order, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

use super::*;
use crate::config::{Config, Surroundings};
use crate::ports::NotStarted;

const CANARY: &str = "apify_api_c4n4ry";

/// Has the token, or has not.
struct Around(bool);

impl Surroundings for Around {
    fn variable(&self, name: &str) -> Option<String> {
        (self.0 && name == "APIFY_TOKEN").then(|| CANARY.to_owned())
    }
}

/// Gives this account, and notes what else it is asked.
struct Platform(Result<Account, Failure>, Mutex<u32>);

impl Platform {
    fn other<T>(&self) -> Result<T, Failure> {
        *self.1.lock().unwrap() += 1;
        Err(Failure::new(Class::Transient, "not asked for"))
    }
}

#[async_trait]
impl Actors for Platform {
    async fn start(&self, _: &Order) -> Result<RemoteRun, NotStarted> {
        self.other().map_err(NotStarted::Unknown)
    }
    async fn find(&self, _: &Order, _: UtcMillis, _: &[RemoteId]) -> Result<Option<RemoteRun>, Failure> {
        self.other()
    }
    async fn inspect(&self, _: &CredentialName, _: &RemoteId) -> Result<Option<RemoteRun>, Failure> {
        self.other()
    }
    async fn statuses(
        &self,
        _: &CredentialName,
        _: &[RemoteId],
        _: UtcMillis,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
        self.other()
    }
    async fn abort(&self, _: &CredentialName, _: &RemoteId) -> Result<(), Failure> {
        self.other()
    }
    async fn read(&self, _: &CredentialName, _: &RemoteId, _: u32) -> Result<Slice, Failure> {
        self.other()
    }
    async fn account(&self, _: &CredentialName) -> Result<Account, Failure> {
        self.0.clone()
    }
}

fn account(used: u64, runs: (u64, u64)) -> Account {
    Account {
        used: Some(MicroUsd::new(used)),
        most: Some(MicroUsd::new(5_000_000)),
        cycle_end: UtcMillis::parse("2026-12-01T00:00:00Z"),
        runs: Some(runs),
        memory_gb: Some((4.0, 8.0)),
    }
}

async fn one(there: bool, needed: bool, answer: Option<Result<Account, Failure>>) -> Finding {
    let name: CredentialName = "apify".parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let held = Credentials::load(&Config::default(), dir.path(), [name.clone()], &Around(there));
    let needed = needed.then_some(name).into_iter().collect();
    let platform = answer.map(|answer| Platform(answer, Mutex::new(0)));
    let mut found =
        credentials(&held, &needed, &BTreeSet::new(), platform.as_ref().map(|platform| -> &dyn Actors { platform }))
            .await;
    if let Some(Platform(_, asked)) = platform {
        assert_eq!(*asked.lock().unwrap(), 0, "nothing but the account is asked");
    }
    assert_eq!(found.len(), 1);
    found.pop().unwrap()
}

#[tokio::test]
async fn each_state_is_told_with_what_to_do() {
    let refused = Failure::new(Class::Credential, "401 user-or-token-not-found");
    let silent = Failure::new(Class::Transient, "no answer");
    let table = [
        (one(false, true, None).await, false, "APIFY_TOKEN is not set", "[credentials.apify]"),
        (one(false, false, None).await, true, "no source needs it", "[credentials.apify]"),
        (one(true, true, None).await, true, "is there, in the environment variable APIFY_TOKEN", ""),
        (
            one(true, true, Some(Ok(account(1_200_000, (3, 25))))).await,
            true,
            "$1.20 of $5.00 spent until 2026-12-01",
            "",
        ),
        (one(true, true, Some(Ok(account(5_000_000, (0, 25))))).await, false, "no money is left", "next cycle"),
        (one(true, true, Some(Ok(account(0, (25, 25))))).await, true, "25 of 25 runs", "is busy"),
        (one(true, true, Some(Ok(account(0, (0, 5))))).await, true, "0 of 5 runs", "runs_at_once = 5"),
        (one(true, true, Some(Err(refused))).await, false, "is refused by https://api.apify.com", "a token that works"),
        (one(true, true, Some(Err(silent))).await, false, "could not be asked", "try again"),
    ];
    for (finding, ok, detail, hint) in table {
        let printed = serde_json::to_string(&finding).unwrap();
        assert_eq!(finding.ok, ok, "{printed}");
        assert!(finding.detail.contains(detail), "{detail}: {printed}");
        assert!(finding.hint.clone().unwrap_or_default().contains(hint), "{hint}: {printed}");
        assert!(!printed.contains(CANARY), "{printed}");
    }
}
