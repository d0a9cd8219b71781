"""Fits on a graphics card: ``python -m benchmarks.gpu [--quick] [--only SECTION ...]``.

Against the bandwidth of the card, the processor beside it with all its cores, and tensorly on the
same card; 1000 x 2000 x 500 float32 in less than six minutes. Without a card, torch on the
processor stands in at small sizes, and nothing is required of it.
"""

from __future__ import annotations

import os
import sys

# The package of these comparisons sets libraries to one thread; beside a card all cores count.
if "--quick" not in sys.argv:
    for _variable in [name for name in os.environ if name.endswith("_NUM_THREADS")]:
        del os.environ[_variable]

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import threadpoolctl

from benchmarks import gpu_fits, gpu_speed
from benchmarks.gpu_report import Report

FULL = {"shape": (1000, 2000, 500), "small": (200, 300, 100), "medium": (300, 300, 150)}
QUICK = {"shape": (120, 90, 60), "small": (40, 50, 30), "medium": (60, 50, 40)}
# Section -> what it measures, and the seconds it may take. The first ones matter most.
SECTIONS: dict[str, tuple[Any, int]] = {
    "copy": (gpu_speed.copy, 10),
    "sweep": (gpu_speed.sweeps, 15),
    "TCA": (gpu_fits.tca, 30),
    "SliceTCA": (gpu_fits.slicetca, 30),
    "SliceTCA of others": (gpu_fits.slicetca_of_others, 20),
    "tensorly": (gpu_fits.tensorly, 30),
    "processor, TCA": (gpu_fits.tca_on_processor, 60),
    "processor, SliceTCA": (gpu_fits.slicetca_on_processor, 60),
    "float64": (gpu_fits.in_double, 20),
    "transform": (gpu_fits.transform, 20),
    "kernels": (gpu_speed.kernels, 15),
    "variants": (gpu_fits.variants, 40),
}


def main(arguments: list[str] | None = None) -> int:
    """Return exit status 1 if something was missed or failed."""
    import torch

    from trialtensor import models
    from trialtensor.data import elsewhere

    options = _parse(arguments)
    on_card = torch.cuda.is_available()
    if not on_card:
        # What is on the processor, or small, would be fitted in memory.
        elsewhere._is_on_device = lambda X: True
        models.elsewhere.SMALL = 0
    sizes = QUICK if options.quick or not on_card else FULL
    report = Report(required=on_card and not options.quick)
    name = torch.cuda.get_device_name() if on_card else "none, torch on the processor"
    print(f"card: {name}; torch {torch.__version__}, numpy {np.__version__}, ", end="")
    cores = sorted({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
    print(f"{os.cpu_count()} processor cores, BLAS on {cores} threads", flush=True)
    device = torch.device("cuda" if on_card else "cpu")
    report.known["case"] = case = SimpleNamespace(**sizes, device=device, rank=8, restarts=10)
    report.run("data", lambda _: _make(case), 30)
    for section in options.only or SECTIONS:
        call, limit = SECTIONS[section]
        report.run(section, call, limit)
    print("\n" + report.table(), flush=True)
    if options.json:
        report.save(Path(options.json))
    missed = any(number.verdict == "MISSED" for number in report.numbers)
    return 1 if missed or report.failures else 0


def _make(case: SimpleNamespace) -> None:
    case.X = planted(case.shape, case.rank, case.device)
    # Each kind has components of its own; SliceTCA of those of a TCA is one of the hardest fits.
    case.of_kind = {"TCA": case.X, "SliceTCA": planted_slices(case.shape, case.device)}
    gpu_speed.wait(case.device)


def planted(shape: tuple[int, ...], rank: int, device: Any, *, dtype: Any = None) -> Any:
    """Return components that overlap, plus as much noise, made on the device."""
    import torch

    dtype = dtype or torch.float32
    drawn = torch.Generator(device).manual_seed(0)
    options = {"generator": drawn, "device": device, "dtype": dtype}
    trial, neuron, time = (torch.randn((n, rank), **options).abs() for n in shape)
    X = torch.randn(shape, **options).mul_(rank**0.5)
    for part in range(0, shape[0], 100):
        rows = (trial[part : part + 100, None] * neuron).reshape(-1, rank)
        X[part : part + 100] += (rows @ time.T).reshape(-1, *shape[1:])
    return X


def planted_slices(shape: tuple[int, ...], device: Any) -> Any:
    """Return two trial-, three neuron- and two time-slicing components, plus as much noise."""
    import torch

    options = {"generator": torch.Generator(device).manual_seed(0), "device": device}
    X = torch.randn(shape, **options).mul_(7**0.5)
    for axis, rank in enumerate((2, 3, 2)):
        others = [n for i, n in enumerate(shape) if i != axis]
        loadings = torch.randn((shape[axis], rank), **options)
        slices = torch.randn((rank, *others), **options)
        for r in range(rank):
            place = [1, 1, 1]
            place[axis] = shape[axis]
            X += loadings[:, r].reshape(place) * slices[r].unsqueeze(axis)
    return X


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one thread")
    parser.add_argument("--only", nargs="+", metavar="SECTION", choices=list(SECTIONS))
    parser.add_argument("--json", metavar="FILE", help="write the numbers there as well")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
