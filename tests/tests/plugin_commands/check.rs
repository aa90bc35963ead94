//! `plugin check`: what is right is told briefly, what is wrong with its place and remedy.

use serde_json::Value;
use tidegate_tests::guests::patched;
use tidegate_tests::place::{Place, list};

use super::{HOSTILE, component, json, repository};

fn findings<'v>(checked: &'v Value, severity: &str) -> Vec<&'v Value> {
    list(checked, "findings").iter().filter(|finding| finding["severity"] == severity).collect()
}

#[test]
fn shipped_plugins_have_no_error_and_no_warning() {
    let place = Place::empty().unwrap();
    for name in ["rss", "x", "instagram"] {
        let file = format!("{name}.wasm");
        place.put(&file, component(name)).unwrap();
        let pages = repository(&format!("plugins/{name}/fixtures"));
        let (code, checked) = json(&place, &["plugin", "check", &file, "--fixtures", pages.to_str().unwrap()]);
        // One case is about a feed that gives two entries the same id, and the host says so.
        let known = |finding: &&Value| finding["place"] == "fixture rss20-same-ids, page 0";
        let told = ["error", "warning"].iter().flat_map(|severity| findings(&checked, severity));
        let told: Vec<_> = told.filter(|finding| !known(finding)).collect();
        assert_eq!((code, told), (0, vec![]), "{name}");
        assert_eq!((&checked["name"], &checked["track"]), (&name.into(), &"0.1".into()), "{checked}");
        assert_eq!(checked["digest"].as_str().unwrap().len(), 64, "{checked}");
        let called: Vec<_> = list(&checked, "calls").iter().map(|call| call["call"].as_str().unwrap()).collect();
        assert_eq!(called, ["normalize", "plan", "validate"], "{name}");
        assert!(list(&checked, "calls").iter().all(|call| call["calls"].as_u64().unwrap() > 1), "{checked}");
        for finding in list(&checked, "findings") {
            let said = |key: &str| !finding[key].as_str().unwrap().is_empty();
            assert!(said("what") && said("place") && said("remedy"), "{finding}");
        }
    }
    let said = place.run(&["plugin", "check", "rss.wasm"]).unwrap();
    assert!(said.stdout.contains("0 errors, 0 warnings") && said.stdout.contains("CPU AT MOST"), "{}", said.stdout);
}

#[test]
fn what_misbehaves_is_told_with_its_remedy() {
    let place = Place::empty().unwrap();
    // Its one example is the identifier "Echo", which makes it behave; another word of the same length makes it trap.
    place.put("calm.wasm", &*HOSTILE).unwrap();
    let (_, calm) = json(&place, &["plugin", "check", "calm.wasm"]);
    let schema: Vec<_> = findings(&calm, "warning");
    assert!(schema.iter().any(|finding| finding["place"].as_str().unwrap().contains("properties.limit")), "{calm}");
    assert!(findings(&calm, "note").iter().any(|finding| finding["what"] == "requests may go to any host"), "{calm}");
    // Recorded pages that make it trap, after it has logged why.
    place.put("fixtures/trap/meta.json", r#"{"kind": "trick", "identifier": "panic"}"#).unwrap();
    let (code, checked) = json(&place, &["plugin", "check", "calm.wasm", "--fixtures", "fixtures"]);
    let errors = findings(&checked, "error");
    let trap = errors.iter().find(|finding| finding["place"] == "fixture trap").unwrap_or_else(|| panic!("{checked}"));
    assert_eq!(code, 4);
    let what = trap["what"].as_str().unwrap();
    assert!(what.contains("`plan` gave up: panicked at hostile: told to panic; it trapped ("), "{what}");
    assert!(trap["remedy"].as_str().unwrap().starts_with("correct the plugin"), "{trap}");
}

#[test]
fn what_is_refused_at_load_is_a_finding_too() {
    let place = Place::empty().unwrap();
    place.put("bad.wasm", patched(&HOSTILE, "MODE:calm..........", "MODE:bad-example...")).unwrap();
    let (code, checked) = json(&place, &["plugin", "check", "bad.wasm"]);
    assert_eq!((code, &checked["name"], findings(&checked, "error").len()), (4, &Value::Null, 1), "{checked}");
    assert!(!checked["findings"][0]["remedy"].as_str().unwrap().is_empty());
}
