//! The evaluator protocol: stages, gates, repeats, results.
