//! What one call of a plugin may use.
//!
//! Owns: the three limits an operator may set in a profile, their defaults and the time a call may take by the clock. Must
//! not know: the sandbox that keeps them. Read from profiles by `host/src/config`, kept by `host/src/plugins`.

use core::time::Duration;

use serde::{Serialize, Serializer};

use crate::limits;

/// Limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CallLimits {
    /// Linear memory of all memories of the instance, in bytes; told in MiB.
    #[serde(rename = "memory_mb", serialize_with = "mebibytes")]
    pub memory: usize,
    /// CPU time; told in seconds.
    #[serde(serialize_with = "seconds")]
    pub cpu: Duration,
    /// What the call may copy out of its instance, in bytes.
    #[serde(rename = "answer_bytes")]
    pub answer: usize,
}

impl Default for CallLimits {
    /// What `wit/v0.1` promises: 64 MiB of memory, 2 s of CPU time, 16 MiB of answer.
    fn default() -> Self {
        Self { memory: limits::MEMORY_BYTES, cpu: limits::CALL_CPU, answer: limits::ANSWER_BYTES }
    }
}

impl CallLimits {
    /// Time by the clock, waiting for a free instance and for a core included: as much longer than the CPU time as usual.
    #[must_use]
    pub const fn wall(&self) -> Duration {
        self.cpu.saturating_add(limits::CALL_WALL.saturating_sub(limits::CALL_CPU))
    }

    /// What the host may spend on taking one answer, in bytes: its texts, and as much again for the records around them.
    #[must_use]
    pub const fn fuel(&self) -> usize {
        self.answer.saturating_mul(2)
    }
}

impl core::fmt::Display for CallLimits {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { memory, cpu, answer } = self;
        write!(f, "{} MiB of memory, {} s of CPU time, ", memory / limits::MIB, cpu.as_secs())?;
        match answer % limits::MIB {
            0 => write!(f, "{} MiB of answer", answer / limits::MIB),
            _ => write!(f, "{answer} bytes of answer"),
        }
    }
}

fn mebibytes<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    u64::try_from(bytes / limits::MIB).unwrap_or(u64::MAX).serialize(serializer)
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_contract() {
        let usual = CallLimits::default();
        assert_eq!(usual.to_string(), "64 MiB of memory, 2 s of CPU time, 16 MiB of answer");
        assert_eq!((usual.wall(), usual.fuel()), (limits::CALL_WALL, limits::HOSTCALL_FUEL));
        let own = CallLimits { memory: 8 * limits::MIB, cpu: Duration::from_secs(30), answer: 1_000 };
        assert_eq!(own.to_string(), "8 MiB of memory, 30 s of CPU time, 1000 bytes of answer");
        assert_eq!(own.wall(), Duration::from_secs(38));
        let told = serde_json::to_value(own).unwrap();
        assert_eq!(told, serde_json::json!({ "memory_mb": 8, "cpu": 30, "answer_bytes": 1_000 }));
    }
}
