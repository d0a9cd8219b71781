"""The page about components over trials."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trialtensor.report import tracking_headline as headline
from trialtensor.report import tracking_sections as _sections  # noqa: F401 - registers them
from trialtensor.report.change_wording import count_text
from trialtensor.report.document import Head
from trialtensor.report.pages import Page, origin_of
from trialtensor.report.sections import TrackingContext


class TrackingReport(Page):
    """The page about components over trials, to which sections can be added.

    `trialtensor.write_tracking_report` is the short form, with the same arguments.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    patterns : trialtensor.tracking.PatternChange, optional
        The test of whether neurons stayed the same.
    periods : str
        Description of the trials compared, for the reader.
    title : str, optional
    source : str or path, optional
        Where the model or the data came from.
    command : str or list of str, optional
        Command line, shown as the way to repeat it.
    code : str, optional
        Python that does the same; by default with dots for what was given.
    """

    about = "tracking"

    def __init__(
        self,
        tracking: Any,
        *,
        patterns: Any = None,
        periods: str = "early and late trials",
        title: str | None = None,
        source: str | os.PathLike[str] | None = None,
        command: str | Iterable[str] | None = None,
        code: str | None = None,
    ) -> None:
        context = TrackingContext(
            patterns=patterns, periods=periods, source=origin_of(source), command=command, code=code
        )
        self._tracking = tracking
        where = f": {Path(context.source).name}" if context.source else ""
        super().__init__(tracking, context, title or f"Components over trials{where}")

    def _head(self) -> Head:
        tracking = self._tracking
        names = [name for name in tracking.series.columns if name != "behaviour"]
        return Head(
            title=self.title,
            facts=f"{count_text(names)}, {len(tracking.series)} trials",
            verdict=" ".join(headline.verdict_sentences(tracking)),
        )


def write_tracking_report(
    tracking: Any,
    path: str | os.PathLike[str],
    *,
    patterns: Any = None,
    periods: str = "early and late trials",
    title: str | None = None,
    source: str | os.PathLike[str] | None = None,
    command: str | Iterable[str] | None = None,
    code: str | None = None,
    static: bool = False,
) -> Path:
    """Write one HTML file on which components change, when, how fast and how certainly.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    patterns, periods, title, source, command, code : optional
        As for `trialtensor.report.TrackingReport`.
    static : bool
        True for a page without any script: figures are pictures only.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from trialtensor.tracking import track
    >>> y = np.random.default_rng(0).normal(size=(60, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tracking_report(track(y), folder + "/tracking.html").name
    'tracking.html'
    """
    report = TrackingReport(
        tracking,
        patterns=patterns,
        periods=periods,
        title=title,
        source=source,
        command=command,
        code=code,
    )
    return report.write(path, static=static)
