//! A component tried with recorded pages.
//!
//! Owns: which calls are made for a fixture. Must not know: what is expected of it (`plugin test` compares that).

use std::path::Path;

use tidegate_core::contract::{Page, PageContent};

use super::trial::Trial;
use crate::cli::error::CliError;
use crate::cli::fixtures::{self, Answer};

/// Tries every case below a folder: each page by itself, with the state that `plan` or the case gives.
pub(super) async fn run(trial: &mut Trial<'_>, folder: &Path) -> Result<(), CliError> {
    let refuse = |error: fixtures::Unreadable| CliError::refused(error.to_string());
    for name in fixtures::names(folder, &[]).map_err(refuse)? {
        let case = fixtures::case(folder, &name).map_err(refuse)?;
        let place = format!("fixture {}", case.name);
        let Some(Ok(step)) = trial.plan(&place, &case.job).await else { continue };
        let mut state = case.state.clone().or(step.state);
        let mut fetch = step.fetch;
        for (number, answer) in (0_u32..).zip(case.answers.all()) {
            let (content, more) = match answer {
                Answer::Http(response) => (PageContent::Http(fixtures::handed_over(*response, &fetch)), false),
                Answer::Dataset(dataset) => {
                    let more = dataset.more;
                    (PageContent::Dataset(dataset), more)
                }
            };
            let page = Page { state: state.clone(), content, number, extra: None };
            let Some(Ok(batch)) = trial.normalize(&format!("{place}, page {number}"), &case.job, &page).await else {
                break;
            };
            state = match batch.next {
                Some(next) if !more => {
                    fetch = next.fetch;
                    next.state
                }
                _ => batch.state.or(state),
            };
        }
    }
    Ok(())
}
