"""Python code that repeats a search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trialtensor.report import search_wording as wording
from trialtensor.report.rendering import literal

if TYPE_CHECKING:
    import pandas


def searching_code(
    search: Any,
    profile: pandas.DataFrame | None,
    reading: str,
    fit_options: Mapping[str, Any] | None = None,
) -> str:
    """Return Python code that repeats the search, from lines that make the data ``X``."""
    candidates = ", ".join(map(str, search.table_["n_components"]))
    estimator = f"trialtensor.{_call(search.estimator)}"
    seeds = f"    n_seeds={search.n_seeds},\n" if search.n_seeds != 1 else ""
    further = "".join(f", {name}={value!r}" for name, value in (fit_options or {}).items())
    lines = [
        "import trialtensor",
        "",
        reading,
        f"candidates = [{candidates}]",
        f"estimator = {estimator}",
        "search = trialtensor.CrossValidatedSearch(",
        "    estimator,",
        "    candidates,",
        f"    splits=trialtensor.selection.{wording.splitter(search)!r},",
        f"{seeds}    rule={search.rule!r},",
        f"    random_state={search.random_state!r},",
        f").fit(X{further})",
    ]
    if profile is None:
        return "\n".join([*lines, "trialtensor.plot_search(search)"])
    lines += [
        "profile = trialtensor.selection.restart_profile(",
        f"    estimator, candidates, X, random_state={search.random_state!r}{further}",
        ")",
        "trialtensor.plot_search(search, profile)",
    ]
    return "\n".join(lines)


def _call(estimator: Any) -> str:
    """Write an estimator as Python source, with only non-default parameters."""
    from inspect import signature

    defaults = signature(type(estimator)).parameters
    # Leave out parameters of the computation, and those that the search sets.
    ignored = ("n_jobs", "verbose", "random_state")
    arguments = [
        f"{name}={literal(value)}"
        for name, value in estimator.get_params(deep=False).items()
        if name not in ignored and literal(value) != literal(defaults[name].default)
    ]
    return f"{type(estimator).__name__}({', '.join(arguments)})"
