//! How entries become files: the shapes in which exports are met.

pub mod array;
pub mod sink;
pub mod wrapper;
