"""Files in and out: readers, what is in a file, tables, and interchange."""

from trialtensor.io.export import summarize
from trialtensor.io.inspection import inspect
from trialtensor.io.interchange import from_slicetca, from_tensorly, to_tensorly
from trialtensor.io.layouts import ToolLayout, from_layout, to_layout
from trialtensor.io.reading import read
from trialtensor.io.tables import write_factors

__all__ = [
    "ToolLayout",
    "from_layout",
    "from_slicetca",
    "from_tensorly",
    "inspect",
    "read",
    "summarize",
    "to_layout",
    "to_tensorly",
    "write_factors",
]
