//! The life of a run on the clock: READY, RUNNING, the last moment, the end.
//!
//! Owns: when items arrive and what ends a run first: its work, its timeout, its charge cap, or somebody. Called when a
//! run starts, is aborted or resurrected, and whenever its status is asked for.

use super::{Run, Status};
use crate::clock::Millis;
use crate::limits::{GRACE_MS, STOPPING_MS};

/// One life. A resurrected run has a second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// From here RUNNING.
    pub(crate) begins: Millis,
    /// When its work would be done.
    done: Millis,
    /// Nothing arrives from here on; TIMING-OUT or ABORTING until `ends`.
    stops: Millis,
    /// From here `end` holds.
    pub(crate) ends: Millis,
    pub(crate) end: Status,
    pub(crate) why: Why,
    /// Items before this life.
    before: u32,
    /// Items at `done`.
    wanted: u32,
    /// Items at `stops`.
    rows: u32,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Done,
    Failed,
    Timeout,
    Cap,
    Aborted,
}

/// What a life is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) begins: Millis,
    pub(crate) duration: i64,
    /// Items before, and at its end.
    pub(crate) before: u32,
    pub(crate) wanted: u32,
    /// How it ends unless something ends it before.
    pub(crate) end: Status,
}

impl Life {
    /// Which of work, timeout and cap comes first. `timeout_s` of 0 means none.
    pub(crate) fn plan(wish: Wish, timeout_s: u32, affordable: Option<u32>, capped_end: Status) -> Self {
        let done = wish.begins.after(wish.duration);
        let why = match wish.end {
            Status::TimedOut => Why::Timeout,
            Status::Aborted => Why::Aborted,
            Status::Failed => Why::Failed,
            _ => Why::Done,
        };
        let mut life = Self {
            begins: wish.begins,
            done,
            stops: done,
            ends: done,
            end: wish.end,
            why,
            before: wish.before,
            wanted: wish.wanted,
            rows: wish.wanted,
        };
        // The item that cannot be paid ends the run when it would have come.
        if let Some(most) = affordable.filter(|most| *most < wish.wanted) {
            life.stop(life.arrival(most.saturating_add(1)), capped_end, Why::Cap);
            life.rows = most.max(wish.before);
        }
        let timeout = wish.begins.after(i64::from(timeout_s) * 1_000);
        if timeout_s > 0 && timeout < life.stops {
            life.rows = life.arrived(timeout);
            life.stop(timeout, Status::TimedOut, Why::Timeout);
        }
        life
    }

    fn stop(&mut self, at: Millis, end: Status, why: Why) {
        self.stops = at;
        self.ends = at.after(if matches!(end, Status::TimedOut) { STOPPING_MS } else { 0 });
        self.end = end;
        self.why = why;
    }

    /// When the item of this number (from 1, all lives together) arrives: evenly over the whole work.
    fn arrival(&self, number: u32) -> Millis {
        let (nth, of) = (number.saturating_sub(self.before), self.wanted.saturating_sub(self.before).saturating_add(1));
        let share = self.done.since(self.begins).saturating_mul(i64::from(nth)) / i64::from(of);
        self.begins.after(share)
    }

    /// How many have arrived, were it not stopped.
    fn arrived(&self, now: Millis) -> u32 {
        let span = self.done.since(self.begins).max(1);
        let new = i64::from(self.wanted.saturating_sub(self.before));
        let share = now.since(self.begins).clamp(0, span).saturating_mul(new.saturating_add(1)) / span;
        self.before.saturating_add(u32::try_from(share.min(new)).unwrap_or(0))
    }

    fn rows_at(&self, now: Millis) -> u32 {
        if now >= self.stops { self.rows } else { self.arrived(now).min(self.rows) }
    }

    /// The items of this life, all of them.
    pub(crate) fn wanted(&self) -> u32 {
        self.wanted
    }
}

impl Run {
    /// Its status at a moment.
    pub(crate) fn status(&self, now: Millis) -> Status {
        let life = &self.life;
        if now >= life.ends {
            life.end
        } else if now >= life.stops {
            if life.why == Why::Timeout { Status::TimingOut } else { Status::Aborting }
        } else if now >= life.begins {
            Status::Running
        } else {
            Status::Ready
        }
    }

    /// Items pushed by now.
    pub(crate) fn rows(&self, now: Millis) -> u32 {
        self.life.rows_at(now)
    }

    /// Items that a reader of the dataset sees by now.
    pub(crate) fn visible_rows(&self, now: Millis) -> u32 {
        let rows = self.rows(now);
        let after = now.since(self.life.ends);
        if self.twisted(|twist| twist.items_lag_ms).is_some_and(|lag| after < lag) {
            return 0;
        }
        match self.twisted(|twist| twist.items_trickle_ms) {
            Some(over) if after < over => {
                let half = rows / 2;
                let share = i64::from(rows - half).saturating_mul(after.max(0)) / over.max(1);
                half.min(rows) + u32::try_from(share).unwrap_or(0)
            }
            _ => rows,
        }
    }

    /// Stops it. False where it has ended, or is ending.
    pub(crate) fn abort(&mut self, now: Millis, gracefully: bool) -> bool {
        let status = self.status(now);
        if status.is_terminal() || status == Status::Aborting {
            return false;
        }
        if gracefully && status == Status::Running {
            // The actor goes on for a while: what it was about to end with stays possible.
            let grace = now.after(GRACE_MS);
            if grace < self.life.stops {
                self.life.rows = self.rows(now);
                self.life.stops = now;
                self.life.ends = grace;
                self.life.end = Status::Aborted;
                self.life.why = Why::Aborted;
            }
            return true;
        }
        self.life.rows = self.rows(now);
        self.life.stops = now;
        self.life.ends = now.after(STOPPING_MS);
        self.life.end = Status::Aborted;
        self.life.why = Why::Aborted;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Life, Status, Wish};
    use crate::clock::Millis;

    const WISH: Wish = Wish { begins: Millis(1_000), duration: 16_000, before: 0, wanted: 15, end: Status::Succeeded };

    #[test]
    fn items_arrive_evenly_and_the_first_end_counts() {
        let life = Life::plan(WISH, 0, None, Status::Aborted);
        assert_eq!(
            (life.rows_at(Millis(1_999)), life.rows_at(Millis(2_000)), life.rows_at(Millis(17_000))),
            (0, 1, 15)
        );
        assert_eq!((life.ends, life.end), (Millis(17_000), Status::Succeeded));
        let capped = Life::plan(WISH, 0, Some(6), Status::Aborted);
        assert_eq!((capped.ends, capped.end, capped.rows_at(capped.ends)), (Millis(8_000), Status::Aborted, 6));
        assert_eq!(capped.rows_at(Millis(7_999)), 6);
        let late = Life::plan(WISH, 7, None, Status::Aborted);
        assert_eq!((late.stops, late.end, late.rows_at(late.ends)), (Millis(8_000), Status::TimedOut, 7));
        let enough = Life::plan(WISH, 0, Some(15), Status::Aborted);
        assert_eq!(enough.end, Status::Succeeded);
        let second = Life::plan(Wish { before: 10, ..WISH }, 0, Some(12), Status::Aborted);
        assert_eq!((second.rows_at(second.begins), second.rows_at(second.ends)), (10, 12));
    }
}
