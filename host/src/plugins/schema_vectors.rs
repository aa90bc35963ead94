//! The published tests of JSON Schema, drafts 2020-12 and 7, against schemas as plugins' are compiled.
//!
//! They lie in a folder `shared` beside the checkout. Where it is missing the test passes and says so.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use serde_json::{Value, json};

/// Tests that are not passed on purpose: file, words of the case's description, and why.
const ARGUED: [(&str, &str, &str); 0] = [];

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn published_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vectors/jsonschema");
    if !root.is_dir() {
        eprintln!("SKIPPED: {} is not there", root.display());
        return;
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for draft in ["draft2020-12", "draft7"] {
        let mut files: Vec<_> = std::fs::read_dir(root.join(draft)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = format!("{draft}/{}", file.file_name().unwrap().to_string_lossy());
            let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            for case in cases {
                let mut schema = case["schema"].clone();
                if draft == "draft7" && schema.is_object() {
                    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
                }
                let about = case["description"].as_str().unwrap();
                if ARGUED.iter().any(|(of, words, _)| *of == name && about.contains(words)) {
                    continue;
                }
                let validator = match super::validator(&schema) {
                    Ok(validator) => validator,
                    Err(why) => {
                        wrong.push(format!("{name}: {about}: {why}"));
                        continue;
                    }
                };
                for test in case["tests"].as_array().unwrap() {
                    count += 1;
                    if json!(validator.is_valid(&test["data"])) != test["valid"] {
                        wrong.push(format!("{name}: {about}: {}", test["description"]));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 100, "only {count} tests were found");
}
