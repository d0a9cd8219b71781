"""Checks of the parameters of rate models."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from trialtensor.data.parameters import check_number


def check_rates(model: Any) -> None:
    """Refuse a model (a dataclass) whose rates, named A or B, are out of range."""
    for each in fields(model):
        if each.name[0] not in "AB":
            continue
        most = 1 if each.name.startswith("A") else None
        check_number(each.name, getattr(model, each.name), least=0, most=most)


def check_noise(noise: float) -> None:
    """Refuse a standard deviation that is negative or infinite."""
    check_number("noise", noise, least=0)
