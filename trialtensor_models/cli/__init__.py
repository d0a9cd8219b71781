"""The command ``trialtensor-models``; a file each command."""

from trialtensor_models.cli import (  # noqa: F401 (they add themselves to the application)
    compare,
    phenomena,
    pretrain,
    recovery,
    simulate,
    theories,
    train,
)
from trialtensor_models.cli.app import app

__all__ = ["app"]
