//! `plugin test`: a project's recorded pages through its component.

use std::path::Path;

use serde_json::{Value, json as value};
use tidegate_tests::place::{Place, list};

use super::{component, json, refused, repository};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// A project of the feed plugin with some of its own cases.
fn project(cases: &[&str]) -> Place {
    let place = Place::empty().unwrap();
    place.put("project/rss.wasm", component("rss")).unwrap();
    for case in cases {
        copy(&repository("plugins/rss/fixtures").join(case), &place.dir().join("project/fixtures").join(case));
    }
    place
}

fn states(tested: &Value) -> Vec<(&str, &str)> {
    list(tested, "cases").iter().map(|case| (case["name"].as_str().unwrap(), case["state"].as_str().unwrap())).collect()
}

#[test]
fn every_case_of_the_shipped_plugins_passes() {
    let place = Place::empty().unwrap();
    for name in ["rss", "x", "instagram"] {
        let file = place.put(&format!("{name}.wasm"), component(name)).unwrap();
        let project = repository(&format!("plugins/{name}"));
        let args = ["plugin", "test", project.to_str().unwrap(), "--component", file.to_str().unwrap()];
        let (code, tested) = json(&place, &args);
        let failed: Vec<_> = states(&tested).into_iter().filter(|(_, state)| *state != "same").collect();
        assert_eq!((code, failed), (0, vec![]), "{name}: {tested}");
        assert!(tested["passed"].as_u64().unwrap() > 10, "{name}");
    }
}

#[test]
fn a_difference_is_told_place_by_place_and_may_be_taken_over() {
    let place = project(&["atom10", "atom03"]);
    assert_eq!(json(&place, &["plugin", "test", "project"]).0, 0);
    let file = place.dir().join("project/fixtures/atom10/expected.json");
    let mut expected: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let right = expected.clone();
    expected["batch"]["items"][0]["title"] = value!("Something else");
    std::fs::write(&file, expected.to_string()).unwrap();
    let (code, tested) = json(&place, &["plugin", "test", "project"]);
    assert_eq!((code, states(&tested)), (1, vec![("atom03", "same"), ("atom10", "differs")]));
    let difference = &tested["cases"][1]["differences"][0];
    assert_eq!(
        (&difference["pointer"], &difference["expected"]),
        (&value!("/batch/items/0/title"), &value!("Something else"))
    );
    let said = place.run(&["plugin", "test", "project", "--case", "atom10"]).unwrap();
    assert_eq!(said.code, Some(1));
    for words in ["at /batch/items/0/title", "- \"Something else\"", "0 of 1 cases passed", "--update"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    let (code, tested) = json(&place, &["plugin", "test", "project", "--update"]);
    assert_eq!((code, states(&tested)), (0, vec![("atom03", "same"), ("atom10", "written")]));
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap(), right);
    // A case that was never written is no pass.
    std::fs::remove_file(&file).unwrap();
    let (code, tested) = json(&place, &["plugin", "test", "project", "--case", "atom10"]);
    assert_eq!((code, states(&tested)), (1, vec![("atom10", "unwritten")]));
}

#[test]
fn what_cannot_be_tested_says_what_would_be_right() {
    let place = project(&["atom10"]);
    refused(&place, &["plugin", "test", "nowhere"], 3, &["fixtures is not there", "plugin record"]);
    refused(&place, &["plugin", "test", "project", "--case", "atom1O"], 4, &["did you mean \"atom10\"?"]);
    place.put("project/other.wasm", component("x")).unwrap();
    refused(&place, &["plugin", "test", "project"], 2, &["there are several components", "--component"]);
    std::fs::remove_file(place.dir().join("project/other.wasm")).unwrap();
    std::fs::remove_file(place.dir().join("project/rss.wasm")).unwrap();
    refused(&place, &["plugin", "test", "project"], 3, &["there is no component in project", "target/wasm32-wasip2"]);
    let outside = r#"{"kind": "feed", "identifier": "a", "pages": [{"body": "../../secret"}]}"#;
    let table = [
        ("meta.json", "{", "EOF while parsing"),
        ("meta.json", r#"{"kind": "feed"}"#, "missing field `identifier`"),
        ("meta.json", r#"{"kind": "feed", "identifier": "a", "indentifier": "b"}"#, "unknown field `indentifier`"),
        ("meta.json", outside, "\"../../secret\" is not a file of this folder"),
        ("meta.json", r#"{"kind": "feed", "identifier": "a", "response": {}, "pages": []}"#, "exclude each other"),
        ("expected.json", "[", "EOF while parsing"),
    ];
    for (file, text, words) in table {
        let place = project(&["atom10"]);
        place.put("secret", "not for anybody").unwrap();
        place.put(&format!("project/fixtures/atom10/{file}"), text).unwrap();
        refused(&place, &["plugin", "test", "project"], 4, &[words, "atom10"]);
    }
    // A link leads out of the folder.
    let place = project(&["atom10"]);
    let page = place.dir().join("project/fixtures/atom10/page.xml");
    std::fs::remove_file(&page).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &page).unwrap();
    refused(&place, &["plugin", "test", "project"], 4, &["links and devices are not followed"]);
}
