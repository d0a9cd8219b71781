"""One self-contained HTML page about a fitted model."""

from __future__ import annotations

import base64
import datetime
import io
import os
import shlex
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor import plotting
from trialtensor.io.export import versions
from trialtensor.report import wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_COMPONENTS = 30  # in the figure; more would be unreadably small


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    *,
    color_by: Any = None,
    title: str | None = None,
    source: str | os.PathLike[str] | None = None,
    preprocessing: Iterable[str] = (),
    command: str | Iterable[str] | None = None,
    code: str | None = None,
) -> Path:
    """Write a report of a fitted TCA as one HTML file without external parts or scripts.

    Of a model whose factors were given (`trialtensor.from_tensorly`) it tells what is known: the
    factors, not how well they fit.

    Parameters
    ----------
    model : fitted TCA
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    color_by : str or array of shape (n_trials,), optional
        Trial label, as in `trialtensor.plotting.plot_factors`.
    title : str, optional
    source : str or path, optional
        Where the data came from.
    preprocessing : iterable of str
        What was done to the data before the fit, a phrase each, in order.
    command : str or list of str, optional
        Command line that made the fit, shown as the way to repeat it.
    code : str, optional
        Python that makes the data ``X`` that was fitted; the report adds the fit itself.
        Without it, reading `source` and a comment for each step of `preprocessing`.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ValueError
        If `color_by` is no trial label.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from trialtensor.data import make_tca
    >>> from trialtensor.models import TCA
    >>> from trialtensor.report import write_report
    >>> X = make_tca(n_trials=20, n_neurons=10, n_times=15, n_components=2, random_state=0).X
    >>> model = TCA(2, n_init=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(model, folder + "/report.html", title="Two components").name
    'report.html'
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    fitted = model.stop_reason_.value != "given"
    environment = Environment(
        loader=PackageLoader("trialtensor.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    preprocessing = [preprocessing] if isinstance(preprocessing, str) else list(preprocessing)
    if command is not None and not isinstance(command, str):
        command = shlex.join(command)
    source = None if source is None else os.fspath(source)
    page = environment.get_template("report.html.jinja").render(
        title=title or (f"TCA of {Path(source).name}" if source else "TCA report"),
        date=datetime.date.today().isoformat(),
        data=_data(model, source, preprocessing),
        fit=_fit(model),
        components=_components(model),
        fitted=fitted,
        zero=wording.zero_components_sentence(_n_zero(model), len(model.weights_)),
        restarts=_restarts(model) if fitted else None,
        figures=_figures(model, color_by, fitted),
        color_name=_color_name(color_by),
        n_shown=min(len(model.weights_), MAX_COMPONENTS),
        parameters={name: _literal(value) for name, value in model.get_params(deep=False).items()},
        versions=versions(),
        command=command,
        code=reproducing_code(model, code or _reading_code(source, preprocessing)),
        seeded=isinstance(model.get_params(deep=False).get("random_state"), Integral),
    )
    path = Path(path)
    path.write_text(page, encoding="utf-8")
    return path


def reproducing_code(model: Any, reading: str) -> str:
    """Python that repeats the fit, from lines that make the data ``X``."""
    parameters = model.get_params(deep=False)
    arguments = ",\n".join(f"    {name}={_literal(value)}" for name, value in parameters.items())
    fit = f"model = trialtensor.{type(model).__name__}(\n{arguments},\n).fit(X)"
    return "\n".join(["import trialtensor", "", reading, fit])


def _reading_code(source: str | None, preprocessing: list[str]) -> str:
    """What can be known without being told; the rest stands in it as a comment."""
    read = "X = ...  # trials x neurons x time"
    if source is not None:
        read = f"# variable=... where the file holds several\nX = trialtensor.read({source!r})"
    return "\n".join([read, *(f"# before the fit: {step}" for step in preprocessing)])


def _literal(value: Any) -> str:
    # Starting factors and generators have no text that could be typed in again.
    if isinstance(value, np.generic):
        value = value.item()
    plain = value is None or isinstance(value, str | bool | int | float)
    names = isinstance(value, list | tuple | set | frozenset) and all(
        isinstance(v, str) for v in value
    )
    if plain or names:
        return repr(value)
    return "..."


def _data(model: Any, source: str | None, preprocessing: list[str]) -> dict[str, Any]:
    summary = model.data_summary_
    return {
        "source": source,
        "preprocessing": preprocessing,
        "shape": summary["shape"],
        "dtype": summary["dtype"],
        "missing": wording.missing_sentence(summary),
        "treatment": summary["treatment"] if summary["missing_fraction"] else "",
        "coords": [
            (name, dim, str(np.asarray(v).dtype)) for name, (dim, v) in model.coords_.items()
        ],
    }


def _fit(model: Any) -> list[tuple[str, str, str]]:
    ratio, n = float(model.explained_variance_ratio_), len(model.weights_)
    core, cosine = float(model.core_consistency_), float(model.triple_cosine_)
    core_sentence = wording.core_consistency_sentence(core, n, _n_zero(model))
    stop_name = "Stopped because" if model.restarts_ else "Fit"
    reason = model.stop_reason_
    return [
        (
            "Explained variance",
            wording.number(ratio, "{:.4f}"),
            wording.explained_variance_sentence(ratio),
        ),
        (
            stop_name,
            reason.value.replace("_", " "),
            wording.stop_sentence(reason, int(model.n_iter_)),
        ),
        ("Core consistency", wording.core_consistency_number(core), core_sentence),
        (
            "Most negative cosine",
            wording.number(cosine, "{:.2f}"),
            wording.triple_cosine_sentence(cosine, n),
        ),
    ]


def _n_zero(model: Any) -> int:
    return int(np.sum(model.weights_ == 0))


def _components(model: Any) -> list[list[str]]:
    shares = (
        model.explained_variance_alone_,
        model.explained_variance_unique_,
        model.explained_variance_shared_,
    )
    return [
        [*(wording.number(100 * share[r], "{:.1f} %") for share in shares), f"{weight:.4g}"]
        for r, weight in enumerate(model.weights_)
    ]


def _restarts(model: Any) -> dict[str, Any]:
    best = model.restarts_[0].loss
    rows = [
        {
            "seed": "given" if restart.seed is None else restart.seed,
            "excess": f"{100 * (restart.loss / best - 1):.4f} %"
            if best > 0
            else f"{restart.loss - best:.3g}",
            "explained": f"{restart.explained_variance:.4f}",
            "similarity": f"{restart.similarity:.3f}",
            "reason": restart.stop_reason.value.replace("_", " "),
            "n_iter": restart.n_iter,
        }
        for restart in model.restarts_
    ]
    return {
        "rows": rows,
        "sentence": wording.stability_sentence(
            model.restarts_,
            on_core=plotting.diagnostics.left_on_core(model),
            n_zero=_n_zero(model),
        ),
        "chance": wording.CHANCE_NOTE,
    }


def _figures(model: Any, color_by: Any, fitted: bool) -> dict[str, str]:
    # Bare figures: pyplot would show them a second time in a notebook, and keep them alive.
    from matplotlib.figure import Figure

    shown = min(len(model.weights_), MAX_COMPONENTS)
    labelled = color_by is not None
    axes = plotting.factor_grid(shown, label_means=labelled, figure=Figure())
    plotting.plot_factors(
        model, color_by=color_by, label_means=labelled, max_components=shown, axes=axes
    )
    factors = _as_png(axes[0, 0].figure)
    if not fitted:
        return {"factors": factors}
    fit = Figure(figsize=(9.5, 3.3), layout="constrained")
    loss, restarts = fit.subplots(1, 2)
    plotting.plot_loss(model, loss)
    plotting.plot_restarts(model, restarts)
    return {"factors": factors, "fit": _as_png(fit)}


def _color_name(color_by: Any) -> str | None:
    if color_by is None or isinstance(color_by, str):
        return color_by
    name = getattr(color_by, "name", None)
    return name if isinstance(name, str) and name else "label"


def _as_png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
