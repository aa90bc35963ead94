//! A number of things in words.
//!
//! Owns: that one of them is not called many. Must not know: what is counted. Called wherever a person reads a count.

/// "1 run", "2 runs", "0 runs": for things whose plural ends in "s".
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        let told = [0, 1, 2, 1_000].map(|count| counted(count, "run"));
        assert_eq!(told, ["0 runs", "1 run", "2 runs", "1000 runs"]);
    }
}
