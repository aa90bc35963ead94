//! End-to-end tests live in `tests/`, measuring programs in `src/bin/`; this library is empty.
