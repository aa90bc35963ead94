//! How often what could happen in a world did.

/// One count for each thing that the rules have an answer to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) cut: u64,
    pub(crate) skipped: u64,
    pub(crate) spent: u64,
    pub(crate) crashed: u64,
    pub(crate) drained: u64,
    pub(crate) late: u64,
    /// Pages that no plugin could be asked about, as the machine was busy.
    pub(crate) overloaded: u64,
    pub(crate) abandoned: u64,
    /// Runs that died between two actor runs, and ended with what the first had brought.
    pub(crate) kept: u64,
    /// Runs that ended well although a later actor run of theirs could not be had.
    pub(crate) short: u64,
    pub(crate) stopped: u64,
    /// Orders carried out of which the answer was lost, and that were found.
    pub(crate) adopted: u64,
    /// Orders made again, as the platform knew of none.
    pub(crate) again: u64,
    pub(crate) refused: u64,
    pub(crate) parked: u64,
    pub(crate) aborted: u64,
    /// Actor runs that ended, but not well, and left something.
    pub(crate) partial: u64,
    /// Second and later actor runs of a run.
    pub(crate) further: u64,
    /// Costs booked after the end of their run.
    pub(crate) settled: u64,
    /// Extra runs that were queued, and those that were not.
    pub(crate) extra: u64,
    pub(crate) demanded: u64,
    pub(crate) not_queued: u64,
    /// Runs that are kept as dead letters.
    pub(crate) dead: u64,
}

impl Tally {
    const fn counts(self) -> [u64; 25] {
        [
            self.succeeded,
            self.failed,
            self.cut,
            self.skipped,
            self.spent,
            self.crashed,
            self.drained,
            self.late,
            self.overloaded,
            self.abandoned,
            self.kept,
            self.short,
            self.stopped,
            self.adopted,
            self.again,
            self.refused,
            self.parked,
            self.aborted,
            self.partial,
            self.further,
            self.settled,
            self.extra,
            self.demanded,
            self.not_queued,
            self.dead,
        ]
    }

    pub(crate) fn is_full(self) -> bool {
        self.counts().iter().all(|count| *count > 0)
    }

    pub(crate) const fn plus(mut self, other: Self) -> Self {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cut += other.cut;
        self.skipped += other.skipped;
        self.spent += other.spent;
        self.crashed += other.crashed;
        self.drained += other.drained;
        self.late += other.late;
        self.overloaded += other.overloaded;
        self.abandoned += other.abandoned;
        self.kept += other.kept;
        self.short += other.short;
        self.stopped += other.stopped;
        self.adopted += other.adopted;
        self.again += other.again;
        self.refused += other.refused;
        self.parked += other.parked;
        self.aborted += other.aborted;
        self.partial += other.partial;
        self.further += other.further;
        self.settled += other.settled;
        self.extra += other.extra;
        self.demanded += other.demanded;
        self.not_queued += other.not_queued;
        self.dead += other.dead;
        self
    }
}
