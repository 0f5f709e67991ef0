//! The loop: a dispatcher that owns the state and executors that own the work.
