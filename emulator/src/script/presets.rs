//! The numbered scenarios, each written in the language of rules.
//!
//! Owns: the table; the numbers are those of the list of what a naive client gets wrong. A scenario that is the
//! emulator's normal behaviour has no rules. Called when a script is read.

use super::{Rule, ScriptError};

/// Number (with its variant) and rules.
const PRESETS: [(&str, &str); 82] = [
    ("1", "[]"),
    // The connection dies once the run exists.
    ("2", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"head"}}]"#),
    ("2-unanswered", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"unanswered"}}]"#),
    ("2-reset", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"reset-after"}}]"#),
    ("2-body", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"body"}}]"#),
    ("2-lag", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"unanswered","run":{"unseen_ms":20000}}}]"#),
    // A gateway's page, before or after the run was created.
    (
        "3-after",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"performed":true,"answer":{"status":502,"body":"<html><body><h1>502 Bad Gateway</h1></body></html>","content_type":"text/html"}}}]"#,
    ),
    (
        "3-after-504",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"performed":true,"answer":{"status":504,"body":"<html><body><h1>504 Gateway Time-out</h1></body></html>","content_type":"text/html"}}}]"#,
    ),
    (
        "3-before",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":502,"body":"<html><body><h1>502 Bad Gateway</h1></body></html>","content_type":"text/html"}}}]"#,
    ),
    (
        "3-before-504",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":504,"body":"<html><body><h1>504 Gateway Time-out</h1></body></html>","content_type":"text/html"}}}]"#,
    ),
    (
        "4",
        r#"[{"when":{"endpoint":"start"},"times":3,"effect":{"answer":{"status":429,"type":"rate-limit-exceeded","message":"You have exceeded the rate limit of 400 requests per second"}}}]"#,
    ),
    // A burst of 429 on polling for 60 s.
    (
        "5-absent",
        r#"[{"when":{"endpoint":"get-run"},"within_ms":60000,"effect":{"answer":{"status":429,"type":"rate-limit-exceeded","message":"You have exceeded the rate limit of 60 requests per second"}}}]"#,
    ),
    (
        "5-present",
        r#"[{"when":{"endpoint":"get-run"},"within_ms":60000,"effect":{"answer":{"status":429,"type":"rate-limit-exceeded","message":"You have exceeded the rate limit of 60 requests per second","headers":{"Retry-After":"5"}}}}]"#,
    ),
    (
        "5-absurd",
        r#"[{"when":{"endpoint":"get-run"},"within_ms":60000,"effect":{"answer":{"status":429,"type":"rate-limit-exceeded","message":"You have exceeded the rate limit of 60 requests per second","headers":{"Retry-After":"3600"}}}}]"#,
    ),
    (
        "5-negative",
        r#"[{"when":{"endpoint":"get-run"},"within_ms":60000,"effect":{"answer":{"status":429,"type":"rate-limit-exceeded","message":"You have exceeded the rate limit of 60 requests per second","headers":{"Retry-After":"-1"}}}}]"#,
    ),
    (
        "5-date",
        r#"[{"when":{"endpoint":"get-run"},"within_ms":60000,"effect":{"answer":{"status":429,"type":"rate-limit-exceeded","message":"You have exceeded the rate limit of 60 requests per second","headers":{"Retry-After":"Fri, 31 Dec 2100 23:59:59 GMT"}}}}]"#,
    ),
    // Trouble on the way back from polling and reading.
    (
        "6-html",
        r#"[{"when":{"endpoint":"get-run"},"times":2,"effect":{"answer":{"status":502,"body":"<html><body><h1>502 Bad Gateway</h1></body></html>","content_type":"text/html"}}},{"when":{"endpoint":"items"},"times":2,"effect":{"answer":{"status":502,"body":"<html><body><h1>502 Bad Gateway</h1></body></html>","content_type":"text/html"}}}]"#,
    ),
    (
        "6-empty",
        r#"[{"when":{"endpoint":"get-run"},"times":2,"effect":{"answer":{"status":503,"body":""}}},{"when":{"endpoint":"items"},"times":2,"effect":{"answer":{"status":500,"body":""}}}]"#,
    ),
    (
        "6-chunk",
        r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"cut":"chunk"}},{"when":{"endpoint":"items"},"times":2,"effect":{"cut":"chunk"}}]"#,
    ),
    (
        "6-body",
        r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"cut":"body"}},{"when":{"endpoint":"items"},"times":2,"effect":{"cut":"body"}}]"#,
    ),
    (
        "7-301",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":301,"body":"","headers":{"Location":"{origin}{path}"}}}}]"#,
    ),
    (
        "7-302",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":302,"body":"","headers":{"Location":"{origin}{path}"}}}}]"#,
    ),
    (
        "7-307",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":307,"body":"","headers":{"Location":"{origin}{path}"}}}}]"#,
    ),
    (
        "7-other",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":302,"body":"","headers":{"Location":"{other}{path}"}}}}]"#,
    ),
    (
        "7-other-307",
        r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"answer":{"status":307,"body":"","headers":{"Location":"{other}{path}"}}}}]"#,
    ),
    (
        "7-get",
        r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"answer":{"status":302,"body":"","headers":{"Location":"{origin}{path}"}}}}]"#,
    ),
    (
        "7-get-other",
        r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"answer":{"status":302,"body":"","headers":{"Location":"{other}{path}"}}}}]"#,
    ),
    // Codings and content types.
    ("8-gzip", r#"[{"effect":{"coding":"gzip"}}]"#),
    ("8-br", r#"[{"effect":{"coding":"br"}}]"#),
    ("8-bad", r#"[{"when":{"endpoint":"items"},"times":2,"effect":{"coding":"bad-gzip"}}]"#),
    ("8-short", r#"[{"when":{"endpoint":"items"},"times":2,"effect":{"coding":"short-gzip"}}]"#),
    ("8-bomb", r#"[{"when":{"endpoint":"items"},"effect":{"coding":"bomb"}}]"#),
    ("8-charset", r#"[{"effect":{"content_type":"application/json; charset=utf-8"}}]"#),
    ("8-untyped", r#"[{"effect":{"content_type":""}}]"#),
    ("9", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"unseen_ms":3000}}}]"#),
    ("10-hold", r#"[{"when":{"endpoint":"get-run"},"effect":{"wait":"hold"}}]"#),
    ("10-ignore", r#"[{"when":{"endpoint":"get-run"},"effect":{"wait":"ignore"}}]"#),
    ("11", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":0}}}]"#),
    ("12", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":5,"items_lag_ms":5000}}}]"#),
    ("13", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":15,"cost_lag_ms":10000}}}]"#),
    ("14", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":15,"reach":7,"ends":"TIMED-OUT"}}}]"#),
    ("15-cap", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":1000,"cap_micro_usd":30000}}}]"#),
    (
        "15-cap-succeeded",
        r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":1000,"cap_micro_usd":30000,"ends":"SUCCEEDED"}}}]"#,
    ),
    (
        "15-operator",
        r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":15,"reach":4,"ends":"ABORTED","message":"The run was aborted by the user"}}}]"#,
    ),
    ("16-items", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":15,"reach":5,"ends":"FAILED"}}}]"#),
    ("16-bare", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":15,"reach":0,"ends":"FAILED"}}}]"#),
    (
        "16-null",
        r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":15,"reach":5,"ends":"FAILED","message":""}}}]"#,
    ),
    ("17", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":5,"resurrects_after_ms":30000,"grows":5}}}]"#),
    (
        "18",
        r#"[{"when":{"endpoint":"start"},"effect":{"answer":{"status":400,"type":"invalid-input","message":"Input is not valid: Field input.username must be array"}}}]"#,
    ),
    // Four refusals, four meanings.
    (
        "19-memory",
        r#"[{"when":{"endpoint":"start"},"times":2,"effect":{"answer":{"status":402,"type":"actor-memory-limit-exceeded","message":"By launching this job you will exceed the memory limit of 8192MB for all your Actor runs and builds."}}}]"#,
    ),
    (
        "19-concurrent",
        r#"[{"when":{"endpoint":"start"},"times":2,"effect":{"answer":{"status":402,"type":"concurrent-runs-limit-exceeded","message":"By launching this job you will exceed your limit of 25 concurrent Actor runs."}}}]"#,
    ),
    (
        "19-usage",
        r#"[{"when":{"endpoint":"start"},"effect":{"answer":{"status":402,"type":"not-enough-usage-to-run-paid-actor","message":"By launching this job you will exceed your remaining usage."}}}]"#,
    ),
    (
        "19-hard-limit",
        r#"[{"when":{"endpoint":"start"},"effect":{"answer":{"status":403,"type":"platform-feature-disabled","message":"Monthly usage hard limit exceeded"}}}]"#,
    ),
    // Tokens come back by the control API.
    ("20", r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"revoke_tokens":true}}]"#),
    ("20-items", r#"[{"when":{"endpoint":"items"},"times":1,"effect":{"revoke_tokens":true}}]"#),
    (
        "21",
        r#"[{"when":{"endpoint":"start"},"effect":{"answer":{"status":404,"type":"record-not-found","message":"Actor was not found"}}}]"#,
    ),
    ("22-ahead", r#"[{"effect":{"skew_ms":600000}}]"#),
    ("22-behind", r#"[{"effect":{"skew_ms":-600000}}]"#),
    ("22-items", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":6,"data":["future"]}}}]"#),
    ("23", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":20,"data":["nested","null","number","text"]}}}]"#),
    ("23-many", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":1000,"data":["large"]}}}]"#),
    (
        "24",
        r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":20,"data":["invalid-utf8","lone-surrogate","nul","big-numbers","duplicate-keys"]}}}]"#,
    ),
    ("24-bom", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":6,"data":["bom"]}}}]"#),
    // The same items in two runs with other metrics: two runs a while apart do that by themselves.
    ("25", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["duplicates"]}}}]"#),
    ("26", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":12,"data":["foreign","old","unordered"]}}}]"#),
    ("27-mixed", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":6,"data":["errors-mixed"]}}}]"#),
    ("27-only", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["only-not-found"]}}}]"#),
    ("27-blocked", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["only-blocked"]}}}]"#),
    ("27-private", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["only-no-items"]}}}]"#),
    ("28-noresults", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["no-results"]}}}]"#),
    ("28-demo", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["demo"]}}}]"#),
    ("28-mock", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["mock"]}}}]"#),
    ("29", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"data":["drift"]}}}]"#),
    ("30-clean", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":12,"data":["empty-rows"]}}}]"#),
    ("30-grow", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"items":12,"items_trickle_ms":20000}}}]"#),
    ("31-twice", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"webhook":"twice"}}}]"#),
    ("31-unknown", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"webhook":"unknown-run"}}}]"#),
    ("31-secret", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"webhook":"wrong-secret"}}}]"#),
    ("31-never", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"webhook":"never"}}}]"#),
    ("31-late", r#"[{"when":{"endpoint":"start"},"effect":{"run":{"webhook":"late"}}}]"#),
    // Time to kill the daemon: behind the POST, while polling, in the middle of a page.
    ("32-start", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"slow":{"head_ms":5000}}}]"#),
    ("32-poll", r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"wait":"hold"}}]"#),
];
const MORE: [(&str, &str); 14] = [
    ("32-page", r#"[{"when":{"endpoint":"items"},"times":1,"effect":{"slow":{"byte_ms":1}}}]"#),
    ("33-headers", r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"slow":{"head_ms":20000}}}]"#),
    ("33-headers-items", r#"[{"when":{"endpoint":"items"},"times":1,"effect":{"slow":{"head_ms":20000}}}]"#),
    ("33-drip", r#"[{"when":{"endpoint":"items"},"times":1,"effect":{"slow":{"byte_ms":1000}}}]"#),
    ("34-tls", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"garbage"}}]"#),
    ("34-refused", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"refuse_ms":3000}}]"#),
    ("34-refused-poll", r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"refuse_ms":3000}}]"#),
    ("34-reset", r#"[{"when":{"endpoint":"start"},"times":1,"effect":{"cut":"reset-before"}}]"#),
    ("34-reset-poll", r#"[{"when":{"endpoint":"get-run"},"times":1,"effect":{"cut":"reset-before"}}]"#),
    ("35-status", r#"[{"when":{"endpoint":"get-run"},"times":3,"effect":{"patch":{"set":{"status":"MIGRATING"}}}}]"#),
    (
        "35-pricing",
        r#"[{"when":{"endpoint":"get-run"},"effect":{"patch":{"set":{"pricingInfo":{"pricingModel":"PAY_PER_TIDE","pricePerTideUsd":0.5}}}}}]"#,
    ),
    ("35-cost", r#"[{"when":{"endpoint":"get-run"},"effect":{"patch":{"remove":["usageTotalUsd","usageUsd"]}}}]"#),
    ("35-counts", r#"[{"when":{"endpoint":"get-run"},"effect":{"patch":{"remove":["chargedEventCounts"]}}}]"#),
    (
        "35-bare",
        r#"[{"when":{"endpoint":"get-run"},"effect":{"patch":{"remove":["usageTotalUsd","chargedEventCounts","pricingInfo","stats","options","meta","storageIds"]}}}]"#,
    ),
];

/// All names, in order.
pub(super) fn names() -> Vec<&'static str> {
    PRESETS.iter().chain(&MORE).map(|(name, _)| *name).collect()
}

/// The rules of a scenario. A number without its variant means the first one.
pub(super) fn rules(number: &str) -> Result<Vec<Rule>, ScriptError> {
    let known = || PRESETS.iter().chain(&MORE);
    let found = known().find(|(name, _)| *name == number).or_else(|| {
        let prefix = format!("{number}-");
        known().find(|(name, _)| name.starts_with(&prefix))
    });
    let (_, text) = found.ok_or_else(|| ScriptError::Scenario(number.to_owned(), names().join(", ")))?;
    serde_json::from_str(text).map_err(|error| ScriptError::Shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{names, rules};

    #[test]
    fn all_thirty_five_can_be_read() {
        for name in names() {
            assert!(rules(name).unwrap().iter().all(|rule| rule.effect.is_some()), "{name}");
        }
        for number in 1..=35 {
            assert!(rules(&number.to_string()).is_ok(), "{number}");
        }
        assert!(rules("36").unwrap_err().to_string().contains("35-bare"));
    }
}
