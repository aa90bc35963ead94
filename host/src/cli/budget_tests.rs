//! Budget x
