"""The promises that a plugin makes by what it declares, as tests that it runs by subclassing."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from penstock.plugins import Catalogue, discover
from penstock.selected_plugins import loaded
from penstock.testing.contract import (
    cancelling,
    concurrency,
    declarations,
    delays,
    imports,
    real,
    resuming,
    secrets,
    snapshot,
    unknown_settings,
)
from penstock.testing.contract.advice import advice, require_none
from penstock.testing.contract.loop import run, with_harness
from penstock.testing.contract.subject import Subject, entry_point
from penstock.testing.contract.trial import Trial
from penstock.testing.harness import Harness
from penstock.testing.services import RealServices


class PluginContract:
    """Subclass this in a plugin's tests, and every check of the kit runs on it.

    ::

        class TestAcme(PluginContract):
            plugin = "acme"
            examples = {"acme.resize": Resize(source="a.png")}

    What is found is told with the measured value and what to do. The handlers run for real: give
    those that ask somebody outside a local server to ask, by ``settings``.

    Attributes:
        plugin: the name of its entry point.
        examples: inputs that succeed, by task type: one, or a list of them. Those that ``@task``
            declares if left out. Two with different outputs find more than one.
        failing: inputs that fail each time, by task type, of task types that have an example too;
            how they are tried again is compared with the policy. What it does not name is not
            tried.
        settings: what ``ctx.settings`` gives, other than the defaults.
        environ: the same for the checks on real services, as variables.
        schemas: the snapshot of the schemas, beside the test's file; several plugins may share it.
        heavy_modules: what importing the plugin must not import.
        import_seconds: how long it may take, beside ``penstock`` itself.
        stall: for how long an ``async def`` handler may keep others from running.
        grace: how soon a cancelled handler ends.
        most_at_once: how many runs are tried at once, if the queue allows more.
    """

    plugin: ClassVar[str]
    examples: ClassVar[Mapping[str, Any]] = {}
    failing: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Sequence[Any]] = ()
    environ: ClassVar[Mapping[str, str]] = {}
    schemas: ClassVar[str] = "schemas.json"
    heavy_modules: ClassVar[Collection[str]] = imports.HEAVY
    import_seconds: ClassVar[float] = 1.0
    stall: ClassVar[timedelta] = timedelta(seconds=0.25)
    grace: ClassVar[timedelta] = timedelta(seconds=1)
    most_at_once: ClassVar[int] = 8

    _installed: Catalogue

    @pytest.fixture(autouse=True)
    def _know_what_is_installed(self, penstock_catalogue: Catalogue) -> None:
        self._installed = penstock_catalogue

    # -- what an author may say in a line ------------------------------------------------------

    def paid_calls(self) -> int:
        """How many calls were paid for so far, where the kit cannot see it.

        It sees HTTP requests of this process and units that are charged. Count here what is paid
        otherwise, or by a ``def`` handler's process: the length of a local server's log, say.
        """
        return 0

    def same_output(self, one: Any, other: Any) -> bool:
        """Whether two outputs, decoded from their JSON and without ids of artifacts, are equal."""
        return bool(one == other)

    # -- what it declares ----------------------------------------------------------------------

    def test_it_loads(self) -> None:
        """It is installed, and every check of the loader passes."""
        with self._subject():
            pass

    def test_its_import_is_light(self) -> None:
        """Importing it takes no heavy module, and not long."""
        with self._subject() as subject:
            faults = imports.faults(
                str(subject),
                entry_point(self.plugin),
                heavy=frozenset(self.heavy_modules),
                seconds=self.import_seconds,
            )
            require_none([*faults])

    def test_its_names_are_prefixed(self) -> None:
        """No other plugin wants its names."""
        with self._subject() as subject:
            require_none([*declarations.unprefixed(subject)])

    def test_it_is_described(self) -> None:
        """Each task type says what it does, takes and returns."""
        with self._subject() as subject:
            require_none([*declarations.undescribed(subject)])

    def test_it_has_examples(self) -> None:
        """There is an input for each task type."""
        with self._subject() as subject:
            require_none([*declarations.without_example(subject)])

    def test_its_schemas_are_stable(self, request: pytest.FixtureRequest) -> None:
        """They are those of the committed snapshot."""
        path = request.path.parent / self.schemas
        overwrite = bool(request.config.getoption("penstock_snapshot"))
        with self._subject() as subject:
            require_none([*snapshot.faults(subject, path, overwrite=overwrite)])

    def test_a_misspelt_setting_is_refused(self) -> None:
        """And the right name is suggested."""
        with self._subject() as subject:
            require_none([*unknown_settings.faults(subject)])

    def test_its_secrets_stay_secret(self) -> None:
        """They are marked, and in no ``repr``."""
        with self._subject() as subject:
            require_none([*secrets.faults(subject)])

    def test_its_hooks_answer_the_same_twice(self) -> None:
        """They have no side effects."""
        with self._subject() as subject:
            again = Subject(self.plugin, loaded(discover()), self.examples)
            if subject.fingerprint() != again.fingerprint():
                message = (
                    f"the hooks of {subject} gave another answer when they were asked again: API "
                    "and workers would disagree; return the same objects each time, made when the "
                    "module is imported"
                )
                require_none([message])

    # -- what it does, in memory ---------------------------------------------------------------

    def test_runs_at_once_do_not_disturb_each_other(self) -> None:
        """As many as the queue declares, each with the output that it has alone."""
        with self._trials() as trials:
            most = self.most_at_once
            require_none(
                [
                    fault
                    for trial in trials
                    for fault in self._with_harness(trial, concurrency.faults, most=most)
                ]
            )

    def test_it_does_not_block_the_event_loop(self) -> None:
        """``async def`` handlers let others run."""
        with self._trials() as trials:
            require_none([fault for trial in trials for fault in self._stalls(trial)])

    def test_its_delays_follow_the_policy(self) -> None:
        """What ``failing`` names is tried again as often and as late as declared."""
        with self._trials() as trials:
            by_name = {each.task_type.name: each for each in trials}
            unknown = sorted(self.failing.keys() - by_name.keys())
            if unknown:
                message = (
                    f"'failing' of the test names {', '.join(map(repr, unknown))}; expected task "
                    f"types of plugin {self.plugin!r} that have an example, which are "
                    f"{', '.join(map(repr, by_name)) or 'none'}"
                )
                require_none([message])
            require_none(
                [
                    fault
                    for name, value in self.failing.items()
                    for fault in self._with_harness(by_name[name], delays.faults, value=value)
                ]
            )

    def test_it_ends_when_it_is_cancelled(self) -> None:
        """Soon, wherever it is. The process of a ``def`` handler is killed anyway."""
        with self._trials() as trials:
            require_none(
                [
                    fault
                    for trial in trials
                    if not trial.is_sync
                    for fault in self._with_harness(trial, cancelling.faults, grace=self.grace)
                ]
            )

    def test_it_resumes_from_its_checkpoints(self) -> None:
        """When its worker dies after one, and without paying again for what came before."""
        with self._trials() as trials:
            require_none(
                [
                    fault
                    for trial in trials
                    for fault in self._with_harness(trial, resuming.after_checkpoints)
                ]
            )

    def test_a_second_delivery_changes_nothing(self) -> None:
        """A task that has ended runs again: same output, no other children."""
        with self._trials() as trials:
            require_none(
                [fault for trial in trials for fault in self._with_harness(trial, resuming.again)]
            )

    # -- what it does, on real services --------------------------------------------------------

    @pytest.mark.penstock_services
    def test_it_works_on_real_services(
        self, penstock_redis_url: str, penstock_database: Mapping[str, Any]
    ) -> None:
        """Examples succeed on a real worker, within the declared limits."""
        with self._trials() as trials:
            services = RealServices(
                plugins=[self.plugin],
                environ=self.environ,
                redis_url=penstock_redis_url,
                **penstock_database,
            )
            require_none([*run(real.faults(trials, services, grace=self.grace))])

    # -- how -----------------------------------------------------------------------------------

    @contextmanager
    def _subject(self) -> Iterator[Subject]:
        with advice():
            yield Subject(self.plugin, self._installed, self.examples)

    @contextmanager
    def _trials(self) -> Iterator[Sequence[Trial]]:
        with self._subject() as subject:
            yield [
                Trial(
                    who=str(subject),
                    task_type=each,
                    inputs=subject.examples(each),
                    same=self.same_output,
                    paid_calls=self.paid_calls,
                )
                for each in subject.plugin.tasks
                if subject.examples(each)
            ]

    def _with_harness(self, trial: Trial, check: Any, **options: Any) -> Iterator[str]:
        def body(harness: Harness) -> Coroutine[Any, Any, Iterator[str]]:
            checked: Coroutine[Any, Any, Iterator[str]] = check(trial, harness, **options)
            return checked

        return with_harness(self.settings, body)

    def _stalls(self, trial: Trial) -> Iterator[str]:
        if trial.is_sync:
            return
        most = self.stall.total_seconds()
        # The better of two: another program may have kept this one waiting.
        measured = with_harness(self.settings, lambda harness: concurrency.stall(trial, harness))
        if measured > most:
            again = with_harness(self.settings, lambda harness: concurrency.stall(trial, harness))
            measured = min(measured, again)
        if measured > most:
            yield (
                f"{trial.what} blocks the event loop for {measured:.2f} s, expected at most "
                f"{most:g} s: meanwhile no other task of the worker goes on, whatever the "
                "concurrency; await what takes long, use asyncio.to_thread, or make the handler a "
                "'def', which runs in a process of its own"
            )
