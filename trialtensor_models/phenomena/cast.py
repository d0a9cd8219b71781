"""All who are compared, and how a row is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.data.parameters import check_instance, check_whole
from trialtensor_models.network import CCRNN
from trialtensor_models.phenomena.paradigms import recovery
from trialtensor_models.phenomena.rows import Quantity, Row
from trialtensor_models.phenomena.subjects import (
    REFERENCE,
    Curve,
    Networks,
    Setting,
    Subjects,
)
from trialtensor_models.phenomena.theories import Theory, TwoState, one_rate_of
from trialtensor_models.rates import THEORIES
from trialtensor_models.sessions import Schedule

CONTROLS: Mapping[str, Callable[[int], CCRNN]] = {
    "untrained": CCRNN.untrained,
    "non-recurrent": lambda cortex: CCRNN.pretrained(cortex).without_recurrence(),
}
ALL = "all"
# Of the theories of the package, beside the two-state model and a single-rate model fitted to it.
_BESIDE = ("gated slow states", "context inference")


@dataclass(frozen=True)
class Cast:
    """Those who are compared.

    Attributes
    ----------
    networks : Networks
    controls : dict of Networks
        "untrained" and "non-recurrent", or neither.
    theories : dict of Subjects
        Models that know no network, by their names; "two-state" has a column of its own.
    """

    networks: Networks
    controls: Mapping[str, Networks] = field(default_factory=dict)
    theories: Mapping[str, Subjects] = field(default_factory=dict)

    def measure(
        self,
        name: str,
        what: Callable[[Curve], float],
        schedule: Schedule,
        *,
        setting: Setting = REFERENCE,
        theories: str | Iterable[str] = ALL,
        over: Callable[[np.ndarray], Any] = np.mean,
        **more: Any,
    ) -> Row:
        """Make a row whose quantity is a function of one curve.

        Parameters
        ----------
        name : str
        what : callable
            Takes a `Curve`, returns the quantity.
        schedule : Schedule
        setting : Setting, optional
        theories : "all", or names
            Of theories that are measured too; those that aren't in the cast are left out.
        over : callable
            What is made of the repeats of a cortex.
        **more
            Further fields of `Row`.

        Returns
        -------
        Row
        """

        def of(networks: Networks) -> np.ndarray:
            curves = networks.curves(schedule, setting)
            values = (np.nan if curve.is_lost else what(curve) for curve in curves)
            return networks.by_cortex(values, over)

        chosen = list(self.theories) if theories == ALL else theories
        beside = {
            each: float(what(self.theories[each].curves(schedule, setting)[0]))
            for each in chosen
            if each in self.theories
        }
        return self.row(name, of, theories=beside, **more)

    def row(self, name: str, of: Callable[[Networks], np.ndarray], **more: Any) -> Row:
        """Make a row whose quantity is measured on networks.

        Parameters
        ----------
        name : str
        of : callable
            Takes `Networks`, returns an (n_cortices,) array.
        **more
            Further fields of `Row`.

        Returns
        -------
        Row
        """
        controls = {each: Quantity(of(networks)) for each, networks in self.controls.items()}
        return Row(name=name, network=Quantity(of(self.networks)), controls=controls, **more)


def cast_of(
    networks: Networks | None = None,
    *,
    n_controls: int = 3,
    theories: Mapping[str, Subjects] | None = None,
) -> Cast:
    """Set networks beside controls, and beside theories: two-state, one-rate and others.

    Parameters
    ----------
    networks : Networks, optional
        All cortices of the package unless given.
    n_controls : int
        Cortices of each control, with one direction each; 0 leaves controls out.
    theories : dict of Subjects, optional
        Further models, by their names, such as ``{"mine": Theory(model)}``.

    Returns
    -------
    Cast

    Examples
    --------
    >>> cast = cast_of()
    >>> curve = cast.theories["two-state"].curves(recovery)[0]
    >>> float(curve.adaptation[159].round(2))
    0.74
    """
    check_whole("n_controls", n_controls, 0)
    check_instance("networks", networks, Networks | None, "Networks")
    check_instance("theories", theories, Mapping | None, "Subjects by name")
    two_state = TwoState()
    controls = {
        name: Networks(range(n_controls), 1, make) for name, make in CONTROLS.items() if n_controls
    }
    beside: dict[str, Subjects] = {
        "two-state": two_state,
        "one-rate": one_rate_of(two_state, recovery),
        **{name: Theory(THEORIES[name]) for name in _BESIDE},
        **(theories or {}),
    }
    return Cast(Networks() if networks is None else networks, controls, beside)
