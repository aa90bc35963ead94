//! A ledger and the runs that are booked in it, as any store has to keep them.
//!
//! The promise to be kept: `reserved + spent <= limit` in every window. A run that ends frees what it cannot cost any more;
//! the charge caps of actor runs whose cost is not final stay reserved until it is.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_core::budget::{Balance, Reservation, Window};
use tidegate_core::money::MicroUsd;

/// An actor run.
#[derive(Debug, Clone, Copy)]
struct Ordered {
    cap: MicroUsd,
    /// What the platform bills in the end.
    cost: MicroUsd,
    /// Whether that is known by now.
    known: bool,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) source: usize,
    reserved: MicroUsd,
    reservations: Vec<Reservation>,
    ordered: Vec<Ordered>,
    ended: bool,
}

impl Run {
    /// What is left of the reservation for another actor run.
    pub(crate) fn left(&self) -> MicroUsd {
        self.ordered.iter().fold(self.reserved, |left, ordered| left.minus(ordered.cap))
    }

    pub(crate) fn order(&mut self, cap: MicroUsd, cost: MicroUsd, known: bool) {
        self.ordered.push(Ordered { cap, cost, known });
    }
}

/// What came of a claim.
pub(crate) enum Claimed {
    Run(usize),
    NoRoom,
    Taken,
}

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) runs: Vec<Run>,
    ledger: BTreeMap<Window, Balance>,
    limits: BTreeMap<Window, u64>,
    /// Sources with a run that has not ended.
    busy: BTreeSet<usize>,
    /// The actor runs of ended runs whose cost is not booked: run and number.
    pub(crate) unsettled: Vec<(usize, usize)>,
    pub(crate) dead: Vec<usize>,
}

impl Books {
    /// All reservations or none, in one transaction.
    pub(crate) fn claim(&mut self, source: usize, reserved: MicroUsd, reservations: Vec<Reservation>) -> Claimed {
        if self.busy.contains(&source) {
            return Claimed::Taken;
        }
        let mut booked = vec![];
        for Reservation { window, amount, limit } in &reservations {
            assert_eq!(*amount, if window.measure.is_money() { reserved.micros() } else { 1 });
            let balance = self.ledger.get(window).copied().unwrap_or_default();
            match balance.reserve(*amount, *limit) {
                Some(balance) => booked.push((window.clone(), balance)),
                None => return Claimed::NoRoom,
            }
        }
        self.limits.extend(reservations.iter().map(|reservation| (reservation.window.clone(), reservation.limit)));
        for (window, balance) in booked {
            self.write(&window, balance);
        }
        self.busy.insert(source);
        self.runs.push(Run { source, reserved, reservations, ordered: vec![], ended: false });
        Claimed::Run(self.runs.len() - 1)
    }

    /// The daemon of a run dies.
    pub(crate) fn dies(&mut self, place: usize) {
        self.dead.push(place);
    }

    /// Ends a run: what is known is spent, what is not known stays reserved, the rest is free.
    pub(crate) fn end(&mut self, place: usize) {
        let run = &mut self.runs[place];
        if run.ended {
            return;
        }
        run.ended = true;
        self.busy.remove(&run.source);
        let (mut kept, mut spent) = (MicroUsd::ZERO, MicroUsd::ZERO);
        for (number, ordered) in run.ordered.iter().enumerate() {
            if ordered.known {
                spent = spent.plus(ordered.cost);
            } else {
                kept = kept.plus(ordered.cap);
                self.unsettled.push((place, number));
            }
        }
        for Reservation { window, amount, .. } in self.runs[place].reservations.clone() {
            let balance = self.ledger[&window];
            let balance = if window.measure.is_money() {
                balance.settle(amount - kept.micros(), spent.micros())
            } else {
                balance.settle(amount, 1)
            };
            self.write(&window, balance);
        }
    }

    /// Books a final cost.
    pub(crate) fn settle(&mut self, place: usize, number: usize) {
        let Ordered { cap, cost, .. } = self.runs[place].ordered[number];
        for Reservation { window, .. } in self.runs[place].reservations.clone() {
            if window.measure.is_money() {
                self.write(&window, self.ledger[&window].settle(cap.micros(), cost.micros()));
            }
        }
    }

    /// Writes a balance; nothing else does. What is promised holds at every instant.
    fn write(&mut self, window: &Window, balance: Balance) {
        let limit = self.limits[window];
        let sum = balance.reserved.checked_add(balance.spent).unwrap();
        assert!(sum <= limit, "{window}: {balance:?} over {}", window.measure.amount(limit));
        self.ledger.insert(window.clone(), balance);
    }

    /// What holds in the end: nothing is promised, and each window has spent what its runs were billed.
    pub(crate) fn agree_with_the_bill(&self) {
        let mut bill: BTreeMap<&Window, u64> = BTreeMap::new();
        for run in &self.runs {
            let cost = run.ordered.iter().map(|ordered| ordered.cost.micros()).sum::<u64>();
            for Reservation { window, .. } in &run.reservations {
                *bill.entry(window).or_default() += if window.measure.is_money() { cost } else { 1 };
            }
        }
        for (window, balance) in &self.ledger {
            assert_eq!(*balance, Balance { reserved: 0, spent: bill[window] }, "{window}");
        }
    }
}
