//! Credentials and the accounts behind them, for `doctor`.
//!
//! Owns: what is said about each. Must not know: the values, or how an account is asked. Asking costs nothing.

use std::collections::BTreeSet;

use tidegate_core::actor::Account;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::CredentialName;

use super::doctor::Finding;
use crate::config::{CredentialState, Credentials};
use crate::ports::Actors;

/// What this is about.
const WHAT: &str = "credential";

/// Looks at every credential. `needed`: those that a source or an entry of the configuration calls for; another one may be
/// absent. `carried`: those that requests carry, behind which there is no account. `actors`: whoever can ask the accounts, if there is somebody.
pub(super) async fn credentials(
    credentials: &Credentials,
    needed: &BTreeSet<CredentialName>,
    carried: &BTreeSet<CredentialName>,
    actors: Option<&dyn Actors>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for state in credentials.states() {
        if let Some(warning) = &state.warning {
            findings.push(Finding::doubtful(WHAT, format!("{}: {warning}", state.name), None));
        }
        let asked = actors.filter(|_| !carried.contains(&state.name));
        let finding = match (&state.problem, asked) {
            (Some(problem), _) => absent(&state, problem, needed.contains(&state.name)),
            (None, None) => Finding::ok(WHAT, format!("{} is there, in {}", state.name, state.from)),
            (None, Some(actors)) => match actors.account(&state.name).await {
                Ok(account) => told(&state, &account),
                Err(failure) => refused(&state, &failure),
            },
        };
        findings.push(finding);
    }
    findings
}

fn absent(state: &CredentialState, problem: &str, needed: bool) -> Finding {
    if needed {
        return Finding::broken(WHAT, format!("{}: {problem}", state.name), state.hint.clone());
    }
    Finding::doubtful(WHAT, format!("{}: {problem}; no source needs it", state.name), state.hint.clone())
}

fn refused(state: &CredentialState, failure: &Failure) -> Finding {
    let (name, from) = (&state.name, &state.from);
    if failure.class == Class::Credential {
        let hint = format!("put a token that works into {from}; the account's page of integrations shows them");
        return Finding::broken(
            WHAT,
            format!("{name} is refused by {}: {}", state.origin, failure.message),
            Some(hint),
        );
    }
    let message = format!("{name} is there, in {from}, but {} could not be asked: {}", state.origin, failure.message);
    Finding::broken(
        WHAT,
        message,
        Some("try again; if it stays, look at the network and the platform's status".to_owned()),
    )
}

fn told(state: &CredentialState, account: &Account) -> Finding {
    let mut parts = vec![format!("{} works", state.name)];
    if let Some((used, most)) = account.used.zip(account.most) {
        let until = account.cycle_end.map(|end| format!(" until {end}")).unwrap_or_default();
        parts.push(format!("{used} of {most} spent{until}"));
    }
    if let Some((now, most)) = account.runs {
        parts.push(format!("{now} of {most} runs under way"));
    }
    if let Some((now, most)) = account.memory_gb {
        parts.push(format!("{now} of {most} GB in use"));
    }
    let told = parts.join("; ");
    if !account.has_money() {
        let hint = "raise the account's limit, or wait for its next cycle; until then nothing is started";
        return Finding::broken(WHAT, format!("{told}: no money is left"), Some(hint.to_owned()));
    }
    let (name, ours) = (&state.name, u64::from(state.runs_at_once));
    match account.runs {
        Some((_, most)) if most < ours => {
            let hint =
                format!("set [credentials.{name}] runs_at_once = {most}: it is {ours}, and the account takes {most}");
            Finding::doubtful(WHAT, told, Some(hint))
        }
        Some((now, most)) if now >= most => {
            Finding::doubtful(WHAT, told, Some("the account is busy: starts wait until it has room".to_owned()))
        }
        _ => Finding::ok(WHAT, told),
    }
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
