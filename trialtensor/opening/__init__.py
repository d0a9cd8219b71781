"""Opening files that others made: what they may do to the process, and one error for all of it."""
