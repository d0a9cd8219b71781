"""SliceTCA: a sum of components, each a vector on one axis times a matrix on the other two.

*Source*: Pellegrino, Stein & Cayco-Gajic 2024, "Dimensionality reduction beyond neural subspaces
with slice tensor component analysis", Nature Neuroscience.
"""

from trialtensor.solvers.slices.contraction import Components
from trialtensor.solvers.slices.gauge import GAUGES, fix_gauge

__all__ = ["GAUGES", "Components", "fix_gauge"]
