//! Proposers: prompt, call, patch and bounded repair; the only room that talks to a model.
