//! The catalogue: where entries came from, what could not be kept, and which messages are one pattern, in small Parquet files
//! that anyone can read; and for questions, what all entries look like, what each revision wrote, and which values are variants.

mod lacks;
mod patterns;
mod rejects;
mod shapes;
mod sources;
mod streams;
mod table;
mod variants;

pub use lacks::{Hole, Lacks, LimitCut, Missing, is_inside, looks_like_a_limit};
pub use patterns::{MAX_MERGED_SHAPES, PatternIds, PatternRecord};
pub use rejects::RejectRecord;
pub use shapes::{SegmentShapes, ShapeCatalog};
pub use sources::{Cut, GroupFacts, Order, SourceRecord, WindowRecord};
pub use streams::{InstanceSpan, StreamCatalog, StreamRecord};
pub use variants::{VariantCatalog, VariantRecord};

pub(crate) use patterns::{
    of_segments as patterns_of, read as read_patterns, read_ids as read_pattern_ids, write as write_patterns,
};
pub(crate) use rejects::{read as read_rejects, write as write_rejects};
pub(crate) use shapes::{of_segments as shapes_of, read as read_shapes};
pub(crate) use sources::{read as read_sources, read_paths as read_source_paths, write as write_sources};
pub(crate) use streams::{of_segments as streams_of, read as read_streams, write as write_streams};
pub(crate) use variants::{read as read_variants, write as write_variants};
