//! The tally of a test run.
//!
//! Owns: reading the output of `cargo test -- --show-output`: what to print of it, and the sums over all test binaries.
//! Must not know: which tests there are. Called by the task `test`.
//!
//! A test that cannot run here says so by printing a line that begins with `skipped:` and the reason, and passes. The
//! test harness keeps the output of passing tests to itself, so it is asked to show it, and everything of it but those
//! lines is left out here.

use core::fmt;

/// What has been read so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Whether the lines now are the output of tests that passed.
    in_successes: bool,
}

impl Tally {
    /// Takes one line of the output in; says whether it is for the person who watches.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let word = line.trim();
        if let Some(result) = word.strip_prefix("test result: ") {
            self.in_successes = false;
            self.add(result);
            return true;
        }
        match word {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            // The next binary, where one died before its result.
            _ if word.starts_with("running ") => self.in_successes = false,
            _ => {}
        }
        let skipped = word.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("skipped:"));
        if skipped {
            self.skipped += 1;
        }
        skipped || !self.in_successes
    }

    /// `ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s`. Ignored tests are skipped ones;
    /// those filtered out were not asked for.
    fn add(&mut self, result: &str) {
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for part in counts.split(';') {
            let Some((count, what)) = part.trim().split_once(' ') else { continue };
            let Ok(count) = count.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }
}

/// `12 passed, 0 failed`, and `, 1 skipped` where tests said so. The harness counts a test that says so as passed; so do we.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 3 tests
test a ... ok
test b ... ok
test c ... ok

successes:

---- a stdout ----
a long story
---- b stdout ----
skipped: npm is not there

successes:
    a
    b
    c

test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s

running 2 tests
test d ... FAILED
test e ... ok

successes:
    e

failures:

---- d stdout ----
why it failed

failures:
    d

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn results_are_summed_and_only_what_matters_is_shown() {
        let mut tally = Tally::default();
        let shown: Vec<&str> = OUTPUT.lines().filter(|line| tally.line(line)).collect();
        assert_eq!(tally.to_string(), "4 passed, 1 failed, 2 skipped");
        assert!(shown.contains(&"skipped: npm is not there"), "a skip is shown: {shown:?}");
        assert!(shown.contains(&"why it failed"), "what a failed test said is shown: {shown:?}");
        assert!(!shown.contains(&"a long story"), "what a passed test said is not: {shown:?}");
    }

    #[test]
    fn without_skips_the_line_ends_with_the_failures() {
        let mut tally = Tally::default();
        tally.line("test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        assert_eq!(tally.to_string(), "5 passed, 0 failed");
    }

    #[test]
    fn what_is_no_result_changes_nothing() {
        for line in ["test result: ", "test result: ok", "test result: ok. x passed; ; 3", "", "skippé:"] {
            let mut tally = Tally::default();
            tally.line(line);
            assert_eq!(tally, Tally::default(), "{line:?}");
        }
    }
}
