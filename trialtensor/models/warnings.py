"""Warnings that fits give."""


class DegeneracyWarning(UserWarning):
    """Two components cancel each other; neither can be believed."""


class MissingSliceWarning(UserWarning):
    """A whole trial, neuron or time bin has no data; its factor row is NaN."""


class InterruptedFitWarning(UserWarning):
    """The fit was interrupted; the model holds the best result so far."""
