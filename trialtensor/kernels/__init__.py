"""The compiled kernels: the only modules that import numba."""
