"""The order of things: round 1 of every peer, then round 2 of every peer, and so on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks import machine
from benchmarks.options import Options
from benchmarks.peer import Peer
from benchmarks.results import PeerResults, Results
from benchmarks.rounds import RoundOfPeer
from benchmarks.services import Services


def run(options: Options, peers: list[Peer], say: Callable[[str], None]) -> Results:
    """Measure as ``options`` ask; ``say`` is told what is under way.

    Raises:
        PeerError: a task was lost or failed, or a program did not do what it was asked.
    """
    installed = [each for each in peers if each.missing is None]
    left_out = {each.title: each.missing for each in peers if each.missing is not None}
    for title, reason in left_out.items():
        say(f"{title} is left out: {reason}")
    with ExitStack() as stack:
        services = {each.name: stack.enter_context(Services(each, options)) for each in installed}
        rounds = {each.name: RoundOfPeer(each, services[each.name], options) for each in installed}
        servers: dict[str, str] = {}
        for each in services.values():
            servers.update(each.versions())
        results = Results(
            options=options,
            machine=machine.look(servers),
            peers=[
                PeerResults(
                    name=each.name,
                    title=each.title,
                    settings=each.settings,
                    versions=rounds[each.name].versions(),
                )
                for each in installed
            ],
            left_out=left_out,
        )
        for number in range(1, options.rounds + 1):
            for peer in results.peers:
                say(f"round {number} of {options.rounds}: {peer.title}")
                peer.rounds.append(rounds[peer.name].measure())
    return results
