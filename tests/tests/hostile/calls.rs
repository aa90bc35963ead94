//! Components that are refused, and calls that end in a fault.
//!
//! Owns: loading what a case brings, making its call, and comparing what came with what the case expects.

use std::sync::Arc;
use std::time::Duration;

use tidegate::plugins::{CallContext, Fault, Origin, Plugin, Refusal, RefusalKind};

use crate::case::{Call, Case, Function};
use crate::make;
use crate::scene::{Scene, cx, job, page, printable};

/// Loads the component of a case and makes its call. Gives what came of it, in a few words.
pub(crate) async fn play(case: &Case, scene: &Scene) -> String {
    let bytes = make::component(case.component.as_ref().unwrap_or(&Default::default()));
    let loaded = scene.room.load(bytes, Origin::File("hostile.wasm".into())).await;
    let plugin = match loaded {
        Err(refusal) => return refused(case, &refusal),
        Ok(plugin) => plugin,
    };
    assert_eq!(case.expect.refused, None, "{}: it was let in", case.name);
    let Some(call) = &case.call else { return "serves".to_owned() };
    let calls: Vec<_> =
        (0..call.times.unwrap_or(1)).map(|_| tokio::spawn(called(Arc::clone(&plugin), call_of(call)))).collect();
    if calls.len() > 1 {
        scene.calm_answers(&format!("{}, meanwhile", case.name)).await;
    }
    let mut came = String::new();
    for call in calls {
        came = answered(case, call.await.unwrap());
    }
    came
}

fn refused(case: &Case, refusal: &Refusal) -> String {
    let Refusal { kind, .. } = refusal;
    let text = refusal.to_string();
    let mut name = word(kind);
    if let RefusalKind::Probe { fault, .. } = kind {
        name = format!("{name}/{}", fault.word());
    }
    assert_eq!(Some(&name), case.expect.refused.as_ref(), "{}: {text:.2000}", case.name);
    printable(&text, &case.name);
    assert!(text.ends_with(&kind.remedy()), "{}: it names no remedy: {text}", case.name);
    says(case, &text);
    format!("refused: {name}")
}

/// The name of a kind of refusal.
pub(crate) fn word(kind: &RefusalKind) -> String {
    format!("{kind:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// A call with what it needs.
#[derive(Clone)]
struct Order {
    function: Function,
    identifier: String,
    cx: CallContext,
}

fn call_of(call: &Call) -> Order {
    let millis = |own: Option<u64>, usual: Duration| own.map_or(usual, Duration::from_millis);
    let usual = cx();
    let cx = CallContext { cpu: millis(call.cpu_ms, usual.cpu), wall: millis(call.wall_ms, usual.wall), ..usual };
    Order { function: call.function, identifier: crate::case::grown(&call.identifier), cx }
}

/// What a call gave: lines of it that a person may read.
type Came = Result<Vec<String>, Box<Fault>>;

async fn called(plugin: Arc<Plugin>, order: Order) -> Came {
    let Order { function, identifier, cx } = order;
    match function {
        Function::Overrides => {
            let overrides = serde_json::from_str(&identifier).unwrap();
            let problems = plugin.check_overrides("trick", &overrides);
            Ok(problems.into_iter().map(|problem| format!("{}: {}", problem.pointer, problem.message)).collect())
        }
        Function::Validate => Ok(match plugin.validate("trick", &identifier, "{}", &cx).await?.value {
            Ok(valid) => vec![valid.identifier],
            Err(problems) => {
                problems.into_iter().map(|problem| format!("{}: {}", problem.pointer, problem.message)).collect()
            }
        }),
        Function::Plan => plugin.plan(&job(&identifier), &cx).await.map(|answer| lines(&answer.log)),
        Function::Normalize => plugin.normalize(&job(&identifier), &page(), &cx).await.map(|answer| lines(&answer.log)),
    }
}

fn lines(log: &[tidegate::plugins::LogLine]) -> Vec<String> {
    log.iter().map(|line| line.message.clone()).collect()
}

fn answered(case: &Case, came: Came) -> String {
    match came {
        Ok(lines) => {
            assert_eq!(case.expect.fault, None, "{}: it answered {lines:.200?}", case.name);
            if let Some(problems) = case.expect.problems {
                assert_eq!(lines.len(), problems, "{}: {lines:?}", case.name);
            }
            // A log may hold lines of its full length; problems may not.
            if case.call.as_ref().is_some_and(|call| matches!(call.function, Function::Overrides | Function::Validate))
            {
                lines.iter().for_each(|line| printable(line, &case.name));
            }
            says(case, &lines.join("\n"));
            format!("answers with {} lines", lines.len())
        }
        Err(fault) => {
            let text = fault.to_string();
            assert_eq!(Some(fault.kind.word()), case.expect.fault.as_deref(), "{}: {text:.2000}", case.name);
            printable(&text, &case.name);
            assert!(text.ends_with(fault.kind.remedy()), "{}: it names no remedy: {text}", case.name);
            says(case, &text);
            format!("fault: {}", fault.kind.word())
        }
    }
}

/// Every text the case expects stands in what came.
pub(crate) fn says(case: &Case, text: &str) {
    for wanted in &case.expect.says {
        assert!(text.contains(wanted.as_str()), "{}: {wanted:?} is not in {text:.4000}", case.name);
    }
}
