"""What the processes that serve for days, the API and the worker, have in common."""

import asyncio
import gc
import logging
from collections.abc import Callable

from penstock.engine import (
    EngineUnavailableError,
    RedisServers,
    ServerWatch,
    UnsuitableServerError,
)
from penstock.ledger import LedgerUnavailableError, Ownership
from penstock.plugins import Catalogue
from penstock.selected_plugins import selected
from penstock.settings import Settings

_plugin_log = logging.getLogger("penstock.plugins")
_database_log = logging.getLogger("penstock.database")
_redis_log = logging.getLogger("penstock.redis")


def installed_plugins(settings: Settings) -> Catalogue:
    """The catalogue of what is installed; plugins that do not load are logged as errors.

    Raises:
        SettingsError: see :func:`penstock.selected_plugins.selected`.
    """
    catalogue = selected(settings)
    for refused in catalogue.quarantined:
        _plugin_log.error("%s", refused.absence)
    for unwanted in catalogue.disabled:
        _plugin_log.info("%s", unwanted.absence)
    if not catalogue.queues:
        _plugin_log.warning("no plugin that is loaded declares a queue: there is nothing to do")
    return catalogue


async def check_redis(servers: RedisServers) -> None:
    """Refuse to start on a Redis that loses queues; one that is away is no reason not to start.

    Raises:
        UnsuitableServerError: naming the server and the remedy.
    """
    watch = ServerWatch(servers)
    try:
        await watch.check()
    except UnsuitableServerError:
        raise
    except EngineUnavailableError as error:
        _redis_log.warning("starting without Redis: %s", error)
    finally:
        await watch.close()


async def check_database(ownership: Ownership) -> None:
    """Refuse to start on another installation's database; one that is away is no reason not to.

    None of its rows is put in line before it is known whose it is.

    Raises:
        ForeignDatabaseError: naming both namespaces and the remedy.
    """
    try:
        await ownership.require()
    except LedgerUnavailableError as error:
        _database_log.warning("starting without the database: %s", error)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop of uvloop where it is installed, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def settle_memory() -> None:
    """Keep the garbage collector away from what lives as long as the process.

    Measured on the API: full collections over the imported libraries' objects were nine tenths of
    the 99th percentile of its response times.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
