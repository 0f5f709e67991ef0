//! Read model of a run and the pages made of it.
