//! Documents that are damaged, nested or strange, and what is kept of them.
