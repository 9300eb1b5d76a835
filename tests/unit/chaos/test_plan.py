"""A plan comes from its seed, and from nothing else."""

from collections import Counter

from tests.chaos.evidence import DATABASE_TROUBLE, REDIS_TROUBLE, Effect
from tests.chaos.faults import AT_LEAST, FAULTS, Scale
from tests.chaos.options import Options
from tests.chaos.plan import Plan

SCALE = Scale(workers=3, apis=2, lease=1.5)


def draw(seed, *, tasks=300, faults=AT_LEAST):
    return Plan.draw(seed, tasks=tasks, faults=faults, kinds=FAULTS, scale=SCALE)


def test_the_same_seed_is_the_same_plan():
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_a_plan_has_as_many_tasks_and_faults_as_were_asked_for():
    plan = draw(7, tasks=2500, faults=50)
    assert (len(plan.tasks), len(plan.faults)) == (2500, 50)
    assert len({each.key for each in plan.tasks}) == 2500


def test_what_takes_long_comes_by_the_clock_and_the_rest_fills_up():
    few, many = (Counter(each.type for each in draw(7, tasks=n).tasks) for n in (1200, 2400))
    for kind in ("chaos.poison", "chaos.block", "chaos.long", "chaos.narrow"):
        assert few[kind] == many[kind] > 0
    assert many["chaos.quick"] > 2 * few["chaos.quick"]


def test_every_kind_of_fault_is_in_it_where_there_is_room():
    kinds = Counter(each.fault.kind for each in draw(7).faults)
    assert kinds == {each.kind: each.least for each in FAULTS}


def undisturbed(faults, kinds, effects, *, before=0.0, after=0.0):
    """Those of ``kinds`` around which nothing with one of ``effects`` happens to the workers."""
    return [
        found
        for found in faults
        if found.fault.kind in kinds
        and not any(
            each is not found
            and each.fault.effects & effects
            and "of api" not in each.fault.kind
            and each.at < found.until + after
            and each.until > found.at - before
            for each in faults
        )
    ]


def test_the_short_seed_has_what_some_mutants_need_to_be_seen():
    short = Options()
    faults = draw(short.seed, tasks=short.tasks, faults=short.faults).faults
    # Frozen workers whose leases run out, so that they are overtaken.
    assert len(undisturbed(faults, {"freeze worker"}, REDIS_TROUBLE)) >= 2
    # A Redis that is emptied while as many tasks run as may, and their workers can go on at once.
    trouble = REDIS_TROUBLE | DATABASE_TROUBLE | Effect.REDIS_SLOW | Effect.DATABASE_SLOW
    wiped = undisturbed(faults, {"flush redis", "replace redis"}, trouble, before=1.5, after=0.7)
    assert len(wiped) >= 1


def test_what_touches_the_same_thing_does_not_overlap():
    for seed in range(20):
        free: dict[str, float] = {}
        for each in draw(seed, faults=60).faults:
            for thing in each.fault.touches:
                assert each.at > free.get(thing, 0), str(each)
                free[thing] = each.until


def test_tasks_are_posted_while_things_break_and_in_order():
    plan = draw(7)
    times = [each.at for each in plan.tasks]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= plan.seconds


def test_names_of_faults_are_their_own():
    assert len({each.kind for each in FAULTS}) == len(FAULTS)


def test_a_planned_fault_reads_well():
    for each in draw(7).faults:
        assert each.fault.kind in str(each)
