//! The circle in which tenants get their share of what is due.
//!
//! Owns: reading it in two pieces, from the tenant that was last to the end and from the beginning to it. Must not know: the
//! database, or how shares are made (`tidegate_core::share`).

use tidegate_core::id::{SourceId, Tenant};
use tidegate_core::limits;

use crate::ports::Candidate;

/// A circle of tenants that is being read.
pub(in crate::store) struct Circle {
    /// What is asked for next: tenants after this name.
    next: Option<String>,
    /// Where it began.
    began: Option<Tenant>,
    due: Vec<(Tenant, Vec<SourceId>)>,
}

impl Circle {
    /// A circle that begins after this tenant.
    pub(in crate::store) fn new(after: Option<&Tenant>) -> Self {
        Self { next: Some(after.map(ToString::to_string).unwrap_or_default()), began: after.cloned(), due: Vec::new() }
    }

    /// What is to be read next: tenants after this name, at most so many. `None`: it is whole.
    pub(in crate::store) fn open(&mut self) -> Option<(String, i64)> {
        let from = self.next.take()?;
        let left = limits::SHARE_TENANTS.saturating_sub(self.due.len());
        if left == 0 {
            return None;
        }
        // What lies before the beginning is read last.
        self.next = (!from.is_empty()).then(String::new);
        Some((from, i64::try_from(left).unwrap_or(i64::MAX)))
    }

    /// A source that is due, in the order of tenants.
    pub(in crate::store) fn add(&mut self, tenant: Tenant, source: SourceId) {
        match self.due.last_mut() {
            Some((last, sources)) if *last == tenant => sources.push(source),
            // Once around.
            Some(_) if self.next.is_none() && self.began.as_ref().is_some_and(|began| tenant > *began) => {}
            _ => self.due.push((tenant, vec![source])),
        }
    }

    pub(in crate::store) fn due(self) -> Vec<(Tenant, Vec<SourceId>)> {
        self.due
    }
}

/// The shares, completed by what has waited longest.
pub(in crate::store) fn complete(mut shares: Vec<Candidate>, oldest: Vec<Candidate>, most: usize) -> Vec<Candidate> {
    for candidate in oldest {
        if shares.len() < most && !shares.iter().any(|share| share.source.id == candidate.source.id) {
            shares.push(candidate);
        }
    }
    shares
}
