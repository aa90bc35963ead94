//! The suite that every store passes.
//!
//! Owns: the cases, written once against the port, and the small world they play in. Must not know: any database. A store
//! joins by implementing [`Place`] and naming itself in `conformance!`; each case then is a test of its own, on an empty
//! store of its own.

pub(crate) mod actor_runs;
pub(crate) mod alerts;
pub(crate) mod budgets;
pub(crate) mod claims;
pub(crate) mod commits;
pub(crate) mod dead_letters;
pub(crate) mod ends;
pub(crate) mod extra_runs;
pub(crate) mod follows;
pub(crate) mod gates;
pub(crate) mod items;
pub(crate) mod kept_pages;
pub(crate) mod lists;
pub(crate) mod orders;
pub(crate) mod plugin_use;
pub(crate) mod quarantines;
pub(crate) mod rates;
pub(crate) mod sources;
pub(crate) mod upkeep;
pub(crate) mod world;

use std::sync::Arc;

use async_trait::async_trait;
use tidegate_core::id::DaemonId;
use tidegate_core::time::UtcMillis;

use crate::ports::Store;

/// Where one database lives, empty at first.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    /// Opens it as this daemon.
    async fn open(&self, daemon: DaemonId, now: UtcMillis) -> Arc<dyn Store>;

    /// Whether one daemon at a time may open it, so that what another one claimed is stuck at once.
    fn one_daemon(&self) -> bool;
}

/// Makes a test of each case. `$make` is an async function that gives a [`Place`], or `None` where this machine has nothing to
/// make one of (which it has said).
macro_rules! conformance {
    ($make:path) => {
        $crate::store::conformance::conformance! { $make;
            sources: a_new_source_has_one_run_queued, the_same_identity_is_one_source, one_bootstrap_however_many_create,
                switched_off_means_no_run, all_fields_come_back, pause_and_resume, remove_takes_all_but_the_ledger,
                what_is_absent_is_none;
            claims: the_longest_due_come_first, one_claim_for_each_source, two_claimers_never_share,
                what_may_not_be_claimed, an_old_look_claims_nothing, leases_are_prolonged_and_lost, stuck_runs_are_found,
                a_drained_run_starts_again, a_dead_run_counts_as_an_attempt, skips_put_off_and_are_counted, parked_until_somebody_acts,
                who_was_put_off_may_be_looked_at_again,
                the_claim_uses_up_what_was_due;
            budgets: a_full_window_refuses_and_books_nothing, what_is_reserved_is_settled, concurrent_claims_stay_within,
                windows_end_by_their_own_clock;
            commits: a_page_and_its_counts, an_old_generation_changes_nothing, a_gone_source_changes_nothing,
                the_cap_holds_over_pages_and_attempts, a_page_without_ids_is_refused_whole,
                a_caller_that_goes_away_harms_nobody;
            items: changes_are_told_apart, partial_items_are_completed, removed_items_may_come_back,
                the_first_cut_sets_the_horizon, odd_texts_survive;
            ends: success_moves_the_watermark, failure_moves_neither, failures_pause_in_the_end,
                a_pause_meanwhile_stands, a_moved_source_keeps_to_itself, gone_means_invalid,
                an_adaptive_schedule_is_told_the_rhythm;
            actor_runs: an_intent_is_written_and_comes_back, what_is_put_away_waits_for_anybody, nothing_is_ordered_twice,
                a_refused_intent_leaves_nothing, a_run_that_died_waits_and_is_not_begun_again,
                money_stays_reserved_until_the_cost_is_final, two_actor_runs_settle_together, a_pause_wakes_what_waits,
                a_removed_source_is_booked_at_its_worst, an_old_generation_orders_nothing, a_given_up_run_is_settled_all_the_same,
                a_run_found_after_its_end_is_known_by_it, what_is_in_trouble_is_not_watched;
            orders: what_has_paid_is_not_begun_again, an_order_keeps_its_time, a_run_stands_for_one_order;
            gates: a_gate_is_closed_once_and_opened, runs_behind_a_refused_credential_stay_away,
                runs_under_way_are_counted_for_each_credential, a_skip_behind_a_gate_that_was_opened_puts_nothing_off,
                a_refused_credential_gives_way_when_it_is_due;
            rates: a_rate_holds_however_many_claim, runs_at_once_are_counted, turns_at_a_host_are_given_and_given_back,
                a_rate_at_a_host_holds_for_all, tenants_get_their_share;
            dead_letters: letters_tell_what_they_are_from, only_what_nothing_tries_again_is_a_dead_run,
                filters_narrow_and_count, discarded_letters_are_gone_and_no_others, an_element_is_taken_up_once,
                a_replay_sets_nothing_back, a_dead_run_is_queued_once_more, letters_are_bounded_in_number_and_time;
            kept_pages: pages_are_listed_as_they_came, what_a_run_left_out_is_told_with_its_page,
                a_replay_is_written_whole_and_sets_nothing_back, pages_are_trimmed_to_their_room;
            extra_runs: an_extra_run_does_not_wait_for_the_schedule, at_most_one_extra_run_waits,
                many_that_ask_at_once_get_one_run, an_extra_run_waits_beside_one_under_way,
                a_stopped_source_is_not_queued, who_was_put_off_is_looked_at_again;
            follows: follows_are_made_and_ended_once, active_followers_are_counted, the_first_follower_wakes_a_source,
                a_reader_who_returns_wakes_a_source, the_last_one_to_leave_puts_a_source_to_sleep,
                one_who_comes_while_the_last_one_leaves_counts, the_hours_of_followers_are_told_to_a_schedule_that_asks,
                counts_move_only_what_was_seen, what_is_due_moves_unless_something_else_is, sources_are_put_off_and_daemons_give_signs_of_life;
            alerts: an_alert_is_told_once_and_resolved, of_two_daemons_one_tells, what_was_seen_since_is_not_over,
                a_reminder_is_made_once, all_of_an_alert_comes_back, hits_are_counted_apart_and_only_lately,
                an_alert_survives_a_restart, the_pulse_counts_what_there_is;
            quarantines: faults_are_counted_by_run_and_source, sources_on_which_a_plugin_works_are_counted, faults_of_one_tenant_alone_are_told,
                a_version_is_put_into_quarantine_once_and_released;
            plugin_use: what_plugins_use_adds_up, sources_wait_for_their_plugin,
                a_run_under_way_ends_while_its_source_waits;
            lists: sources_page_by_id, runs_page_newest_first, items_page_newest_first;
            upkeep: old_things_expire, a_sound_store_has_no_problems, closed_is_closed;
        }
    };
    ($make:path; $($module:ident: $($case:ident),+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let Some(place) = $make().await else { return };
                $crate::store::conformance::$module::$case(&place).await;
            }
        )+)+
    };
}
pub(crate) use conformance;
