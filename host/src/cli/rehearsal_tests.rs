//! Rehearsals x
