//! What a profile says about money, held together.
//!
//! Owns: whether a run can be paid for by the budgets of its own profile. Must not know: files, or what the plugin plans
//! (`tidegate profile check` asks it). Called by `read` for every profile with an actor.
//!
//! A profile that fails here would run nothing, ever: each of its sources would be skipped for a budget that cannot hold one
//! worst case.

use tidegate_core::money::MicroUsd;
use tidegate_core::profile::{ActorPolicy, Profile};

/// A contradiction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The key to point at.
    pub(super) key: &'static str,
    /// What is wrong.
    pub(super) message: String,
    /// What would be right.
    pub(super) hint: String,
}

/// The first contradiction between price, caps and budget.
pub(super) fn first_wrong(profile: &Profile) -> Option<Wrong> {
    let actor = profile.actor.as_ref()?;
    let budget = &profile.budget;
    let minimum = actor.price.minimum;
    if let Some(most) = budget.usd_per_run.filter(|most| *most < minimum) {
        let message =
            format!("budget.usd_per_run is {most}, and {} does not start for less than {minimum}", actor.name);
        let hint = format!("raise it to {minimum}, or correct actor.price.minimum");
        return Some(Wrong { key: "budget.usd_per_run", message, hint });
    }
    if actor.price.compute_unit > MicroUsd::ZERO && actor.memory_mb.is_none() {
        let message = "actor.price.compute_unit is set, but actor.memory_mb is not: the worst case of a run is unknown";
        let hint = "set actor.memory_mb, so that time and memory bound what a run may use";
        return Some(Wrong { key: "actor.price.compute_unit", message: message.to_owned(), hint: hint.to_owned() });
    }
    let limits = [
        ("budget.usd_per_run", budget.usd_per_run),
        ("budget.source_usd_per_day", budget.source_usd_per_day),
        ("budget.source_usd_per_month", budget.source_usd_per_month),
        ("budget.usd_per_day", budget.limits.usd_per_day),
        ("budget.usd_per_month", budget.limits.usd_per_month),
    ];
    let caps = &profile.caps;
    let runs = [("bootstrap_max_items", caps.bootstrap_max_items), ("max_items", caps.max_items)];
    limits.into_iter().find_map(|(key, limit)| {
        let limit = limit?;
        runs.into_iter().find_map(|(cap, items)| {
            let worst = actor.worst_case(items);
            (worst > limit).then(|| too_dear(key, limit, cap, items, worst, actor))
        })
    })
}

fn too_dear(key: &'static str, limit: MicroUsd, cap: &str, items: u32, worst: MicroUsd, actor: &ActorPolicy) -> Wrong {
    let (spare, starts) = (actor.spare_elements, actor.starts);
    let message = format!(
        "{key} is {limit}, and a run may cost {worst} at worst (caps.{cap} = {items}, actor.spare_elements = {spare}, \
         actor.starts = {starts}, prices of {}): it would never run",
        actor.price.as_of
    );
    let hint = format!("raise {key} to {worst} or more, or lower caps.{cap}, actor.spare_elements or actor.starts");
    Wrong { key, message, hint }
}
