//! Outcomes to insights, by statistics.
