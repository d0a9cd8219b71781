"""The recording that a command works on, and its description for reports."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trialtensor.cli.first import First
from trialtensor.cli.in_blocks import Place
from trialtensor.cli.options import LABELS
from trialtensor.cli.reading import Reading

if TYPE_CHECKING:
    import xarray

    from trialtensor.models import TrialEstimator

READ = "read"  # what a model remembers of how its recording was read


@dataclass(frozen=True, eq=False)
class Recording:
    """Data ready for a fit, and its description for reports.

    Attributes
    ----------
    tensor : xarray.DataArray
        After what is done `first`.
    source : Path
    first : First
    color_by : str or None
        A label of its trials.
    command : str
        The command line.
    code : str
        Python that makes `tensor`, named X.
    reading : dict
        The options of `Reading` and `First`, for another time.
    elsewhere : OnDisk, torch.Tensor or None
        What a fit takes instead of the tensor, if that isn't in memory.
    """

    tensor: "xarray.DataArray"
    source: Path
    first: First
    color_by: str | None
    command: str
    code: str
    reading: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Any = None

    @property
    def data(self) -> Any:
        """What a fit takes."""
        return self.tensor if self.elsewhere is None else self.elsewhere

    @property
    def shown(self) -> Any:
        """What pages take: the tensor, or data that they don't read."""
        return self.data if hasattr(self.data, "source") else self.tensor

    @classmethod
    def of(
        cls,
        tensor: "xarray.DataArray",
        *,
        source: Path,
        first: First,
        color_by: str | None,
        command: str,
        reading: str,
    ) -> "Recording":
        """Do what is done first; refuse a label that doesn't exist."""
        check_label(tensor, "about", first.about)
        tensor = first.of(_numbered(tensor, color_by))
        return cls(tensor, source, first, color_by, command, reading + first.code)

    @classmethod
    def read(
        cls,
        file: Path,
        how: Reading,
        *,
        first: First,
        color_by: str | None,
        context: typer.Context,
        labels: Mapping[str, str] | None = None,
        place: Place = Place(),  # noqa: B008 - frozen
    ) -> "Recording":
        """Read a file according to the options of a command.

        Parameters
        ----------
        file : Path
        how : Reading
        first : First
        color_by : as typed
        context : typer.Context
            Of the command.
        labels : dict, optional
            Option -> label that it names, see `trialtensor.cli.options.LABELS`.
        place : Place
            Where a fit holds it.
        """
        first.check(place.in_blocks)
        tensor, code = how.read(file, lazy=place.in_blocks)
        for option, label in (labels or {}).items():
            check_label(tensor, option, label, LABELS[option])
        made = cls.of(
            tensor,
            source=file,
            first=first,
            color_by=color_by,
            command=as_typed(context),
            reading=code,
        )
        data, line = place.put(made.tensor)
        return replace(
            made,
            reading={**how.remembered(), **first.remembered()},
            elsewhere=None if data is made.tensor else data,
            code=made.code + line,
        )

    @classmethod
    def again(
        cls,
        file: Path,
        model: "TrialEstimator",
        given: Mapping[str, Any],
        context: typer.Context,
    ) -> "Recording":
        """Read the recording of a saved model as it was read then, but for what is given now.

        Parameters
        ----------
        file : Path
        model : fitted model
            Remembers how it was read and transformed if a command fitted it.
        given : dict
            Options of `Reading` and `First`; None or "none" where not given.
        context : typer.Context
            Of the command.
        """
        then = model.fitted_.data.get(READ, {})
        options: Any = {"first": First.again(then, given), "color_by": None, "context": context}
        return cls.read(file, Reading.again(then, given), **options)

    def remember(self, model: "TrialEstimator") -> None:
        """Note in a fitted model how its recording was read."""
        data = {**model.fitted_.data, READ: dict(self.reading)}
        model.fitted_ = replace(model.fitted_, data=data)
        model.data_summary_ = data
        if self.elsewhere is not None and not model.fitted_.coords:
            self._label(model)

    def _label(self, model: "TrialEstimator") -> None:
        """Give a model the labels of its data, which a device has no place for."""
        from trialtensor.data.axes import order_assumed
        from trialtensor.data.labels import plain_labels

        coords = {
            str(name): (str(each.dims[0]), plain_labels(each.to_numpy()))
            for name, each in self.tensor.coords.items()
            if each.ndim == 1
        }
        assumed = order_assumed(self.tensor)
        model.data_summary_ = {**model.fitted_.data, "axes_assumed": assumed}
        model.fitted_ = replace(model.fitted_, coords=coords, data=model.data_summary_)
        model.coords_ = coords


def check_label(
    tensor: "xarray.DataArray",
    option: str,
    name: str | None,
    axis: str = "trial",
    *,
    always: tuple[str, ...] = (),
) -> None:
    """Refuse a label that doesn't exist, before a long fit.

    Parameters
    ----------
    tensor : xarray.DataArray
    option : str
        Option that named the label, without its dashes.
    name : str or None
        None if no label was requested.
    axis : str
        Axis of the label.
    always : tuple of str
        Names that mean something without being a label.

    Raises
    ------
    ValueError
        Naming the option and the labels that there are.
    """
    there = {str(label) for label, coord in tensor.coords.items() if coord.dims == (axis,)}
    known = sorted(there.union(always))
    if name is not None and name not in known:
        raise ValueError(
            f"--{option}: no label of {axis}s is called {name!r}; "
            + (f"known are {', '.join(known)}" if known else "there are none")
        )


def _numbered(tensor: "xarray.DataArray", color_by: str | None) -> "xarray.DataArray":
    """Refuse a label that doesn't exist; the trial number always does."""
    check_label(tensor, "color-by", color_by, always=("trial",))
    if color_by == "trial" and color_by not in tensor.coords:
        return tensor.assign_coords(trial=range(tensor.sizes["trial"]))
    return tensor


def as_typed(context: typer.Context) -> str:
    """Rebuild the command line from the parameters that differ from their defaults."""
    words = ["trialtensor", str(context.info_name)]
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if value is None or value == parameter.default:
            continue
        # An option that can be repeated has a list of values, which may be empty.
        for each in value if isinstance(value, list | tuple) else [value]:
            if parameter.param_type_name == "option":
                words.append(max(parameter.opts, key=len))
            if each is not True:
                words.append(str(each))
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """Quote a word for a shell, in double quotes if it holds single ones, as people do."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)
