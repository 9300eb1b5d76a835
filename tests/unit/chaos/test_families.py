"""The checker finds twins, lost children, and batches that do not finish once."""

import dataclasses

from tests.chaos.checker import check
from tests.unit.chaos.made_up import Batch, Story, at, evidence, evidence_of


def broken(found):
    """The invariants that are broken."""
    return {each.invariant for each in check(found)}


def simple(number, *, ends=2.0, **fields):
    """A task that runs once for a second."""
    return Story(number, **fields).posted().started(ends - 1.0).succeeded(ends)


def family(count=3):
    """A parent that succeeded, and its children."""
    parent = simple(1, kind="chaos.parent")
    parent.children = count
    children = [simple(10 + number, kind="chaos.child") for number in range(count)]
    for number, each in enumerate(children):
        each.parent, each.key = parent, f"{parent.key}/{number}"
    return parent, children


def of(parent, children):
    return evidence(parent, *children, posts=[parent.post()])


# --- children -------------------------------------------------------------------------------------


def test_each_child_once_is_as_it_should_be():
    assert broken(of(*family())) == set()


def test_a_twin():
    parent, children = family()
    twin = simple(20, kind="chaos.child")
    twin.parent, twin.key = parent, children[1].key
    assert "children_are_there_once" in broken(of(parent, [*children, twin]))


def test_a_child_that_is_missing():
    parent, children = family()
    assert broken(of(parent, children[:-1])) == {"children_are_there_once"}


def test_a_parent_that_did_not_succeed_may_lack_some():
    parent, children = family()
    failed = Story(1, kind="chaos.parent").posted()
    for moment in (1, 2, 3):
        failed.started(moment).failed(moment + 0.1, again=moment < 3)
    failed.children = parent.children
    for each in children:
        each.parent = failed
    assert broken(of(failed, children[:1])) == set()


# --- batches --------------------------------------------------------------------------------------


def whole():
    """A batch that went as it should."""
    callback = Story(30)
    batch = Batch(100, simple(1), simple(2, ends=3.0)).followed(3.5, callback)
    callback.started(4.0).succeeded(5.0)
    return batch


def test_a_batch_that_is_followed_once_is_as_it_should_be():
    assert broken(evidence_of(whole())) == set()


def test_a_batch_that_was_accepted_and_is_missing():
    batch = whole()
    assert "batches_are_kept" in broken(evidence_of(batch, batches={}))


def test_a_batch_that_lost_a_task():
    batch = whole()
    row = dataclasses.replace(batch.row(), total=3)
    assert broken(evidence_of(batch, batches={batch.id: row})) == {"batches_are_kept"}


def test_a_sealed_batch_that_is_not_finished():
    batch = Batch(100, simple(1))
    assert broken(evidence_of(batch)) == {"batches_finish_once"}
    batch.sealed = None
    assert broken(evidence_of(batch)) == set()


def test_two_callbacks():
    batch = whole()
    twin = simple(31, kind="chaos.callback", ends=6.0)
    twin.key = f"{batch.name}:callback"
    assert "batches_finish_once" in broken(evidence_of(batch, others=[twin]))


def test_a_callback_that_comes_before_the_last_task_has_ended():
    batch = whole()
    batch.tasks[1].transitions[-1] = dataclasses.replace(batch.tasks[1].transitions[-1], at=at(3.6))
    assert broken(evidence_of(batch)) == {"callbacks_come_last"}
