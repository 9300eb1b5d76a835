"""The data folder and the key in it belong to one user."""

import stat

import pytest

from penstock.cli import data_dir, development_key


def test_the_folder_is_private_and_out_of_git(tmp_path):
    folder = tmp_path / "a" / "b"

    data_dir.prepare(folder)
    data_dir.prepare(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_one_is_named_with_the_setting(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(data_dir.DataDirError, match=r"file.*PENSTOCK_DATA_DIR"):
        data_dir.prepare(tmp_path / "file")


def test_the_key_is_made_once_and_is_private(tmp_path):
    assert development_key.find(tmp_path) is None

    key = development_key.ensure(tmp_path)

    assert len(key) >= 32
    assert development_key.ensure(tmp_path) == key == development_key.find(tmp_path)
    assert stat.S_IMODE((tmp_path / "api-key").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["api-key"]


def test_an_empty_key_file_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "api-key").write_text("\n")

    with pytest.raises(development_key.DevelopmentKeyError, match="delete the file"):
        development_key.ensure(tmp_path)
