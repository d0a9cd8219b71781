"""Files in and out: readers, what is in a file, tables, and interchange."""

from trialtensor.io.inspection import inspect
from trialtensor.io.interchange import from_slicetca, from_tensorly, to_tensorly
from trialtensor.io.reading import read

__all__ = ["from_slicetca", "from_tensorly", "inspect", "read", "to_tensorly"]
