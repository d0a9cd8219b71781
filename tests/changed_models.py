"""Fitted models with something changed, to see what figures and pages make of it."""

import copy
import dataclasses


def changed(model, *, record=None, parameters=None, **arrays):
    """A copy of a fitted model with other arrays, other entries in its record, or parameters."""
    new = copy.copy(model)
    fitted = model.fitted_
    named = dict(fitted.arrays)
    for name, values in arrays.items():
        named[name] = dataclasses.replace(named[name], values=values)
    for name, value in (parameters or {}).items():
        setattr(new, name, value)
    new._store(
        new._assemble(
            named,
            record=dataclasses.replace(fitted.record, **(record or {})),
            data=fitted.data,
            coords=fitted.coords,
        )
    )
    return new
