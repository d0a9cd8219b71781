"""What the comparison on a graphics card prints: each number as it comes, and a table at last."""

from __future__ import annotations

import json
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Number:
    """One measured number, and what is required of it: at most or at least a limit."""

    section: str
    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def verdict(self) -> str:
        """Whether it is as required; empty without a requirement."""
        if self.at_most is None and self.at_least is None:
            return ""
        met = (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )
        return "met" if met else "MISSED"

    @property
    def required(self) -> str:
        """The requirement in words."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"

    def line(self) -> str:
        """The number as a row of a Markdown table."""
        cells = (self.section, self.what, f"{self.value:.4g} {self.unit}".strip())
        return "| " + " | ".join((*cells, self.required, self.verdict)) + " |"


@dataclass
class Report:
    """Collects numbers and failures of sections, and prints them at once.

    Attributes
    ----------
    required : bool
        Whether limits count: not at small sizes, nor without a card.
    """

    required: bool
    numbers: list[Number] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)
    section: str = ""
    began: float = field(default_factory=time.perf_counter)

    def say(self, what: str, value: float, unit: str = "", **limits: float) -> None:
        """Record and print a number.

        Parameters
        ----------
        what : str
        value : float
        unit : str
        **limits : float
            ``at_most``, ``at_least``.
        """
        number = Number(self.section, what, value, unit, **(limits if self.required else {}))
        self.numbers.append(number)
        print(f"{time.perf_counter() - self.began:6.1f} s  {number.line()}", flush=True)

    def run(self, name: str, section: Callable[[Report], None], seconds: int) -> None:
        """Run a section; what goes wrong in it is noted and the next one follows.

        Parameters
        ----------
        name : str
        section : callable
        seconds : int
            It may take at most.
        """
        self.section = name
        start = time.perf_counter()
        try:
            with at_most(seconds):
                section(self)
        except Exception as error:
            self.failed(name, error)
        print(f"        ({name}: {time.perf_counter() - start:.1f} s)", flush=True)

    def failed(self, name: str, error: Exception) -> None:
        """Note and print what went wrong."""
        self.failures.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
        print(f"FAILED {self.failures[-1]}\n{traceback.format_exc(limit=-6)}", flush=True)

    def table(self) -> str:
        """All numbers as a Markdown table, and what failed."""
        head = "| section | what | value | required | verdict |\n| --- | --- | --- | --- | --- |"
        lines = [head, *(number.line() for number in self.numbers)]
        return "\n".join([*lines, "", *(f"FAILED {each}" for each in self.failures)])

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        plain = [asdict(number) | {"verdict": number.verdict} for number in self.numbers]
        path.write_text(json.dumps({"numbers": plain, "failures": self.failures}, indent=1))


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TimeoutError inside after some time, as soon as the running library call returns.

    May be used inside itself.
    """

    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds} s")

    before, start = signal.signal(signal.SIGALRM, stop), time.perf_counter()
    left = signal.alarm(seconds)
    try:
        yield
    finally:
        spent = int(time.perf_counter() - start)
        signal.signal(signal.SIGALRM, before)
        signal.alarm(max(1, left - spent) if left else 0)
