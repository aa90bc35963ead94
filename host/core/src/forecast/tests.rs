//! Forecasts held against counting by hand, and against runs admitted one by one.
