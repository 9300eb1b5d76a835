"""Results that nobody measured."""

from benchmarks.client import Pickup
from benchmarks.measures import Phase
from benchmarks.options import Options
from benchmarks.results import Drain, Machine, PeerResults, Results, Round


def a_phase(rate):
    """Of as many tasks as are done in its one second, with one second of CPU."""
    return Phase(
        tasks=rate, seconds=1.0, cpu_seconds={"worker": 1.0}, counters={"SQL statements": 0.5}
    )


def a_round(*, drain=100, redis_bytes=80.0, pickups=((0, 1_000_000, 2_000_000),), more=()):
    phase = a_phase(drain)
    return Round(
        callers=a_phase(50),
        redis_bytes=redis_bytes,
        drains=[
            Drain(
                backlog=backlog, workers=1, bulk=a_phase(70), redis_bytes=redis_bytes, phase=phase
            )
            for backlog in (100, *more)
        ],
        pickups=[Pickup(called=a, returned=b, started=c) for a, b, c in pickups],
    )


def a_peer(name, *rounds):
    return PeerResults(
        name=name,
        title=name.capitalize(),
        settings=f"how {name} is set up",
        versions={name: "1.2"},
        rounds=list(rounds),
    )


def a_run(*peers, left_out=None, **options):
    machine = Machine(
        date="2026-11-25",
        system="Linux",
        processor="a processor",
        cores=2,
        memory_gib=4.0,
        file_system="ext4",
        load_before=0.1,
        servers={"Valkey": "9.1"},
    )
    return Results(
        options=Options(**options), machine=machine, peers=list(peers), left_out=left_out or {}
    )
