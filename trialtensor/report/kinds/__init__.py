"""Page sections and words of single kinds of model; importing this registers them."""

from trialtensor.report.kinds import coupled, dynamics, parafac2, slicetca, tca

__all__ = ["coupled", "dynamics", "parafac2", "slicetca", "tca"]
