//! The control API under `/emulator/`: books, rules, time, tokens, the account.
//!
//! Owns: these endpoints; they need no token, since the emulator listens on loopback. Called by `api`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Millis;
use crate::options::Account;
use crate::published::Platform;
use crate::script::{Script, scenarios};
use crate::server::{Reply, Request, Shared};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    #[serde(default)]
    ms: u64,
    #[serde(default)]
    seconds: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tokens {
    accept: Vec<String>,
    revoke: Vec<String>,
    revoke_all: bool,
    accept_all: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    ms: u64,
}

/// Answers a request of the control API.
pub(super) fn answer(shared: &Shared, request: &Request) -> Reply {
    let now = shared.clock.now();
    let path = request.path().trim_end_matches('/');
    match (request.method.as_str(), path) {
        ("GET", "/emulator" | "/emulator/scenarios") => ok(&json!({
            "endpoints": [
                "GET books", "GET runs", "GET log", "GET clock", "GET scenarios",
                "GET published?platform=instagram|x&handle=H&since=ISO", "POST rules", "DELETE rules",
                "POST clock/advance", "POST tokens", "POST account", "POST refuse",
            ],
            "scenarios": scenarios(),
        })),
        ("GET", "/emulator/books") => ok(&shared.world().books(now)),
        ("GET", "/emulator/runs") => ok(&shared.world().books(now).runs),
        ("GET", "/emulator/log") => ok(&shared.world().log.entries()),
        ("GET", "/emulator/clock") => ok(&clock(now)),
        ("GET", "/emulator/published") => published(shared, request),
        ("POST", "/emulator/rules") => rules(shared, request),
        ("DELETE", "/emulator/rules") => {
            shared.world().rules.clear();
            ok(&json!({"done": true}))
        }
        ("POST", "/emulator/clock/advance") => read(request, |advance: Advance| {
            shared
                .clock
                .advance(Duration::from_millis(advance.ms.saturating_add(advance.seconds.saturating_mul(1_000))));
            // Books what ended meanwhile before anybody asks.
            drop(shared.world());
            clock(shared.clock.now())
        }),
        ("POST", "/emulator/tokens") => read(request, |tokens: Tokens| {
            change_tokens(shared, &tokens);
            json!({"done": true})
        }),
        ("POST", "/emulator/account") => account(shared, request),
        ("POST", "/emulator/refuse") => read(request, |refuse: Refuse| {
            shared.closed.send_replace(Duration::from_millis(refuse.ms));
            json!({"done": true})
        }),
        _ => failed(404, "no such control endpoint; GET /emulator lists them"),
    }
}

fn clock(now: Millis) -> Value {
    json!({"now": now, "iso": now.iso()})
}

fn ok(value: &impl serde::Serialize) -> Reply {
    Reply::json(200, serde_json::to_vec(value).unwrap_or_default())
}

fn failed(status: u16, why: &str) -> Reply {
    Reply::json(status, json!({"error": {"type": "control", "message": why}}).to_string().into_bytes())
}

fn read<T: for<'de> Deserialize<'de>>(request: &Request, then: impl FnOnce(T) -> Value) -> Reply {
    match serde_json::from_slice(&request.body) {
        Ok(read) => ok(&then(read)),
        Err(error) => failed(400, &format!("reading the body of {}: {error}", request.path())),
    }
}

fn rules(shared: &Shared, request: &Request) -> Reply {
    let text = String::from_utf8_lossy(&request.body);
    match Script::from_json(&text).and_then(|script| shared.world().rules.add(&script)) {
        Ok(()) => ok(&json!({"done": true})),
        Err(error) => failed(400, &error.to_string()),
    }
}

fn change_tokens(shared: &Shared, tokens: &Tokens) {
    let known = &mut shared.world().tokens;
    if tokens.revoke_all || tokens.accept_all {
        known.values_mut().for_each(|accepted| *accepted = tokens.accept_all);
    }
    known.extend(tokens.revoke.iter().map(|token| (token.clone(), false)));
    known.extend(tokens.accept.iter().map(|token| (token.clone(), true)));
}

/// Changes the fields that are named, the others stay.
fn account(shared: &Shared, request: &Request) -> Reply {
    let mut world = shared.world();
    let changed = serde_json::from_slice::<Value>(&request.body).and_then(|change| {
        let mut all = serde_json::to_value(&world.account)?;
        crate::published::instagram::merge(&mut all, change);
        serde_json::from_value::<Account>(all)
    });
    match changed {
        Ok(account) => {
            world.account = account;
            ok(&world.account)
        }
        Err(error) => failed(400, &format!("reading the account: {error}")),
    }
}

fn published(shared: &Shared, request: &Request) -> Reply {
    let platform = match request.parameter("platform") {
        Some("instagram") => Platform::Instagram,
        Some("x") => Platform::X,
        _ => return failed(400, "platform has to be instagram or x"),
    };
    let Some(handle) = request.parameter("handle") else { return failed(400, "handle is missing") };
    let since = request.parameter("since").and_then(Millis::parse).unwrap_or_default();
    let feed = shared.world().universe.feed(platform, handle);
    ok(&json!({"ids": feed.ids(since, shared.clock.now())}))
}
