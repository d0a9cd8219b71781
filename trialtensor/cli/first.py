"""What is done to a recording before anything is fitted to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import xarray

_SAID = {
    "none": (),
    "sqrt": ("square root of every value",),
    "log1p": ("log(1 + x) of every value",),
    "zscore": ("each neuron to mean 0 and standard deviation 1 over trials and times",),
}


@dataclass(frozen=True)
class First:
    """The options that say what is done to the data first, in this order.

    Attributes
    ----------
    transform : str
        See `trialtensor.data.transforms`.
    about : str or None
        A label of trials; the mean trial of each of its values is subtracted.
    """

    transform: str = "none"
    about: str | None = None

    @classmethod
    def again(cls, then: Mapping[str, Any], given: Mapping[str, Any]) -> Self:
        """Return what is given now, and else what a model remembers of its recording."""
        typed = given.get("transform") or "none"
        transform = typed if typed != "none" else then.get("transform") or "none"
        return cls(transform, given.get("about") or then.get("about"))

    def remembered(self) -> dict[str, Any]:
        """Return what a model should know to do it again."""
        return asdict(self)

    def check(self, in_blocks: bool) -> None:
        """Refuse what needs the data in memory if that is read a few trials at a time.

        Raises
        ------
        ValueError
        """
        if in_blocks and self.about is not None:
            raise ValueError(
                "--about: the mean trial of each condition needs all of the data in memory; leave "
                "out --memory and --checkpoint, or subtract it before you write the file"
            )

    def of(self, tensor: xarray.DataArray) -> xarray.DataArray:
        """Return the data that is fitted.

        Raises
        ------
        ValueError
            For a trial without the label.
        """
        from trialtensor.data import transform_values
        from trialtensor.preparation import SubtractConditionMean

        tensor = transform_values(tensor, self.transform)
        if self.about is None:
            return tensor
        try:
            return SubtractConditionMean(self.about).fit_transform(tensor)
        except ValueError as error:
            raise ValueError(str(error).replace("by:", "--about:", 1)) from None

    @property
    def code(self) -> str:
        """Lines of Python that do the same to ``X``."""
        code = ""
        if self.transform != "none":
            code += f"\nX = trialtensor.data.transform_values(X, {self.transform!r})"
        if self.about is not None:
            code += f"\nX = trialtensor.SubtractConditionMean({self.about!r}).fit_transform(X)"
        return code

    @property
    def said(self) -> tuple[str, ...]:
        """A phrase for each step."""
        means = () if self.about is None else (f"mean trial of each {self.about} subtracted",)
        return *_SAID[self.transform], *means
