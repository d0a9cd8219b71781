"""How a model shows itself: in a notebook, and as an interactive figure."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from trialtensor.supplied import supplied


class Shown(BaseEstimator):
    """Mixin of models that can be looked at."""

    def explore(
        self,
        X: Any = None,
        *,
        mask: Any = None,
        color_by: Any = None,
        restarts: bool = True,
        title: str | None = None,
    ) -> Any:
        """Return an interactive figure: point at a neuron or a trial to follow it.

        Parameters
        ----------
        X, mask : optional
            The data of the fit, as for ``fit``, whose means are shown beside those of the model.
        color_by : str or array of shape (n_trials,), optional
            Trial label that colours trials at first.
        restarts : bool
            Include other restarts, where these kept their factors.
        title : str, optional

        Returns
        -------
        trialtensor.explore.Interactive
            Shown by notebooks; ``save(path)`` writes a page that needs no network.

        See Also
        --------
        trialtensor.explore.explore : what can be done in the figure.
        """
        figure = supplied("explore")
        return figure(self, X, mask=mask, color_by=color_by, restarts=restarts, title=title)

    def _html_repr(self) -> str:
        """Return what notebooks show: a summary of the fit; before it, scikit-learn's diagram."""
        from trialtensor.models.in_notebooks import fitted_html

        return fitted_html(self) if hasattr(self, "fitted_") else str(super()._html_repr())
