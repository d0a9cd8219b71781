"""Side-by-side comparisons with other packages: ``python -m benchmarks``.

Everything here runs on one thread. Thread counts are read when a library is first imported,
so they are set before anything else is.
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
