"""What is measured, as the peers' folders describe it."""

import pytest

from benchmarks import peer


def test_peers_come_in_their_order_without_those_that_must_be_asked_for():
    found = [each.name for each in peer.find()]

    assert found[:2] == ["penstock", "bullmq"]
    assert "penstock_sqlite" not in found


def test_a_named_peer_is_found_whatever_the_default():
    assert [each.name for each in peer.find(["saq", "penstock_sqlite"])] == [
        "penstock_sqlite",
        "saq",
    ]


def test_an_unknown_peer_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'celery'"):
        peer.find(["celary"])


def test_a_peer_that_is_not_installed_says_how_it_would_be(tmp_path):
    file = tmp_path / "nobody" / "peer.toml"
    file.parent.mkdir()
    file.write_text(
        'title = "Nobody"\nposition = 1\nservers = []\nenvironment = "not/there"\n'
        'client = ["python3"]\nworker = ["python3"]\nsettings = "none"\n'
    )

    found = peer.read(file)

    assert found.name == "nobody"
    assert found.missing == "not/there is not there (`make bench` makes it)"


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="no such-program-at-all"):
        peer.command(["no such-program-at-all"])


@pytest.mark.parametrize("name", [each.name for each in peer.find() if each.name != "penstock"])
def test_no_lock_names_an_index_or_a_download(name):
    locks = [
        each
        for each in (peer.FOLDER / name).iterdir()
        if each.name in {"requirements.txt", "package-lock.json"}
    ]

    assert len(locks) == 1
    text = locks[0].read_text()
    assert "--index" not in text
    assert '"resolved"' not in text
    assert "sha256:" in text or '"integrity"' in text
