"""``python -m trialtensor_models.cli``."""

from trialtensor_models.cli import app

app()
