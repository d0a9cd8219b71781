"""The theories by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from trialtensor_models.rates.context_inference import ContextInference
from trialtensor_models.rates.gated_slow import GatedSlowModel
from trialtensor_models.rates.one_state import OneStateModel
from trialtensor_models.rates.theory_fits import TheoryFit
from trialtensor_models.rates.two_state import TwoStateModel

TheoryModel = OneStateModel | TwoStateModel | GatedSlowModel | ContextInference

# With default parameters.
THEORIES: dict[str, TheoryModel] = {
    "one-rate": OneStateModel(),
    "two-state": TwoStateModel(),
    "two-state, serial": TwoStateModel(form="serial", B_s=0.04),
    "gated slow states": GatedSlowModel(),
    "context inference": ContextInference(),
}


def model_of(fit: TheoryFit) -> TheoryModel:
    """Return the model with the parameters of a fit.

    Parameters
    ----------
    fit : TheoryFit

    Returns
    -------
    OneStateModel, TwoStateModel, GatedSlowModel or ContextInference
    """
    changed = partial(replace, THEORIES[fit.theory], found=fit, **fit.parameters)
    return changed(scale=fit.scale) if fit.theory == "context inference" else changed()
