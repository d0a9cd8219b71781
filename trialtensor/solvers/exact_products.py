"""Products of float32 arrays in float32, whatever torch is set to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def exact_products() -> Iterator[None]:
    """Let torch multiply float32 arrays to their full precision inside, and restore its settings.

    TF32 and bfloat16 products keep three digits, too few for losses that are small differences of
    large sums. Does nothing where torch isn't loaded.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    matmuls = _matmuls(torch)
    before = [each.fp32_precision for each in matmuls]
    legacy = _legacy_precision(torch)
    torch.set_float32_matmul_precision("highest")
    for each in matmuls:
        each.fp32_precision = "ieee"
    try:
        yield
    finally:
        if legacy is not None:
            torch.set_float32_matmul_precision(legacy)
        for each, precision in zip(matmuls, before, strict=True):
            each.fp32_precision = precision


def _matmuls(torch: Any) -> list[Any]:
    """Return where newer versions of torch have a setting for each backend."""
    backends = [torch.backends.cuda.matmul]
    mkldnn = getattr(torch.backends, "mkldnn", None)
    backends.append(getattr(mkldnn, "matmul", None))
    found = []
    for each in backends:
        try:
            each.fp32_precision  # noqa: B018
        except (AttributeError, AssertionError):
            continue
        found.append(each)
    return found


def _legacy_precision(torch: Any) -> str | None:
    """Return the older, global setting, unless only the newer ones were used and they differ."""
    try:
        return str(torch.get_float32_matmul_precision())
    except RuntimeError:
        return None
