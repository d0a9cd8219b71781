"""Matching the components of separate fits: sessions, animals, regions."""

from trialtensor.alignment.fits import Alignment, match_fits

__all__ = ["Alignment", "match_fits"]
