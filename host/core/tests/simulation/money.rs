//! The ledger of a world, and the orders that are booked in it.
//!
//! An order that may have been carried out keeps its charge cap reserved, in the windows of its run's reservation, until what it
//! cost is final.

use std::collections::BTreeMap;

use tidegate_core::actor::Order;
use tidegate_core::budget::{Balance, Measure, Reservation, Scope, Window};
use tidegate_core::id::IntentId;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

use crate::remote::Remote;

/// Where an order stands.
#[derive(Debug, Clone, PartialEq)]
enum Stands {
    /// It may go out, may have been carried out, or is being waited for.
    Open,
    /// It was not carried out, and will not be.
    Void,
    /// Its run is done with; what it cost is not booked. The windows it is reserved in once its reservation has ended.
    Pending(Vec<Window>),
    Settled,
}

#[derive(Default)]
pub(crate) struct Money {
    ledger: BTreeMap<Window, Balance>,
    limits: BTreeMap<Window, u64>,
    orders: BTreeMap<IntentId, (Order, Stands)>,
}

impl Money {
    /// All of them or none.
    pub(crate) fn reserve(&mut self, reservations: &[Reservation]) -> Result<(), (Reservation, Balance)> {
        let mut booked = vec![];
        for reservation in reservations {
            let balance = self.ledger.get(&reservation.window).copied().unwrap_or_default();
            let after =
                balance.reserve(reservation.amount, reservation.limit).ok_or_else(|| (reservation.clone(), balance))?;
            booked.push((reservation.window.clone(), after));
        }
        self.limits.extend(reservations.iter().map(|reservation| (reservation.window.clone(), reservation.limit)));
        booked.into_iter().for_each(|(window, balance)| self.write(&window, balance));
        Ok(())
    }

    fn write(&mut self, window: &Window, balance: Balance) {
        let sum = balance.reserved.checked_add(balance.spent).unwrap();
        assert!(sum <= self.limits[window], "{window}: {balance:?} is over {}", self.limits[window]);
        self.ledger.insert(window.clone(), balance);
    }

    pub(crate) fn intend(&mut self, order: &Order) {
        let (known, stands) = self.orders.entry(order.intent).or_insert_with(|| (order.clone(), Stands::Open));
        assert_eq!(known, order, "one intent is one order");
        assert!(matches!(stands, Stands::Open | Stands::Void), "{} is ordered again: {stands:?}", order.intent);
        *stands = Stands::Open;
    }

    pub(crate) fn void(&mut self, intent: IntentId) {
        let (_, stands) = self.orders.get_mut(&intent).unwrap();
        assert_eq!(*stands, Stands::Open);
        *stands = Stands::Void;
    }

    /// A reservation ends: what the orders under it that are done with may still cost stays, the rest is free.
    pub(crate) fn end(&mut self, reservations: Vec<Reservation>, done: Vec<IntentId>, runs: u64) {
        let money: Vec<Window> =
            reservations.iter().map(|r| r.window.clone()).filter(|window| window.measure.is_money()).collect();
        let mut kept = MicroUsd::ZERO;
        for intent in done {
            let (order, stands) = self.orders.get_mut(&intent).unwrap();
            assert_eq!(*stands, Stands::Open);
            kept = kept.plus(order.charge_cap);
            *stands = Stands::Pending(money.clone());
        }
        for Reservation { window, amount, .. } in reservations {
            let balance = self.ledger[&window];
            let after = if window.measure.is_money() {
                balance.settle(amount.checked_sub(kept.micros()).expect("orders within the reservation"), 0)
            } else {
                balance.settle(amount, runs)
            };
            self.write(&window, after);
        }
    }

    /// Books what has become final.
    pub(crate) fn settle(&mut self, remote: &Remote, now: UtcMillis) -> u64 {
        let mut settled = vec![];
        for (intent, (order, stands)) in &mut self.orders {
            let Stands::Pending(windows) = stands else { continue };
            let Some(cost) = remote.bill(*intent, now) else { continue };
            settled.push((core::mem::take(windows), order.charge_cap, cost));
            *stands = Stands::Settled;
        }
        for (windows, cap, cost) in &settled {
            for window in windows {
                self.write(window, self.ledger[window].settle(cap.micros(), cost.micros()));
            }
        }
        settled.len() as u64
    }

    /// What is reserved is what is promised to live runs, and to orders whose cost is not final.
    pub(crate) fn check(&self, promised: u64) {
        let pending = self.orders.values().map(|(order, stands)| match stands {
            Stands::Pending(windows) => order.charge_cap.micros() * windows.len() as u64,
            _ => 0,
        });
        let reserved: u64 = self.ledger.values().map(|balance| balance.reserved).sum();
        assert_eq!(reserved, promised + pending.sum::<u64>(), "reserved and promised");
    }

    /// In the end: every run of the platform has its order, none was for one that came to nothing, and what is booked in
    /// all, by day and by month, is the platform's bill.
    pub(crate) fn agrees_with(&self, remote: &Remote) {
        for intent in remote.intents() {
            let (_, stands) = self.orders.get(&intent).expect("a run that nobody intended");
            assert_eq!(*stands, Stands::Settled, "{intent}");
        }
        for measure in [Measure::UsdPerDay, Measure::UsdPerMonth] {
            let mine = self.ledger.iter().filter(|(window, _)| window.scope == Scope::All && window.measure == measure);
            let spent: u64 = mine.map(|(_, balance)| balance.spent).sum();
            assert_eq!(spent, remote.total(), "{}", measure.word());
        }
        assert!(self.ledger.values().all(|balance| balance.reserved == 0), "{:?}", self.ledger);
    }
}
