"""Every model in every public function that takes one, under every condition of the data."""

from __future__ import annotations

import importlib
import inspect
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from trialtensor.models import TrialEstimator, load
from trialtensor.testing.supplies import Supplies

LAYERS = ("alignment", "io", "plotting", "report", "selection", "tracking")
CONDITIONS = ("complete", "missing", "labelled", "float32", "loaded", "unfitted", "partial_fit")
# A public function or class with such a parameter asks for a model.
_ASKS = ("model", "estimator", "fits", "first")
# These fit, so each gets its own model.
_FIT = ("fit", "fit_transform", "partial_fit")
# scikit-learn's methods, which don't use the fit.
_NOT_OURS = ("get_params", "set_params", "set_output", "get_metadata_routing")


@dataclass(frozen=True)
class Cell:
    """A model in one consumer under one condition.

    Attributes
    ----------
    kind, consumer, condition : str
    outcome : {"works", "refused", "fails"}
        "refused" is a ``ValueError`` that names the kind (or, unfitted, a ``NotFittedError``).
    said : str
        Type and message of the exception.
    """

    kind: str
    consumer: str
    condition: str
    outcome: str
    said: str = ""


def check_everywhere(
    estimator: Any,
    *,
    data: Any = None,
    conditions: tuple[str, ...] = CONDITIONS,
    **fit_options: Any,
) -> list[Cell]:
    """Pass a model to every public function that takes one.

    Consumers are found by the names of their parameters, so a new public one is included
    automatically.

    Parameters
    ----------
    estimator : unfitted estimator
        With a fixed ``random_state`` and parameters that suit data of 40 trials x 12 neurons x
        15 bins that is above zero on the whole.
    data : array, list or dict of arrays, optional
        Instead of those data; labels are left out.
    conditions : names among "complete", "missing", "labelled", "float32", "loaded", "unfitted" and
        "partial_fit"
    **fit_options
        Further arguments of ``fit``.

    Returns
    -------
    list of Cell

    Raises
    ------
    AssertionError
        Listing the cells that neither work nor are refused by name.

    Examples
    --------
    >>> from trialtensor import TCA
    >>> cells = check_everywhere(TCA(2, n_init=2, random_state=0), conditions=("unfitted",))
    >>> sorted({cell.outcome for cell in cells})
    ['refused', 'works']
    """
    cells = [
        cell for condition in conditions for cell in _cells(estimator, condition, fit_options, data)
    ]
    bad = [cell for cell in cells if cell.outcome == "fails"]
    lines = [f"{each.consumer} ({each.condition}): {each.said}" for each in bad]
    assert not bad, f"{type(estimator).__name__} neither works nor is refused by name in\n" + (
        "\n".join(lines)
    )
    return cells


def consumers() -> dict[str, Any]:
    """Return all public functions and classes that take a model, by name."""
    found = {}
    for layer in LAYERS:
        module = importlib.import_module(f"trialtensor.{layer}")
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing) and _asks(thing):
                found[f"{layer}.{name}"] = thing
    return found


def _asks(thing: Any) -> bool:
    if inspect.isclass(thing) and not hasattr(thing, "fit"):
        return False  # a result or a warning, not something that takes a model
    parameters = inspect.signature(thing).parameters
    # Some take a model among other things, and document it.
    also = "components" in parameters and "fitted model" in str(thing.__doc__)
    return also or any(name in _ASKS for name in parameters)


def _cells(
    estimator: Any, condition: str, options: dict[str, Any], data: Any = None
) -> Iterator[Cell]:
    kind = type(estimator).__name__
    if condition == "partial_fit" and not _takes_batches(estimator):
        return
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            supplies = _prepare(estimator, condition, options, Path(folder), data)
        except ValueError as error:
            # A kind that can't be fitted to such data says so itself.
            yield _judge(kind, "fit", condition, error)
            return
        for name, call in _calls(supplies):
            try:
                call()
            except Exception as error:
                yield _judge(kind, name, condition, error)
            else:
                yield Cell(kind, name, condition, "works")


def _takes_batches(estimator: Any) -> bool:
    return type(estimator).partial_fit is not TrialEstimator.partial_fit


def _judge(kind: str, consumer: str, condition: str, error: Exception) -> Cell:
    said = f"{type(error).__name__}: {error}"
    # Before any fit, that is the reason; but a kind may say by name that it never can.
    named = type(error) is ValueError and re.search(rf"\b{kind}\b", str(error)) is not None
    refused = named or (condition == "unfitted" and isinstance(error, NotFittedError))
    return Cell(kind, consumer, condition, "refused" if refused else "fails", said)


def _prepare(
    estimator: Any, condition: str, options: dict[str, Any], folder: Path, data: Any
) -> Supplies:
    supplies = Supplies.of(clone(estimator), condition, options, folder, data)
    model = supplies.model
    if condition == "unfitted":
        return supplies
    if condition == "partial_fit":
        half = len(supplies.X) // 2
        for part in (supplies.X[:half], supplies.X[half:]):
            model.partial_fit(part)
        return supplies
    model.fit(supplies.X, **options)
    if condition == "loaded":
        model.save(folder / "loaded.h5")
        return supplies.with_model(load(folder / "loaded.h5"))
    return supplies


def _calls(supplies: Supplies) -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, thing in consumers().items():
        yield name, partial(_run, thing, supplies)
    for name, _ in inspect.getmembers(type(supplies.model), inspect.isfunction):
        if not name.startswith("_") and name not in _NOT_OURS and not name.endswith("_request"):
            own = clone(supplies.model) if name in _FIT else supplies.model
            yield f"method {name}", partial(_run, getattr(own, name), supplies)
    yield from supplies.commands()


def _run(thing: Any, supplies: Supplies) -> None:
    found = supplies.call(thing)
    if inspect.isclass(thing):
        found.fit(supplies.X, **supplies.options)
    _consume(found)
    _close_figures()


def _consume(found: Any) -> None:
    """Compute lazy results."""
    if inspect.isgenerator(found):
        list(found)


def _close_figures() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")
