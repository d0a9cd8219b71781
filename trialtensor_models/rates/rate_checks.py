"""Checks of the parameters of rate models."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np


def check_rates(model: Any) -> None:
    """Refuse a model (a dataclass) whose rates, named A or B, are out of range."""
    for each in fields(model):
        if each.name[0] not in "AB":
            continue
        value = getattr(model, each.name)
        top = 1 if each.name.startswith("A") else np.inf
        number = isinstance(value, int | float | np.number)
        if not number or not 0 <= value <= top or np.isinf(value):
            needed = "a number from 0 to 1" if top == 1 else "a number of at least 0"
            raise ValueError(f"{each.name}: expected {needed}, got {value!r}")


def check_noise(noise: float) -> None:
    """Refuse a standard deviation that is negative or infinite."""
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise: expected a standard deviation of at least 0, got {noise}")
