"""Everything large that a fit does with its data, for data that may live anywhere.

A solver reads data only through a few passes: sums of squares, Gram matrices, projections, and
products with factors. An array in memory runs them by BLAS as it is. Any other data is a
:class:`Passes`, which runs the same functions over blocks of trials, wherever these are.
"""

from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job
from trialtensor.solvers.passes.together import RowUpdate, sweep_together

__all__ = ["Block", "Job", "Passes", "RowUpdate", "sweep_together"]
