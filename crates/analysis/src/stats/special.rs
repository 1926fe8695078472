//! Special functions: ln Γ, the regularised incomplete beta and gamma functions, and their inverses.
//!
//! Why not simply `statrs`: it forms `x^a (1−x)^b / B(a, b)` from differences of ln Γ. With a quarter of a million
//! events on each side ln Γ is about 3·10⁶, its last bit about 5·10⁻¹⁰, and a tail of 10⁻⁴⁶ keeps eight digits at
//! best. Here the leading factor is Loader's saddle point form (`saddle.rs`), whose parts are as small as the result
//! allows, and everything stays in logarithms until the end. `statrs` still serves as the independent second
//! opinion in the tests, and for the digamma function, where it is exact enough.
//!
//! Accuracy: within 10⁻¹¹ relative for arguments up to 10⁶, tails down to 10⁻³⁰⁰ included (260 random points against
//! 60-digit arithmetic: 4·10⁻¹² at worst, 10⁻¹³ typically); logarithms of tails go further.

mod beta;
mod gamma;
mod invert;
mod saddle;

pub use beta::{Split, Tails, beta_quantile, beta_quantile_ln_odds, beta_tails};
pub use gamma::{gamma_quantile, gamma_tails, ln_gamma, normal_quantile, normal_upper_tail};
pub use saddle::{deviance, ln_binomial_term, ln_poisson_term, stirling_error};
