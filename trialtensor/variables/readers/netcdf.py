"""netCDF reader, with dimension names and coordinates."""

from trialtensor.variables.hierarchy import SIGNATURES, contents, describe, opened

__all__ = ["KIND", "SIGNATURES", "SUFFIXES", "contents", "describe", "opened"]

SUFFIXES = (".nc", ".nc4", ".netcdf")
KIND = "a netCDF file"
