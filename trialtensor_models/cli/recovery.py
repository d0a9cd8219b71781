"""``trialtensor-models recovery-benchmark``: which methods find what is known to be there."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app
from trialtensor_models.cli.files import check_figure, check_outputs, write_json


@app.command("recovery-benchmark")
def recovery(
    method: Annotated[
        list[str] | None,
        typer.Option(help="One's own, as MODULE:NAME; may be given several times."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A method of the package; all unless given.")
    ] = None,
    problem: Annotated[
        list[str] | None, typer.Option(help="A problem of the package; all unless given.")
    ] = None,
    components: Annotated[int, typer.Option(min=1, help="Of the package's methods.")] = 6,
    surrogates: Annotated[int, typer.Option(min=1, help="Of each null.")] = 200,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the scores here, for programs.")
    ] = None,
    figure: Annotated[Path, typer.Option(help="Where the figure goes.")] = Path("recovery.png"),
) -> None:
    """Score methods on runs and exact tensors whose learning curves and patterns are known."""
    with clear_errors():
        check_outputs(json_file)
        check_figure(figure)
        own = dict(_loaded(each) for each in method or [])
        from trialtensor.storage import write_figure
        from trialtensor_models.recovery import recovery_benchmark

        found = recovery_benchmark(
            own,
            problems=problem,
            only=only,
            n_components=components,
            n_shuffles=surrogates,
            report=lambda name, data: say(f"{data}: {name}", err=True),
        )
        say(repr(found))
        if json_file is not None:
            write_json(json_file, found.as_rows())
        say(f"figure: {write_figure(found.plot(), figure, dpi=130)}")


def _loaded(name: str) -> tuple[str, Any]:
    """Import an object that the user names; a class is called without arguments."""
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ValueError(f"--method: expected MODULE:NAME, got {name!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")  # as with python -m, modules of this folder are found
    try:
        found = getattr(import_module(module), attribute)
        return attribute, found() if isinstance(found, type) else found
    except Exception as error:  # whatever is in that module
        why = (str(error).splitlines() or [""])[0]
        raise ValueError(f"--method {name}: {type(error).__name__}: {why}") from error
