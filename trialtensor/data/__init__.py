"""Trial tensors: checks, simulations, transforms and the bundled example."""

from trialtensor.data.elsewhere import on_disk
from trialtensor.data.example import load_example
from trialtensor.data.masks import make_mask
from trialtensor.data.synthetic import SyntheticData, make_slicetca, make_tca
from trialtensor.data.synthetic_blocks import SyntheticBlocks, make_parafac2
from trialtensor.data.transforms import TRANSFORMS, transform_values
from trialtensor.data.validation import CheckedTensor, as_trial_tensor, check_trial_tensor

__all__ = [
    "TRANSFORMS",
    "CheckedTensor",
    "SyntheticBlocks",
    "SyntheticData",
    "as_trial_tensor",
    "check_trial_tensor",
    "load_example",
    "make_mask",
    "make_parafac2",
    "make_slicetca",
    "make_tca",
    "on_disk",
    "transform_values",
]
