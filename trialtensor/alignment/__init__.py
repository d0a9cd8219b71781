"""Which component of one fit is which of another: sessions, animals, regions."""

from trialtensor.alignment.fits import Alignment, match_fits

__all__ = ["Alignment", "match_fits"]
