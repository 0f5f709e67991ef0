; Ends at once, and leaves the outputs as they were.
    halt
