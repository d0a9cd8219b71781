"""Side-by-side comparisons with other packages: ``python -m benchmarks``.

Everything here runs on one thread. Libraries read their thread counts when first imported, so
these are set before any other import.
"""

import os

for _variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
):
    os.environ[_variable] = "1"
