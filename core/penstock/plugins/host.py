"""Loads and checks plugins; whatever cannot load is quarantined whole.

Loading is done here, one entry point at a time, because pluggy's own loader stops at the first
import error and does not catch ``SystemExit``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint

from penstock.plugins import faults
from penstock.plugins.catalogue import Catalogue, DisabledPlugin, Plugin, QuarantinedPlugin
from penstock.plugins.compatibility import misfits, requirement_of_host
from penstock.plugins.declared import faults_of, tasks_in
from penstock.plugins.inquiry import inquire
from penstock.plugins.rivalry import Names, Offered, taken_variables, unfit_name
from penstock.plugins.selection import (
    EVERYTHING,
    Selection,
    distribution_name,
    distribution_version,
    is_built_in,
)
from penstock.secrecy import Mask


class _Candidate:
    """A plugin on its way in, with everything that was found wrong with it."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self.entry_point = entry_point
        distribution = entry_point.dist
        self.plugin = Plugin(
            name=entry_point.name,
            distribution=distribution_name(entry_point),
            version=distribution_version(entry_point),
            requires=requirement_of_host(distribution) if distribution else None,
            is_built_in=is_built_in(entry_point),
            queues=(),
            tasks=(),
        )
        self.problems: list[str] = []
        self.traceback: str | None = None

    def load(self) -> None:
        """Import it, unless its metadata say that it does not fit, and ask its hooks."""
        if self.problems:
            return
        try:
            module = self.entry_point.load()
        except KeyboardInterrupt:
            raise
        # A plugin that fails in any way, sys.exit() included, must not take the host down.
        except BaseException as error:  # noqa: BLE001
            self.problems.append(faults.of_import(self.entry_point.value, error))
            self.traceback = faults.trace(error)
            return
        inquiry = inquire(module)
        answers = inquiry.answers
        self.problems += inquiry.problems
        self.traceback = inquiry.traceback
        self.plugin = replace(
            self.plugin,
            hooks=tuple(answers),
            queues=tuple(answers.get("penstock_queues", ())),
            tasks=tuple(answers.get("penstock_tasks", ())),
            settings=tuple(answers.get("penstock_settings", ())),
            providers=tuple(answers.get("penstock_providers", ())),
            schedules=tuple(answers.get("penstock_schedules", ())),
            middlewares=tuple(answers.get("penstock_middlewares", ())),
            listeners=tuple(answers.get("penstock_task_events", ())),
        )
        self.problems += faults_of(self.plugin, complete=not self.problems)

    def quarantined(self, mask: Mask) -> QuarantinedPlugin:
        """It, with its problems, without what ``mask`` hides."""
        return QuarantinedPlugin(
            name=self.plugin.name,
            distribution=self.plugin.distribution,
            version=self.plugin.version,
            requires=self.plugin.requires,
            problems=tuple(map(mask, self.problems)),
            traceback=None if self.traceback is None else mask(self.traceback),
            queues=tuple(each.name for each in self.plugin.queues),
            task_types=tuple(each.name for each in self.plugin.tasks),
        )


def load(
    candidates: Iterable[EntryPoint],
    selection: Selection = EVERYTHING,
    *,
    own_variables: Collection[str] = (),
    mask: Mask | None = None,
) -> Catalogue:
    """Load each plugin, and build the catalogue of those that can be trusted.

    Never raises for a plugin's fault: a plugin that does not fit what is installed, cannot be
    imported, misspells a hook, answers one wrongly, or takes a name that an earlier one has, is
    quarantined and the rest works. All that is wrong with it is found at once.

    Args:
        candidates: in the order in which they may take names.
        selection: which of them an operator wants; no code of the others is imported.
        own_variables: what Penstock reads for itself, and no plugin's setting may be.
        mask: hides secrets in what plugins say of their failure.
    """
    wanted: list[_Candidate] = []
    disabled: list[DisabledPlugin] = []
    for each in candidates:
        candidate = _Candidate(each)
        reason = selection.refusal(each)
        if reason is None:
            wanted.append(candidate)
        else:
            disabled.append(
                DisabledPlugin(
                    name=candidate.plugin.name,
                    distribution=candidate.plugin.distribution,
                    version=candidate.plugin.version,
                    reason=reason,
                )
            )
    first: dict[str, Plugin] = {}
    for candidate in wanted:
        plugin = candidate.plugin
        candidate.problems += unfit_name(plugin, first.get(plugin.name))
        candidate.problems += misfits(candidate.entry_point)
        first.setdefault(plugin.name, plugin)
    for candidate in wanted:
        candidate.load()
    _find_undeclared(wanted)
    for candidate in wanted:
        candidate.problems += taken_variables(candidate.plugin, own_variables)
    names = Names(each.plugin for each in wanted if not each.problems or each.plugin.is_built_in)
    for candidate in wanted:
        candidate.problems += names.clashes(candidate.plugin)
        # A built-in plugin keeps its names while it is mended.
        if not candidate.problems or candidate.plugin.is_built_in:
            names.add(candidate.plugin)
    loaded = [each for each in wanted if not each.problems]
    while len(fit := _fit(loaded)) < len(loaded):
        # Without those that are gone, others may miss a provider or a task type.
        loaded = fit
    return Catalogue(
        plugins=tuple(each.plugin for each in loaded),
        quarantined=tuple(each.quarantined(mask or Mask()) for each in wanted if each.problems),
        disabled=tuple(disabled),
    )


def _fit(loaded: Sequence[_Candidate]) -> list[_Candidate]:
    """Those that find what they name of the others'."""
    offered = Offered(each.plugin for each in loaded)
    for each in loaded:
        each.problems += offered.unmet(each.plugin)
    return [each for each in loaded if not each.problems]


def _find_undeclared(candidates: Sequence[_Candidate]) -> None:
    """Task types that no hook returns; several plugins of a distribution may share its package."""
    declared: dict[str, set[str]] = defaultdict(set)
    for each in candidates:
        declared[each.plugin.distribution] |= {task.name for task in each.plugin.tasks}
    for each in candidates:
        # One that failed to answer has not had its say.
        if each.problems:
            continue
        mine = declared[each.plugin.distribution]
        each.problems += [
            f"task type {task.name!r} is made with @task in {task.handler.__module__}, and hook "
            "'penstock_tasks' does not return it, so nobody could run it; return it, or remove it"
            for task in tasks_in(each.entry_point.module)
            if task.name not in mine
        ]
