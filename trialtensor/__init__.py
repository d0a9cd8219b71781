"""Tensor decompositions of recordings of neurons over trials.

Names are imported when they are first used, so that ``import trialtensor`` costs next to
nothing.

Examples
--------
>>> import trialtensor as tt
>>> example = tt.load_example()
>>> example.dims
('trial', 'neuron', 'time')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trialtensor.supplied import supply

__version__ = "0.1.0"

_SUBMODULES = (
    "alignment",
    "data",
    "events",
    "explore",
    "io",
    "models",
    "plotting",
    "preparation",
    "report",
    "selection",
    "sessions",
    "solvers",
    "tracking",
)
# Public name -> the layer that it comes from.
_NAMES = {
    "CoupledTCA": "models",
    "Parafac2": "models",
    "SliceTCA": "models",
    "TCA": "models",
    "TrialVaryingDynamics": "models",
    "load": "models",
    "as_trial_tensor": "data",
    "load_example": "data",
    "make_parafac2": "data",
    "make_slicetca": "data",
    "make_tca": "data",
    "on_disk": "data",
    "Traces": "events",
    "Units": "events",
    "bin_spikes": "events",
    "cut_traces": "events",
    "TimeWarp": "events",
    "align_trials": "events",
    "concat_sessions": "events",
    "pad_trials": "events",
    "session_links": "events",
    "split_sessions": "events",
    "unalign_trials": "events",
    "unpad_trials": "events",
    "SelectNeurons": "preparation",
    "Smooth": "preparation",
    "SoftNormalize": "preparation",
    "SquareRoot": "preparation",
    "SubtractBaseline": "preparation",
    "SubtractConditionMean": "preparation",
    "ZScore": "preparation",
    "from_layout": "io",
    "from_slicetca": "io",
    "from_tensorly": "io",
    "read": "io",
    "to_layout": "io",
    "to_tensorly": "io",
    "Session": "sessions",
    "open_session": "sessions",
    "fix_gauge": "solvers.slices",
    "CrossValidatedSearch": "selection",
    "bootstrap": "selection",
    "compare_transforms": "selection",
    "component_test": "selection",
    "residual_report": "selection",
    "stability": "selection",
    "plot_blocks": "plotting",
    "plot_bootstrap": "plotting",
    "plot_component_test": "plotting",
    "plot_dynamics": "plotting",
    "plot_factors": "plotting",
    "plot_residuals": "plotting",
    "plot_search": "plotting",
    "plot_shares": "plotting",
    "plot_slices": "plotting",
    "plot_stability": "plotting",
    "plot_tracking": "plotting",
    "plot_transforms": "plotting",
    "save_figure": "plotting",
    "track": "tracking",
    "write_report": "report",
    "write_search_report": "report",
    "write_tracking_report": "report",
}

# Methods of models whose work is done by a layer above them.
supply("explore", "trialtensor.explore")

if TYPE_CHECKING:
    from trialtensor import (
        alignment,
        data,
        events,
        explore,
        io,
        models,
        plotting,
        preparation,
        report,
        selection,
        sessions,
        solvers,
        tracking,
    )
    from trialtensor.data import (
        as_trial_tensor,
        load_example,
        make_parafac2,
        make_slicetca,
        make_tca,
        on_disk,
    )
    from trialtensor.events import (
        TimeWarp,
        Traces,
        Units,
        align_trials,
        bin_spikes,
        concat_sessions,
        cut_traces,
        pad_trials,
        session_links,
        split_sessions,
        unalign_trials,
        unpad_trials,
    )
    from trialtensor.io import (
        from_layout,
        from_slicetca,
        from_tensorly,
        read,
        to_layout,
        to_tensorly,
    )
    from trialtensor.models import (
        TCA,
        CoupledTCA,
        Parafac2,
        SliceTCA,
        TrialVaryingDynamics,
        load,
    )
    from trialtensor.plotting import (
        plot_blocks,
        plot_bootstrap,
        plot_component_test,
        plot_dynamics,
        plot_factors,
        plot_residuals,
        plot_search,
        plot_shares,
        plot_slices,
        plot_stability,
        plot_tracking,
        plot_transforms,
        save_figure,
    )
    from trialtensor.preparation import (
        SelectNeurons,
        Smooth,
        SoftNormalize,
        SquareRoot,
        SubtractBaseline,
        SubtractConditionMean,
        ZScore,
    )
    from trialtensor.report import write_report, write_search_report, write_tracking_report
    from trialtensor.selection import (
        CrossValidatedSearch,
        bootstrap,
        compare_transforms,
        component_test,
        residual_report,
        stability,
    )
    from trialtensor.sessions import Session, open_session
    from trialtensor.solvers.slices import fix_gauge
    from trialtensor.tracking import track

__all__ = [
    "TCA",
    "CoupledTCA",
    "CrossValidatedSearch",
    "Parafac2",
    "SelectNeurons",
    "Session",
    "SliceTCA",
    "Smooth",
    "SoftNormalize",
    "SquareRoot",
    "SubtractBaseline",
    "SubtractConditionMean",
    "TimeWarp",
    "Traces",
    "TrialVaryingDynamics",
    "Units",
    "ZScore",
    "__version__",
    "align_trials",
    "alignment",
    "as_trial_tensor",
    "bin_spikes",
    "bootstrap",
    "compare_transforms",
    "component_test",
    "concat_sessions",
    "cut_traces",
    "data",
    "events",
    "explore",
    "fix_gauge",
    "from_layout",
    "from_slicetca",
    "from_tensorly",
    "io",
    "load",
    "load_example",
    "make_parafac2",
    "make_slicetca",
    "make_tca",
    "models",
    "on_disk",
    "open_session",
    "pad_trials",
    "plot_blocks",
    "plot_bootstrap",
    "plot_component_test",
    "plot_dynamics",
    "plot_factors",
    "plot_residuals",
    "plot_search",
    "plot_shares",
    "plot_slices",
    "plot_stability",
    "plot_tracking",
    "plot_transforms",
    "plotting",
    "preparation",
    "read",
    "report",
    "residual_report",
    "save_figure",
    "selection",
    "session_links",
    "sessions",
    "solvers",
    "split_sessions",
    "stability",
    "to_layout",
    "to_tensorly",
    "track",
    "tracking",
    "unalign_trials",
    "unpad_trials",
    "write_report",
    "write_search_report",
    "write_tracking_report",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
