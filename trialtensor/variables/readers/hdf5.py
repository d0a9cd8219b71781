"""HDF5 reader: the datasets in all groups, named by their path; netCDF by its conventions."""

from trialtensor.variables.hierarchy import SIGNATURES, contents, describe, opened

__all__ = ["KIND", "SIGNATURES", "SUFFIXES", "contents", "describe", "opened"]

SUFFIXES = (".h5", ".hdf5", ".hdf")
KIND = "an HDF5 file"
