//! What is asked of a plugin around a call, and what comes with its answer.
//!
//! Owns: [`CallContext`], [`Answer`], the names of the calls. Must not know: the sandbox. Used at the border of the room.

use core::fmt;
use core::time::Duration;

use tidegate_core::sandbox::CallLimits;
use tidegate_core::time::UtcMillis;

use super::LogLine;

/// The functions of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// Making the instance, before any function is called.
    Instantiate,
    /// `source.describe`.
    Describe,
    /// `source.validate`.
    Validate,
    /// `source.plan`.
    Plan,
    /// `source.normalize`.
    Normalize,
    /// `deliveries.normalize-delivery`.
    NormalizeDelivery,
}

impl Call {
    /// The function's name in the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instantiate => "instantiate",
            Self::Describe => "describe",
            Self::Validate => "validate",
            Self::Plan => "plan",
            Self::Normalize => "normalize",
            Self::NormalizeDelivery => "normalize-delivery",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a call is given besides its arguments.
#[derive(Debug, Clone, Copy)]
pub struct CallContext {
    /// What the frozen clock of a WASI component shows; the job's `now`.
    pub now: UtcMillis,
    /// CPU time the call may take.
    pub cpu: Duration,
    /// Wall time it may take, waiting for a free instance and for a core included.
    pub wall: Duration,
    /// Linear memory it may have, in bytes.
    pub memory: usize,
    /// What it may copy out of its instance, in bytes.
    pub answer: usize,
}

impl CallContext {
    /// The usual limits, at this time.
    #[must_use]
    pub fn at(now: UtcMillis) -> Self {
        Self::within(CallLimits::default(), now)
    }

    /// These limits, at this time.
    #[must_use]
    pub const fn within(limits: CallLimits, now: UtcMillis) -> Self {
        Self { now, cpu: limits.cpu, wall: limits.wall(), memory: limits.memory, answer: limits.answer }
    }
}

/// What a plugin answered, and what answering took.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// What the plugin logged meanwhile.
    pub log: Vec<LogLine>,
    /// CPU time of the call, making the instance included.
    pub cpu: Duration,
    /// Linear memory at its largest, in bytes.
    pub memory: usize,
}

impl<T> Answer<T> {
    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: change(self.value), log: self.log, cpu: self.cpu, memory: self.memory }
    }
}
