//! Balances: what is counted out one by one, and what is never passed.

use proptest::prelude::*;

use super::*;

#[test]
fn scopes_survive_their_keys() {
    let source = "source/src_01jd7n2c0g0000000000000000";
    for key in ["all", "tenant/acme", "profile/acme/rss_profile", source] {
        assert_eq!(Scope::from_key(key).map(|scope| scope.key()).as_deref(), Some(key));
    }
    for key in ["", "profile/acme", "profile/acme/x/y", "tenant", "tenant/acme/x", "source/1", "profile/ACME/x"] {
        assert_eq!(Scope::from_key(key), None, "{key}");
    }
}

proptest! {
    /// A forecast admits exactly as many as would be admitted.
    #[test]
    fn counting_is_the_same_as_reserving_one_by_one(
        (reserved, spent, worst, used, limit, most) in (0_u64..20, 0_u64..20, 0_u64..9, 0_u64..9, 0_u64..60, 0_u64..30),
    ) {
        let start = Balance { reserved, spent };
        let (mut balance, mut admitted) = (start, 0);
        while admitted < most && let Some(next) = balance.reserve(worst, limit) {
            balance = next.settle(worst, used);
            admitted += 1;
        }
        prop_assert_eq!(start.admits(worst, used, limit, most), admitted);
    }

    /// Whatever is reserved and settled in whatever order: never over the limit.
    #[test]
    fn a_window_never_overshoots(limit in 0_u64..50, steps in prop::collection::vec((1_u64..5, any::<bool>(), any::<bool>()), 0..200)) {
        let mut balance = Balance::default();
        let mut open = Vec::new();
        for (amount, settle_first, used_all) in steps {
            if settle_first && let Some(amount) = open.pop() {
                balance = balance.settle(amount, if used_all { amount } else { 0 });
            }
            if let Some(reserved) = balance.reserve(amount, limit) {
                balance = reserved;
                open.push(amount);
            }
            prop_assert!(balance.reserved + balance.spent <= limit);
            prop_assert_eq!(balance.reserved, open.iter().sum::<u64>());
        }
    }
}
