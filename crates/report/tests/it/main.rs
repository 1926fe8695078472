//! Every format, over one document that has every kind of block and cell.

mod fixture;
mod formats;
mod hostile;
