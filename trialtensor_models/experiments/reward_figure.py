"""The figure of rewards in the circuit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {"reward": "#0072B2", "told": "#E69F00", "none": "#555555"}
_CUE, _OUTCOME = "#009E73", "#D55E00"
_LEARNED = (
    ("signed value", "motor", "signed value,\nmotor cells"),
    ("expected reward", "motor", "expected reward,\nmotor cells"),
    ("expected reward", "reward", "expected reward,\nreward cells"),
    ("last prediction error", "reward", "last error,\nreward cells"),
)
_BUILT_IN = (
    ("prediction error", "olive", "all", "error,\ncomplex spikes"),
    ("reward", "purkinje", "all", "reward,\nsimple spikes"),
)
_PHASES = ("before", "after the lesion", "after the reversal")


def plot_rewards(found: Mapping[str, pd.DataFrame]) -> Figure:
    """Choices, complex spikes, decoding, its time in the trial, and lesions.

    Parameters
    ----------
    found : mapping of DataFrame
        Of `trialtensor_models.experiments.reward_in_purkinje.measure`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplot_mosaic(
        [["choices", "complex", "courses"], ["decoding", "decoding", "lesions"]],
        figsize=(12, 7),
        layout="constrained",
    )
    _choices(axes["choices"], found["learning"])
    _complex(axes["complex"], found["learning"])
    _courses(axes["courses"], found["courses"])
    _decoding(axes["decoding"], found["decoding"])
    _lesions(axes["lesions"], found["lesions"])
    for ax in axes.values():
        ax.spines[["top", "right"]].set_visible(False)
        ax.title.set_fontsize(10)
    return figure


def _choices(ax: Any, learning: pd.DataFrame) -> None:
    for arm, color in COLORS.items():
        by = learning[(learning["arm"] == arm) & (learning["trial"] < 40)].groupby("trial")
        ax.plot(_smooth(by["correct"].mean()), color=color, label=arm)
    ax.axhline(0.5, color="0.6", lw=0.8, ls=(0, (4, 3)))
    ax.set(xlabel="trials since the reversal", ylabel="right choices", ylim=(0, 1))
    ax.set_title("Rewards teach, and reverse, choices")
    _legend(ax, title="climbing fibres", loc="lower right")


def _complex(ax: Any, learning: pd.DataFrame) -> None:
    own = learning[(learning["arm"] == "reward") & (learning["trial"] < 40)].groupby("trial")
    ax.plot(_smooth(own["outcome"].mean()), color=_OUTCOME, label="at the outcome")
    ax.plot(_smooth(own["cue"].mean()), color=_CUE, label="in the cue")
    ax.axhline(1, color="0.6", lw=0.8, ls=(0, (4, 3)))
    ax.set(xlabel="trials since the reversal", ylabel="complex spikes (1/s)")
    ax.set_title("Errors of reward, rewarded trials (built in)")
    _legend(ax, loc="center right")


def _courses(ax: Any, courses: pd.DataFrame) -> None:
    own = courses[courses["part"] == "reward"]
    for arm, color in COLORS.items():
        for stage, line in (("early", (0, (3, 2))), ("late", "-")):
            rows = own[(own["arm"] == arm) & (own["stage"] == stage)]
            mean = rows.groupby("time")["score"].mean()
            ax.plot(mean.index, mean, color=color, ls=line, label=f"{arm}, {stage}")
    for event, name in ((-0.4, "cue"), (0.0, "go"), (0.7, "outcome")):
        ax.axvline(event, color="0.8", lw=0.8, zorder=0)
        ax.text(event + 0.02, 1.02, name, color="0.4", fontsize=8)
    ax.axhline(0, color="0.6", lw=0.8, zorder=0)
    ax.set(xlabel="time from the go signal (s)", ylabel="held-out correlation", ylim=(-0.5, 1.1))
    ax.set_title("Expected reward in simple spikes, reward cells")
    _legend(ax, ncols=3, loc="lower center", fontsize=7)


def _decoding(ax: Any, decoding: pd.DataFrame) -> None:
    groups = [
        decoding[(decoding["window"] == "outcome") & (decoding["variable"] == variable)
                 & (decoding["region"] == region) & (decoding["part"] == part)]
        for variable, region, part, _ in _BUILT_IN
    ]  # fmt: skip
    groups += [
        decoding[(decoding["window"] == "cue") & (decoding["variable"] == variable)
                 & (decoding["region"] == "purkinje") & (decoding["part"] == part)]
        for variable, part, _ in _LEARNED
    ]  # fmt: skip
    for place, rows in enumerate(groups):
        for k, (arm, color) in enumerate(COLORS.items()):
            own = rows[rows["arm"] == arm]
            x = place + 0.25 * (k - 1)
            label = arm if place == 0 else None
            spread = x + np.linspace(-0.05, 0.05, len(own))
            ax.plot(spread, own["score"], "o", ms=4, color=color, label=label)
            chance = own["chance"].mean()
            known = "95 % of surrogates" if place == k == 0 else None
            ax.plot([x - 0.1, x + 0.1], [chance, chance], color="k", lw=1.2, label=known)
    ax.axvline(len(_BUILT_IN) - 0.5, color="0.7", lw=0.8)
    ax.axhline(0, color="0.6", lw=0.8, zorder=0)
    names = [each[-1] for each in (*_BUILT_IN, *_LEARNED)]
    ax.set_xticks(range(len(names)), names, fontsize=8)
    ax.set(ylabel="held-out correlation")
    ax.set_title("At the outcome (built in)  |  In simple spikes at the end of the cue (learned)")
    _legend(ax, loc="upper right", ncols=2)


def _lesions(ax: Any, lesions: pd.DataFrame) -> None:
    colors = ("#0072B2", "#D55E00", "#CC79A7", "#555555")
    for color, (name, rows) in zip(colors, lesions.groupby("lesion", sort=False), strict=True):
        table = rows.pivot(index="seed", columns="phase", values="correct")[list(_PHASES)]
        mean = table.mean()
        error = table.std(ddof=0) / np.sqrt(len(table))
        ax.errorbar(range(3), mean, error, color=color, marker="o", ms=4, label=name)
    ax.axhline(0.5, color="0.6", lw=0.8, ls=(0, (4, 3)))
    ax.set_xticks(range(3), [each.replace("after the", "after the\n") for each in _PHASES])
    ax.set(ylabel="right choices", ylim=(0, 1), xlim=(-0.2, 2.3))
    ax.set_title("Lesions (mean and s.e. over circuits)")
    _legend(ax, loc="lower left")


def _legend(ax: Any, **options: Any) -> None:
    ax.legend(**{"frameon": False, "fontsize": 7.5} | options)


def _smooth(values: pd.Series) -> pd.Series:
    return values.rolling(3, center=True, min_periods=1).mean()
