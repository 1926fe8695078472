//! Answers of the index against evaluation of every entry, in one program.

#[cfg(test)]
mod agree;
#[cfg(test)]
mod context;
#[cfg(test)]
mod fixture;
#[cfg(test)]
#[path = "../../../query/tests/it/random.rs"]
mod grammar;
mod ids;
#[cfg(test)]
mod odd_values;
#[cfg(test)]
mod order;
#[cfg(test)]
mod patterns;
#[cfg(test)]
mod real_filters;
#[cfg(test)]
mod vocabulary;
#[cfg(test)]
mod worked_examples;
