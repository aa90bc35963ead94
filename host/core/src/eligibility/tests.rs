//! The table of section 4 of the product.
