"""`penstock plugins list`: what is installed here."""

import json

import pytest


@pytest.fixture
def broken_plugin(tmp_path, monkeypatch):
    """An installed plugin that cannot be imported."""
    folder = tmp_path / "site"
    metadata = folder / "penstock_broken-2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: penstock-broken\nVersion: 2.0\n"
    )
    (metadata / "entry_points.txt").write_text("[penstock]\nbroken = penstock_broken\n")
    (folder / "penstock_broken.py").write_text("raise SystemExit('no')\n")
    monkeypatch.syspath_prepend(folder)


def test_people_see_plugins_queues_and_task_types(run):
    done = run("plugins", "list")

    assert done.exit_code == 0, done.output
    assert "  task type   ai.text, ai.image, ai.document, ai.code\n" in done.stdout
    assert "OPENAI_API_KEY" in done.stdout
    assert "loaded" in done.stdout


def test_a_plugin_that_does_not_load_is_listed_with_its_problem(run, broken_plugin):
    done = run("plugins", "list")

    assert done.exit_code == 0, done.output
    assert "quarantined" in done.stdout
    assert "plugin 'broken' (penstock-broken 2.0): " in done.stderr


def test_programs_see_both_kinds(run, broken_plugin):
    document = json.loads(run("plugins", "list", "--json").stdout)

    states = {plugin["name"]: plugin["state"] for plugin in document["plugins"]}
    assert states["ai"] == "loaded"
    (refused,) = (each for each in document["plugins"] if each["state"] == "quarantined")
    assert refused["distribution"] == "penstock-broken"
    assert refused["problems"]


def test_what_holds_is_told_where_nothing_has_run_yet(run, tmp_path):
    done = run("plugins", "explain", "ai.text", PENSTOCK_PORT="1")

    assert done.exit_code == 0, done.output
    assert "there is no database yet" in done.stderr
    assert "Traceback" not in done.stderr
    assert "max attempts" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", ["80", "60", "20"])
def test_names_stay_whole_in_however_narrow_a_terminal(run, tmp_path, columns):
    (tmp_path / "penstock.toml").write_text('[tasks."ai.text"]\nmax_attempts = 2\n')
    environ = {"PENSTOCK_PORT": "1", "PENSTOCK_QUEUE_AI_GLOBAL_CONCURRENCY": "7"}

    listed = run("plugins", "list", COLUMNS=columns).stdout
    views = json.loads(run("plugins", "list", "--json").stdout)["plugins"]
    explained = run("plugins", "explain", "ai.text", COLUMNS=columns, **environ).stdout
    values = json.loads(run("plugins", "explain", "ai.text", "--json", **environ).stdout)["policy"]

    for view in views:
        for kind in ("queues", "task_types", "providers", "settings"):
            assert {*view[kind]} <= {*listed.replace(",", "").split()}
    for value in values:
        assert f"  {value['knob'].replace('_', ' ')}  " in explained
    words = {each.strip("();") for each in explained.split()}
    assert {
        "PENSTOCK_QUEUE_AI_GLOBAL_CONCURRENCY",
        'tasks."ai.text".max_attempts',
        str(tmp_path / "penstock.toml"),
    } <= words


@pytest.mark.parametrize("command", ["explain", "schema"])
def test_code_of_a_plugin_that_nobody_wants_is_not_run(run, tmp_path, broken_plugin, command):
    touched = tmp_path / "imported"
    module = tmp_path / "site" / "penstock_broken.py"
    module.write_text(f"open({str(touched)!r}, 'w')\n")

    done = run("plugins", command, "ai.text", PENSTOCK_PORT="1", PENSTOCK_PLUGINS_DISABLED="broken")

    assert done.exit_code == 0, done.output
    assert not touched.exists()


@pytest.mark.parametrize("command", ["explain", "schema"])
def test_a_task_type_of_a_plugin_that_nobody_wants_is_told_so(run, command):
    done = run("plugins", command, "ai.text", PENSTOCK_PORT="1", PENSTOCK_PLUGINS_DISABLED="ai")

    assert done.exit_code == 1
    assert "PENSTOCK_PLUGINS_DISABLED names it" in done.stderr
