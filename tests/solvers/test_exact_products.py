"""torch's settings of the precision of products: full inside, and as they were afterwards."""

import subprocess
import sys

import pytest

pytest.importorskip("torch")

SETTINGS = [
    "pass",
    "torch.set_float32_matmul_precision('medium')",
    "torch.backends.cuda.matmul.allow_tf32 = True",
    "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "torch.backends.fp32_precision = 'tf32'",
]
CHECK = """
import torch
from trialtensor.solvers.exact_products import exact_products
def state():
    matmul = torch.backends.cuda.matmul
    found = [getattr(matmul, 'fp32_precision', None)]
    for ask in (torch.get_float32_matmul_precision, lambda: matmul.allow_tf32):
        try:
            found.append(ask())
        except RuntimeError:
            found.append('mixed')
    return found
{setting}
before = state()
try:
    with exact_products():
        assert state()[1:] == ['highest', False], state()
        assert state()[0] in ('ieee', None), state()
        raise KeyError
except KeyError:
    pass
assert state() == before, (before, state())
"""


@pytest.mark.parametrize("setting", SETTINGS)
def test_full_precision_inside_and_as_before_afterwards(setting):
    # In a process of its own, because some combinations can't be undone.
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(setting=setting)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_nothing_is_imported_for_it():
    code = (
        "import sys\nfrom trialtensor.solvers.exact_products import exact_products\n"
        "with exact_products(): assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
