//! Fairness between tenants, when more sources are due than may run.
//!
//! Owns: who goes next. Must not know: rows. Called by the stores' look for due sources.
//!
//! Where there is room for all, the longest due goes first. Where there is not, one tenant with a hundred thousand sources would keep
//! the others waiting for as long as it takes to serve it whole. So tenants take turns, one source each, in a circle that goes on
//! where it stopped.

use crate::id::{SourceId, Tenant};

/// Takes `most` of these sources: one of each tenant in turn, then a second of each, and so on. `due` has the tenants in the
/// order of the circle, each with its sources, longest due first. Gives the sources, and the tenant after which the circle goes
/// on next time.
#[must_use]
pub fn shares(due: &[(Tenant, Vec<SourceId>)], most: usize) -> (Vec<SourceId>, Option<Tenant>) {
    let mut taken = Vec::with_capacity(most);
    let mut last = None;
    for round in 0.. {
        let before = taken.len();
        for (tenant, sources) in due {
            if taken.len() == most {
                return (taken, last);
            }
            if let Some(source) = sources.get(round) {
                taken.push(*source);
                last = Some(tenant.clone());
            }
        }
        if taken.len() == before {
            break;
        }
    }
    (taken, last)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn due(tenants: &[(&str, u128)]) -> Vec<(Tenant, Vec<SourceId>)> {
        let mut n = 0;
        let mut sources = |count: u128| {
            n += count;
            (n - count..n).map(SourceId::from_bits).collect()
        };
        tenants.iter().map(|(tenant, count)| (tenant.parse().unwrap(), sources(*count))).collect()
    }

    #[test]
    fn tenants_take_turns() {
        for (tenants, most, want, last) in [
            (&[("big", 9), ("small", 1)][..], 3, &[0, 9, 1][..], Some("big")),
            (&[("a", 2), ("b", 2), ("c", 2)], 1, &[0], Some("a")),
            (&[("a", 2), ("b", 2), ("c", 2)], 4, &[0, 2, 4, 1], Some("a")),
            (&[("a", 1), ("b", 0)], 9, &[0], Some("a")),
            (&[], 9, &[], None),
        ] {
            let (taken, after) = shares(&due(tenants), most);
            assert_eq!(taken, want.iter().map(|n| SourceId::from_bits(*n)).collect::<Vec<_>>(), "{tenants:?}");
            assert_eq!(after, last.map(|tenant| tenant.parse().unwrap()), "{tenants:?}");
        }
    }
}
