"""Ids that follow from another one."""

from uuid import RFC_4122, UUID

from uuid_utils.compat import uuid7

from penstock.dispatch.derived_id import derived_id, ids_in_order

PARENT = UUID("019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b")


def test_the_same_name_of_the_same_task_is_the_same_id_in_every_process():
    # As it was made once: whoever changes this makes twins of children during an update.
    assert derived_id(PARENT, "thumbnail-3") == UUID("019a1b2c-3d4e-72c3-b251-188737efdd1d")


def test_it_is_a_uuid_of_version_7_with_the_time_of_its_origin():
    for number in range(100):
        found = derived_id(PARENT, f"part-{number}")
        assert (found.version, found.variant) == (7, RFC_4122)
        assert found.int >> 80 == PARENT.int >> 80


def test_other_names_and_other_origins_give_other_ids():
    origins = [uuid7() for _ in range(100)]
    ids = {derived_id(origin, f"part-{number}") for origin in origins for number in range(100)}
    assert len(ids) == 100 * 100


def test_the_ids_of_many_are_always_the_same_and_in_order():
    part, other = uuid7(), uuid7()
    ids = ids_in_order(part, 1000)

    assert ids == ids_in_order(part, 1000) == sorted(set(ids))
    assert ids[:1] == ids_in_order(part, 1)
    assert not set(ids) & set(ids_in_order(other, 1000))
    assert {(each.version, each.variant, each.int >> 80) for each in ids} == {
        (7, RFC_4122, part.int >> 80)
    }
