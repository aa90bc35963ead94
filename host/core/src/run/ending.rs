//! The end of a run: what is handed to the store with its last page.
//!
//! Owns: how a machine ends, well or not, and that it ends once. Must not know: what the end means for the source (`finish`). A
//! part of [`Machine`].

use super::finish::{Finish, Policy, RunResult};
use super::machine::Machine;
use super::state::State;
use super::step::Effect;
use crate::dead_letter;
use crate::failure::Failure;
use crate::item;

impl Machine {
    pub(super) fn succeed(&mut self, page: Option<item::Page>) -> Effect {
        self.end(page, RunResult::Succeeded(self.findings.outcome))
    }

    pub(super) fn fail(&mut self, page: Option<item::Page>, failure: Failure) -> Effect {
        self.findings.watermark = None;
        self.end(page, RunResult::Failed(failure))
    }

    fn end(&mut self, page: Option<item::Page>, result: RunResult) -> Effect {
        self.state = State::Ending;
        let findings = core::mem::take(&mut self.findings);
        let failed = matches!(result, RunResult::Failed(_));
        let asked = self.asked.take().filter(|_| failed);
        let finish = Finish {
            trigger: self.trigger,
            result,
            watermark: findings.watermark,
            resumed: self.resumed,
            unread: self.unread,
            facts: findings.facts,
            moved_to: None,
            hints: findings.hints,
            warnings: findings.warnings,
            request: asked.map(|wanted| dead_letter::request(&wanted, &self.profile)),
            policy: Policy {
                schedule: self.profile.schedule.clone(),
                min_interval: self.profile.min_interval,
                retry: self.profile.retry.clone(),
                dice: self.dice,
            },
        };
        Effect::Commit { page: page.map(Box::new), ended: self.open.take(), finish: Some(Box::new(finish)) }
    }
}
