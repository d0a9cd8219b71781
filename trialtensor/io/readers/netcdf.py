"""netCDF reader, with dimension names and coordinates."""

from trialtensor.io.hierarchy import SIGNATURES, describe, opened

__all__ = ["KIND", "SIGNATURES", "SUFFIXES", "describe", "opened"]

SUFFIXES = (".nc", ".nc4", ".netcdf")
KIND = "a netCDF file"
