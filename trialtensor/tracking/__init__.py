"""What happens to a component, or to behaviour, over trials."""

from trialtensor.tracking.rate_observed import rebound
from trialtensor.tracking.two_rate import (
    OneRateFit,
    RateFit,
    TwoRateFit,
    one_rate_fit,
    two_rate_fit,
)

__all__ = ["OneRateFit", "RateFit", "TwoRateFit", "one_rate_fit", "rebound", "two_rate_fit"]
