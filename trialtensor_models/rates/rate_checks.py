"""Checks of the parameters of rate models."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from numpy.typing import ArrayLike

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


def need_perturbation(perturbation: ArrayLike | None) -> ArrayLike:
    """Refuse adaptation without its schedule."""
    if perturbation is None:
        raise ValueError("perturbation: expected a value for each trial of y, got None")
    return perturbation


def refuse_perturbation(perturbation: ArrayLike | None) -> None:
    """Refuse a second schedule beside that of a `Behaviour`."""
    if perturbation is not None:
        raise ValueError("perturbation: a Behaviour has its own, expected None")
