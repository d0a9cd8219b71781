"""What the simulators write: checked for before the work, whole, and damage is seen."""

import pytest
import typer
from typer.testing import CliRunner

from trialtensor_models.cli import app
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN

BAD = {"x.xyz": "no figure ends in .xyz", "none/x.png": "there is no folder", "folder": "a folder"}


@pytest.mark.parametrize(("name", "why"), BAD.items())
@pytest.mark.parametrize("option", ["--figure", "--json"])
def test_phenomena_refuse_before_they_simulate(tmp_path, monkeypatch, option, name, why):
    if option == "--json" and name == "x.xyz":
        pytest.skip("any name will do")
    monkeypatch.setattr("trialtensor_models.phenomena.measure_all", lambda *_: pytest.fail("ran"))
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["phenomena", option, str(tmp_path / name)])
    assert result.exit_code == 2 and result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ") and why in result.stderr


def test_experiments_refuse_before_they_simulate(tmp_path, capsys):
    with pytest.raises(typer.Exit) as ended, figure_to(tmp_path / "none" / "x.png"):
        pytest.fail("ran")
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_damaged_network_is_refused_by_name(tmp_path):
    path = tmp_path / "network.h5"
    CCRNN.pretrained().save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"network\.h5.*checksum"):
        CCRNN.load(path)
