"""How the checks of a suite are run, and how failures are worded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from trialtensor.opening.guard import in_one_line


def run_checks(checks: Iterable[Callable[..., None]], *given: Any) -> None:
    """Run checks one after the other.

    Parameters
    ----------
    checks : iterable of callable
        Each raises an AssertionError.
    *given
        What they are called with.

    Raises
    ------
    AssertionError
        Starting with the name of the check that failed; also for whatever else a check raises.
    """
    for check in checks:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(*given)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error
        except Exception as error:
            said = f"{type(error).__name__}: {in_one_line(error)}"
            raise AssertionError(f"{check.__name__}: expected no error, got {said}") from error


def expect(holds: Any, expected: str, got: Any = None) -> None:
    """Fail if something doesn't hold.

    Parameters
    ----------
    holds : bool
    expected : str
        What should be.
    got : object, optional
        What is.
    """
    if not holds:
        raise AssertionError(f"expected {expected}" + ("" if got is None else f", got {got}"))


def expect_array(values: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return finite numbers of a shape.

    Parameters
    ----------
    values : array-like
    shape : tuple of int
    name : str
    """
    array = np.asarray(values)
    expect(array.shape == shape, f"{name} of shape {shape}", array.shape)
    expect(array.dtype.kind in "fiub", f"numbers as {name}", f"dtype {array.dtype}")
    expect(np.isfinite(array).all(), f"finite {name}", "NaN or infinity")
    return array


def expect_refusal(call: Callable[[], Any], why: str) -> None:
    """Expect a ValueError.

    Parameters
    ----------
    call : callable
    why : str
        What is wrong about the call.
    """
    try:
        call()
    except ValueError:
        return
    except Exception as error:
        said = f"{type(error).__name__}: {in_one_line(error)}"
        raise AssertionError(f"expected a ValueError for {why}, got {said}") from error
    raise AssertionError(f"expected a ValueError for {why}, got no error")


def global_state() -> bytes:
    """Return numpy's global random state, to see whether somebody drew from it."""
    state: Any = np.random.get_state()
    return bytes(state[1].tobytes()) + str(state[2]).encode()
