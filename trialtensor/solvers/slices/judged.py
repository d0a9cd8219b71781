"""All that a pass tells of a finished fit of data with missing entries, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trialtensor.solvers.diagnostics import ComponentVariance
from trialtensor.solvers.passes import Job, Passes
from trialtensor.solvers.passes.jobs import ResidualSquares
from trialtensor.solvers.passes.missing_jobs import LargestWhereMissing
from trialtensor.solvers.passes.several import Several
from trialtensor.solvers.slices.contraction import Components
from trialtensor.solvers.slices.diagnostics import InnerProducts, SliceModel, variance_of


class Judged(NamedTuple):
    """What a pass tells of a fit.

    Attributes
    ----------
    loss : float
        Sum of squared residuals of observed entries.
    of_components, of_types : ComponentVariance
    largest : float
        The largest size of the model where entries are missing, 0 if none is.
    others : list of floats
        The losses of other models.
    """

    loss: float
    of_components: ComponentVariance
    of_types: ComponentVariance
    largest: float
    others: list[float]


def judge(X: Passes, components: Components, norm2: float, others: Sequence[Components]) -> Judged:
    """Judge a fit, and compute the losses of other models, in one pass.

    Parameters
    ----------
    X : Passes
    components : Components
    norm2 : float
        Sum of squares of the observed data.
    others : sequence of Components
        Those that are the same object are computed once.
    """
    different = {id(each): each for each in others}
    jobs: list[Job] = [
        ResidualSquares(SliceModel(components)),
        InnerProducts(components, True),
        LargestWhereMissing(SliceModel(components)),
        *(ResidualSquares(SliceModel(each)) for each in different.values()),
    ]
    loss, with_data, gram, largest, *rest = X.run(Several(jobs))
    losses = {key: float(each) for key, each in zip(different, rest, strict=True)}
    variances = variance_of(components, norm2, with_data, gram)
    return Judged(float(loss), *variances, float(largest), [losses[id(each)] for each in others])
