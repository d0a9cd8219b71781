"""What pages say of single kinds of model; importing this makes it known."""

from trialtensor.report.kinds import coupled, dynamics, parafac2, slicetca, tca

__all__ = ["coupled", "dynamics", "parafac2", "slicetca", "tca"]
