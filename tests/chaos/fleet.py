"""The processes of an installation: API servers and workers, started, broken and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from penstock.embedded.parent_death import dying_with_parent
from tests.chaos.evidence import SECOND, Life

_PATIENCE = 30.0
# A process that died by itself is missed for as long as a supervisor needs to notice.
_REVIVAL = 0.2


@dataclass(kw_only=True)
class _Place:
    """A process that shall be there, and its successors."""

    name: str
    role: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    version: str = "new"
    wanted: bool = True
    process: subprocess.Popen[bytes] | None = None
    lives: list[Life] = field(default_factory=list)
    revive_at: float = 0.0


class Fleet:
    """Starts processes, breaks them, and keeps their lives on record.

    Args:
        folder: for their logs, one file per life.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, _Place] = {}

    @property
    def lives(self) -> Sequence[Life]:
        """All that ever lived."""
        return [life for place in self._places.values() for life in place.lives]

    def add(
        self,
        name: str,
        *,
        role: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        version: str = "new",
    ) -> None:
        """Start ``penstock`` with ``arguments`` under this name."""
        self._places[name] = _Place(
            name=name, role=role, arguments=arguments, environment=environment, version=version
        )
        self.start(name)

    def close(self) -> None:
        """Kill whatever lives."""
        for name in self._places:
            self.kill(name)

    # -- breaking and repairing --------------------------------------------------------------------

    def start(self, name: str, *, after: float = 0.0) -> None:
        """Start another in its place after some seconds; if it has not left yet, once it has."""
        place = self._places[name]
        place.wanted = True
        place.revive_at = time.monotonic() + after
        self._revive(place)

    def _spawn(self, place: _Place) -> None:
        log = self._folder / f"{place.name}-{len(place.lives)}.log"
        with log.open("wb") as stream:
            place.process = subprocess.Popen(
                # However this driver ends, nothing that it started goes on.
                dying_with_parent([sys.executable, "-m", "penstock", *place.arguments]),
                env={**place.environment, "CHAOS_VERSION": place.version},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        place.lives.append(
            Life(
                name=place.name,
                role=place.role,
                pid=place.process.pid,
                started=time.time_ns(),
                version=place.version,
            )
        )

    def kill(self, name: str) -> None:
        """SIGKILL; it stays away until it is started."""
        place = self._places[name]
        place.wanted = False
        if place.process is None:
            return
        # Before the signal: what it did in the moment between is not held against anybody.
        place.lives[-1] = replace(place.lives[-1], killed=True)
        ended = time.time_ns()
        place.process.kill()
        place.process.wait(_PATIENCE)
        self._note_end(place, ended)

    def stop(self, name: str) -> None:
        """SIGTERM; it stays away until it is started."""
        place = self._places[name]
        place.wanted = False
        if place.process is not None:
            place.lives[-1] = replace(place.lives[-1], asked_to_stop=time.time_ns())
            place.process.send_signal(signal.SIGTERM)

    def freeze(self, name: str) -> None:
        """SIGSTOP."""
        place = self._places[name]
        if place.process is not None:
            life = place.lives[-1]
            # Until it is thawed or dies, it is as good as frozen for ever.
            frozen = (*life.frozen, (time.time_ns(), sys.maxsize))
            place.lives[-1] = replace(life, frozen=frozen)
            place.process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT, if it is still the one that was frozen."""
        place = self._places[name]
        life = place.lives[-1]
        if place.process is not None and life.frozen and life.frozen[-1][1] == sys.maxsize:
            place.process.send_signal(signal.SIGCONT)
            frozen = (*life.frozen[:-1], (life.frozen[-1][0], time.time_ns()))
            place.lives[-1] = replace(life, frozen=frozen)

    def change_version(self, name: str) -> None:
        """Let the next one in its place be of the other version."""
        place = self._places[name]
        place.version = "new" if place.version == "old" else "old"

    def replace_old(self) -> None:
        """End the rolling update: whoever is of the old version makes room for a new one."""
        for place in self._places.values():
            if place.version == "old":
                self.stop(place.name)
                self.change_version(place.name)
                self.start(place.name)

    def name_of(self, pid: int | None) -> str | None:
        """Who has this process id now."""
        return next(
            (
                place.name
                for place in self._places.values()
                if place.process is not None and place.process.pid == pid
            ),
            None,
        )

    def tend(self) -> None:
        """Notice who died, and start those again that should live; to be called all the time."""
        for place in self._places.values():
            if place.process is not None and place.process.poll() is not None:
                self._note_end(place)
                if place.lives[-1].asked_to_stop is None:
                    place.revive_at = time.monotonic() + _REVIVAL
            self._revive(place)

    def _revive(self, place: _Place) -> None:
        if place.process is None and place.wanted and time.monotonic() >= place.revive_at:
            self._spawn(place)

    def _note_end(self, place: _Place, ended: int | None = None) -> None:
        assert place.process is not None
        place.lives[-1] = replace(
            place.lives[-1],
            ended=ended or time.time_ns(),
            exit_code=place.process.returncode,
        )
        place.process = None


def overlaps(spans: Sequence[tuple[int, int]], began: int, ended: int) -> float:
    """The most seconds that one of ``spans`` has in common with the time between."""
    common = (min(to, ended) - max(since, began) for since, to in spans)
    return max((each / SECOND for each in common), default=0.0)
