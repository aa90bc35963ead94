//! The actors that are known, their prices, and what they make of an input.
//!
//! Owns: the catalogue (prices as observed in August and September 2026), the reading of inputs, and the rows of a
//! dataset. Must not know: runs, HTTP or the account. Called by `api` and `runs`.

mod catalogue;
mod cutoff;
mod input;
mod instagram_input;
mod render;
mod rows;
mod spoil;
mod x_input;

pub(crate) use catalogue::{Actor, Event, Pricing, by_path};
pub(crate) use input::{Ask, read};
pub(crate) use render::render;
pub(crate) use rows::{Moment, Row, feed_of, rows};
pub(crate) use spoil::{Spoil, spoil};
