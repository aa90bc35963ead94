//! The account behind a credential.
//!
//! Owns: the field names of its limits. Must not know: what follows when there is no money left. Called through the port.

use serde_json::Value;
use tidegate_core::actor::Account;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;
use tokio::time::Instant;

use super::Inner;
use super::ask::{Ask, Whole};
use super::credential::Held;
use super::record::{count, data, dollars};

impl Inner {
    pub(super) async fn account(&self, held: &Held, end: Instant) -> Result<Account, Failure> {
        let words = format!("asking for the limits of the account of credential {:?}", held.name.as_str());
        let ask = Ask::get(words, "/v2/users/me/limits");
        let reader = Whole(|body: &[u8]| data(body).map(|limits| of_limits(&limits)));
        self.ask(held, &ask, &reader, end, |trouble| trouble.passes).await.map_err(|trouble| {
            // An account is always there: what is not known is the token.
            let class = if trouble.may_be_token { Class::Credential } else { trouble.failure.class };
            Failure { class, ..trouble.failure }
        })
    }
}

/// What is missing or odd is not said.
fn of_limits(limits: &Value) -> Account {
    let at = |path: &str| limits.pointer(path);
    let money = |path| at(path).and_then(dollars).and_then(MicroUsd::from_usd);
    let whole = |path| at(path).and_then(count);
    let number = |path| at(path).and_then(dollars);
    Account {
        used: money("/current/monthlyUsageUsd"),
        most: money("/limits/maxMonthlyUsageUsd"),
        cycle_end: at("/monthlyUsageCycle/endAt").and_then(Value::as_str).and_then(UtcMillis::parse),
        runs: whole("/current/activeActorJobCount").zip(whole("/limits/maxConcurrentActorJobs")),
        memory_gb: number("/current/actorMemoryGbytes").zip(number("/limits/maxActorMemoryGbytes")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_or_odd_is_not_said() {
        let limits = json!({
            "monthlyUsageCycle": {"startAt": "2026-11-02T00:00:00.000Z", "endAt": "2026-12-01T23:59:59.999Z"},
            "limits": {"maxMonthlyUsageUsd": 39, "maxActorMemoryGbytes": 64, "maxConcurrentActorJobs": 32, "new": []},
            "current": {"monthlyUsageUsd": 38.97, "actorMemoryGbytes": 2.5, "activeActorJobCount": 2},
        });
        let account = of_limits(&limits);
        assert_eq!(account.used, Some(MicroUsd::new(38_970_000)));
        assert_eq!(account.most, Some(MicroUsd::new(39_000_000)));
        assert_eq!(account.cycle_end, UtcMillis::parse("2026-12-01T23:59:59.999Z"));
        assert_eq!((account.runs, account.memory_gb), (Some((2, 32)), Some((2.5, 64.0))));
        assert!(account.has_money());
        let odd = of_limits(&json!({"limits": {"maxMonthlyUsageUsd": -1}, "current": [], "monthlyUsageCycle": null}));
        assert_eq!(odd, Account { used: None, most: None, cycle_end: None, runs: None, memory_gb: None });
    }
}
