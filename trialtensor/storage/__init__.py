"""Files that are written: whole or not at all, one process at a time, harmless to open."""

from trialtensor.storage.figures import figure_format, write_figure
from trialtensor.storage.locks import held
from trialtensor.storage.sealed import is_intact, write_hdf5, write_netcdf
from trialtensor.storage.tables import csv_text, frame_text, harmless
from trialtensor.storage.whole import check_room, check_target, write_whole

__all__ = [
    "check_room",
    "check_target",
    "csv_text",
    "figure_format",
    "frame_text",
    "harmless",
    "held",
    "is_intact",
    "write_figure",
    "write_hdf5",
    "write_netcdf",
    "write_whole",
]
