"""Sessions of learning: schedules, the simulation of trials, and the runs that it returns."""
