"""The page about a search for the number of components."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.report import search_sections as _sections  # noqa: F401 - registers them
from trialtensor.report import search_wording as wording
from trialtensor.report.document import Head
from trialtensor.report.pages import Page, listed_steps, origin_of
from trialtensor.report.sections import SearchContext

if TYPE_CHECKING:
    import pandas


class SearchReport(Page):
    """The page about a search, to which sections can be added.

    `trialtensor.write_search_report` is the short form, with the same arguments.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    profile : pandas.DataFrame, optional
        Agreement of restarts, from `trialtensor.selection.restart_profile`.
    X, mask : optional
        The data of the search, for its size and missing entries.
    title, source, preprocessing, command
        As for `trialtensor.report.Report`.
    code : str, optional
        Python that makes the data ``X``; the page adds the search itself.
    fit_options : dict, optional
        Further arguments that ``fit`` got, for the lines that repeat the search.
    model_report : str, optional
        Path to the report of the chosen model.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.
    """

    about = "search"

    def __init__(
        self,
        search: Any,
        *,
        profile: pandas.DataFrame | None = None,
        X: Any = None,
        mask: Any = None,
        title: str | None = None,
        source: str | os.PathLike[str] | None = None,
        preprocessing: Iterable[str] = (),
        command: str | Iterable[str] | None = None,
        code: str | None = None,
        fit_options: Mapping[str, Any] | None = None,
        model_report: str | None = None,
    ) -> None:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(search, "table_")
        context = SearchContext(
            profile=profile,
            X=X,
            mask=mask,
            source=origin_of(source),
            preprocessing=listed_steps(preprocessing),
            command=command,
            code=code,
            fit_options=dict(fit_options or {}),
            model_report=model_report,
        )
        self._search, self._profile = search, profile
        where = f": {Path(context.source).name}" if context.source else ""
        super().__init__(search, context, title or f"How many components{where}")

    def _head(self) -> Head:
        search, n = self._search, len(self._search.table_)
        agreement = wording.agreement_sentence(search, self._profile)
        return Head(
            title=self.title,
            facts=f"{type(search.estimator).__name__} · {n} candidate{'s' * (n > 1)}",
            verdict=f"{wording.answer_sentence(search)} {agreement}".strip(),
        )


def write_search_report(
    search: Any,
    path: str | os.PathLike[str],
    *,
    profile: pandas.DataFrame | None = None,
    X: Any = None,
    mask: Any = None,
    title: str | None = None,
    source: str | os.PathLike[str] | None = None,
    preprocessing: Iterable[str] = (),
    command: str | Iterable[str] | None = None,
    code: str | None = None,
    fit_options: Mapping[str, Any] | None = None,
    model_report: str | None = None,
    static: bool = False,
) -> Path:
    """Write the results of a search as one HTML file that needs nothing else.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    profile, X, mask, title, source, preprocessing, command, code, fit_options, model_report
        As for `trialtensor.report.SearchReport`.
    static : bool
        True for a page without any script: figures are pictures only.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ValueError
        For a profile of other candidates.
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import CrossValidatedSearch, TimeBlocks
    >>> X = make_tca(20, 10, 15, 2, snr=2.0, random_state=0).X
    >>> splits = TimeBlocks(n_splits=2)
    >>> search = CrossValidatedSearch(TCA(1, n_init=2), [1, 2, 3], splits=splits).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_search_report(search, folder + "/report.html", X=X).name
    'report.html'
    """
    report = SearchReport(
        search,
        profile=profile,
        X=X,
        mask=mask,
        title=title,
        source=source,
        preprocessing=preprocessing,
        command=command,
        code=code,
        fit_options=fit_options,
        model_report=model_report,
    )
    return report.write(path, static=static)
