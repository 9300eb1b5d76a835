"""What people and programs are shown."""

import io

import pytest
from rich.console import Console

from benchmarks import publish, results
from benchmarks.options import Options
from benchmarks.report import print_tables
from benchmarks.tables import tables
from tests.unit.benchmarks.results import a_peer, a_round, a_run


@pytest.fixture
def run():
    return a_run(
        a_peer("penstock", a_round(drain=100), a_round(drain=300)),
        a_peer("other", a_round(drain=400, redis_bytes=None)),
        left_out={"Third": "no node here"},
    )


def test_results_survive_their_file(run, tmp_path):
    file = tmp_path / "results.json"
    file.write_text(results.as_json(run))

    assert results.read(file) == run


def test_a_figure_is_shown_with_its_spread_and_a_missing_one_as_a_dash(run):
    throughput, _, _, memory, *_ = tables(run)

    assert throughput.rows[0] == ["Penstock", "70 (70 - 70)", "50 (50 - 50)", "200 (100 - 300)"]
    assert memory.rows == [["Penstock", "80 (80 - 80)"], ["Other", "-"]]


def test_ratios_are_those_of_the_others_to_penstock(run):
    ratios = next(each for each in tables(run) if each.title.startswith("Ratios"))

    assert [row[0] for row in ratios.rows] == ["Other"]
    assert ratios.rows[0][3] == "2.00"


def test_without_penstock_there_are_no_ratios():
    run = a_run(a_peer("other", a_round()))

    assert not [each for each in tables(run) if each.title.startswith("Ratios")]


def test_other_backlogs_have_a_table_of_their_own():
    run = a_run(a_peer("penstock", a_round(more=(5000,))))

    backlogs = tables(run)[-1]

    assert backlogs.rows[0][:3] == ["Penstock", "5,000", "1"]


def test_the_terminal_names_the_machine_the_versions_and_what_was_left_out(run):
    shown = io.StringIO()

    print_tables(run, Console(file=shown, width=200))

    for expected in ("a processor", "Valkey 9.1", "penstock 1.2", "Third was left out: no node"):
        assert expected in shown.getvalue()


def test_the_page_has_every_table_the_settings_and_the_command(run):
    page = publish.page(run)

    for table in tables(run):
        assert f"### {table.title}" in page
    assert "- **Penstock**: how penstock is set up." in page
    assert 'make bench ARGS="--publish"' in page


def test_the_page_is_what_its_template_and_its_results_give():
    """Whoever changes one of them runs `python -m benchmarks.publish`."""
    assert publish.PAGE.read_text() == publish.page(results.read(publish.RESULTS))


def test_the_page_shows_every_plot_and_no_other(run):
    drawn = {f"benchmarks/{each['file']}.svg" for each in publish.plots(run)}
    shown = {f"benchmarks/{each.split('.svg')[0]}.svg" for each in
             publish.page(run).split("](benchmarks/")[1:]}  # fmt: skip

    assert shown <= drawn
    assert all((publish.PAGE.parent / each).exists() for each in shown)


def test_a_command_names_what_differs_from_the_default():
    options = Options(tasks=500, workers=(1, 2), peers=("saq",))

    assert publish.command(options) == (
        'make bench ARGS="--peers saq --tasks 500 --workers 1 2 --publish"'
    )
