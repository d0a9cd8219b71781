"""The application that commands add themselves to."""

from __future__ import annotations

from trialtensor.cli.console import App

app = App(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simulate a cerebellum and a cortex that learn together.",
)


@app.callback()
def _main() -> None:
    """Commands for the CC-RNN."""
