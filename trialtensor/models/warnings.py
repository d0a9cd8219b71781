"""Warnings that fits give."""


class DegeneracyWarning(UserWarning):
    """Components that can't be believed: two cancel each other, or some are zero."""


class MissingSliceWarning(UserWarning):
    """A whole trial, neuron or time bin has no data; its factor row is NaN."""


class InterruptedFitWarning(UserWarning):
    """The fit was interrupted; the model holds the best result so far."""
