//! Test support: a model server in the real wire format, a fixed clock, generated runs.
