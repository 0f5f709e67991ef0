//! What a run leaves on disk: journal, blobs, snapshots, and their projections.
