"""Circuits that lack one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trialtensor.data.parameters import check_instance, check_whole
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.pathways import n_trained


def without_cerebellum(anatomy: Anatomy, n_inputs: int = 0) -> Anatomy:
    """Leave out the cerebellum, and enlarge cortex to at least as many trained weights.

    Parameters
    ----------
    anatomy : Anatomy
    n_inputs : int
        Of the task.

    Returns
    -------
    Anatomy

    Examples
    --------
    >>> alone = without_cerebellum(Anatomy())
    >>> alone.cerebellum, alone.n_cortex > Anatomy().n_cortex
    (False, True)
    """
    _check(anatomy)
    check_whole("n_inputs", n_inputs, 0)
    if not anatomy.cerebellum:
        return anatomy
    wanted = n_trained(anatomy, n_inputs)
    alone = replace(anatomy, cerebellum=False, signals=("motor",))
    while n_trained(alone, n_inputs) < wanted:
        alone = replace(alone, n_cortex=alone.n_cortex + 1)
    return alone


def without_expansion(anatomy: Anatomy) -> Anatomy:
    """Let mossy fibres reach Purkinje cells directly, without granule cells.

    Parameters
    ----------
    anatomy : Anatomy

    Returns
    -------
    Anatomy
    """
    _check(anatomy)
    return replace(anatomy, expansion=False)


def without_feedback(anatomy: Anatomy) -> Anatomy:
    """Let nothing feel where the hand is.

    Parameters
    ----------
    anatomy : Anatomy

    Returns
    -------
    Anatomy
    """
    _check(anatomy)
    signals = tuple(each for each in anatomy.signals if each != "sensory")
    return replace(anatomy, feedback_delay=None, signals=signals)


def dense(anatomy: Anatomy) -> Anatomy:
    """Let all excitatory cortex reach all of the pons, and all mossy fibres all granule cells.

    Parameters
    ----------
    anatomy : Anatomy

    Returns
    -------
    Anatomy
    """
    _check(anatomy)
    return replace(anatomy, sparsity=0.0, n_inputs=anatomy.n_mossy)


def _check(anatomy: Any) -> None:
    check_instance("anatomy", anatomy, Anatomy, "an Anatomy")
