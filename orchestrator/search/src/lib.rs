//! Population and strategies: pure, deterministic functions of state and events.
