import numpy as np
import pytest

from trialtensor.plotting.colors import QUALITATIVE, cyclic_colors, qualitative_colors

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def to_linear(rgb):
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def to_lab(linear):
    xyz = np.clip(linear, 0, 1) @ XYZ.T / XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


def smallest_distance(linear):
    lab = to_lab(linear)
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return distance[~np.eye(len(lab), dtype=bool)].min()


@pytest.mark.parametrize(
    "vision", [np.eye(3), DEUTERANOPIA, PROTANOPIA], ids=["normal", "deutan", "protan"]
)
def test_eight_directions_can_be_told_apart(vision):
    linear = to_linear(cyclic_colors(np.arange(0, 360, 45))[:, :3])
    assert smallest_distance(linear @ vision.T) > 12


def test_opposite_directions_never_look_alike_to_a_deuteranope():
    angles = np.arange(0, 180, 5)
    one, other = (
        to_lab(to_linear(cyclic_colors(a)[:, :3]) @ DEUTERANOPIA.T) for a in (angles, angles + 180)
    )
    assert np.linalg.norm(one - other, axis=1).min() > 30


def test_directions_stand_out_from_white():
    luminance = to_linear(cyclic_colors(np.arange(0, 360, 5))[:, :3]) @ XYZ[1]
    assert (1.05 / (luminance + 0.05)).min() > 1.4


def test_ring_is_closed():
    np.testing.assert_allclose(cyclic_colors(0), cyclic_colors(360))


def test_more_categories_than_names_still_differ():
    assert len(np.unique(qualitative_colors(len(QUALITATIVE) + 5), axis=0)) == len(QUALITATIVE) + 5
