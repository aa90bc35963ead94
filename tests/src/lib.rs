//! What the end-to-end tests share. They live in `tests/`, measuring programs in `src/bin/`.

pub mod guests;
