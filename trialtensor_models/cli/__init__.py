"""The command ``trialtensor-models``; a file each command."""

from trialtensor_models.cli import (
    compare,  # noqa: F401 (adds itself to the application)
    phenomena,  # noqa: F401 (adds itself to the application)
    pretrain,  # noqa: F401 (adds itself to the application)
    recovery,  # noqa: F401 (adds itself to the application)
    simulate,  # noqa: F401 (adds itself to the application)
)
from trialtensor_models.cli.app import app

__all__ = ["app"]
