//! Where untrusted programs run.
