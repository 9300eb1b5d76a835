"""The settings of a process."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from penstock import secrecy
from penstock.declarations import setting_names
from penstock.near_names import nearest
from penstock.secrecy import Mask
from penstock.settings import (
    database_url,
    dotenv_file,
    secret_files,
    secret_values,
    toml_file,
)
from penstock.settings.errors import SettingsError
from penstock.settings.given import FILE_SUFFIX, Given, Said, in_environment
from penstock.settings.knobs import KNOBS, Knob
from penstock.settings.provider_tuning import PROVIDERS
from penstock.settings.queue_tuning import QUEUES
from penstock.settings.task_tuning import TASKS

CONFIG, SECRETS_DIR = "PENSTOCK_CONFIG", "PENSTOCK_SECRETS_DIR"
_KNOBS = {knob.variable: knob for knob in KNOBS}
_PREFIX = "PENSTOCK_"
# What Kubernetes puts into every pod for a Service whose name starts with "penstock".
_SERVICE_LINK = re.compile(r"PENSTOCK_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_\w+)?)")
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound to


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """What a process was told, checked. ``penstock.settings.KNOBS`` describes each field.

    Build one with :meth:`load`. Its ``repr`` shows neither the API key nor passwords.
    """

    config: Path | None
    secrets_dir: Path | None
    redis_url: str | None
    database_url: str
    data_dir: Path
    host: str
    port: int
    api_key: str | None
    url: str
    namespace: str
    lease: timedelta
    drain: timedelta
    probe_port: int | None
    max_body_bytes: int
    max_upload_bytes: int
    max_input_bytes: int
    max_result_bytes: int
    max_checkpoint_bytes: int
    max_progress_message_bytes: int
    max_log_line_bytes: int
    max_task_log_lines: int
    max_task_log_bytes: int
    task_log_level: str
    events_ttl: timedelta
    result_ttl: timedelta
    idempotency_ttl: timedelta
    max_wait: timedelta
    keep_success: timedelta | None
    keep_failed: timedelta | None
    keep_cancelled: timedelta | None
    seal_batches_after: timedelta | None
    log_format: Literal["console", "json"]
    log_level: str
    plugins: tuple[str, ...] | None
    plugins_disabled: tuple[str, ...] | None
    safe_mode: bool
    given: Given = field(default_factory=Given)
    """All that was said, for the settings of plugins and what is said of queues and the like."""
    mask: Mask = field(default_factory=Mask, compare=False)
    """Hides what is secret of all that was said, in what plugins and others write."""

    @classmethod
    def load(
        cls, environ: Mapping[str, str], directory: Path, *, plugins: Collection[str] = ()
    ) -> Settings:
        """Read the settings from ``environ``, and from files.

        A variable in ``environ`` wins over a file of ``PENSTOCK_SECRETS_DIR``, that over
        ``.env.local`` in ``directory``, and that over ``penstock.toml`` there (or what
        ``PENSTOCK_CONFIG`` names). An empty variable counts as not set. Relative paths are seen
        from ``directory``.

        Args:
            environ: the environment of the process.
            directory: where it was started.
            plugins: the names of installed plugins: their own settings are checked when they are
                loaded.

        Raises:
            SettingsError: for the first setting that is unknown (of variables, only names that
                start with ``PENSTOCK_`` are checked) or whose value cannot be honoured, and for a
                file that cannot be read.
        """
        given, places = _gather(environ, directory, plugins)
        _refuse_unknown(given, plugins)
        values: dict[str, Any] = {}
        for knob in KNOBS:
            said = _find(knob, given)
            if said is not None:
                values[knob.field] = _value(knob, said)
            else:
                values[knob.field] = None if knob.default is None else knob.read(knob.default)
        values |= places
        values["data_dir"] = _data_dir(values["data_dir"], directory)
        values["database_url"] = _database_url(values, directory, given)
        values["url"] = values["url"] or _url(values["host"], values["port"])
        return cls(**values, given=given, mask=Mask(secret_values.of(values, given)))

    def said(self, field: str) -> Said | None:
        """Who says what one of the fields is; nothing if it is the default."""
        return _find(next(each for each in KNOBS if each.field == field), self.given)

    @property
    def probe_address(self) -> tuple[str, int] | None:
        """Where a worker answers probes, if it does."""
        return None if self.probe_port is None else (self.host, self.probe_port)

    @property
    def own_url(self) -> str:
        """Where a process on this machine reaches an API that was started with these settings."""
        return _url(self.host, self.port)

    def require_redis_url(self) -> str:
        """``redis_url``, for commands that do not start a server of their own.

        Raises:
            SettingsError: if it is not set.
        """
        if self.redis_url is None:
            raise SettingsError(
                "expected REDIS_URL to name the Redis that holds the queues, like "
                "redis://127.0.0.1:6379/0, but it is not set, and `penstock dev` runs no embedded "
                f"server in {self.data_dir}; set it, or start `penstock dev` in this folder"
            )
        return self.redis_url

    def require_access(self) -> None:
        """Refuse to be reachable from other machines with nothing but a development key.

        Raises:
            SettingsError: if ``host`` is not loopback and no API key is set.
        """
        if self.api_key is None and not _is_loopback(self.host):
            raise SettingsError(
                f"expected PENSTOCK_API_KEY to be set, because PENSTOCK_HOST={self.host} can be "
                "reached from other machines; set it, or leave PENSTOCK_HOST at 127.0.0.1"
            )

    def __repr__(self) -> str:
        shown = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in {"given", "mask"}:
                # They hold the secrets of everything that this process was started with.
                continue
            if each.name == "api_key" and value is not None:
                value = secrecy.HIDDEN
            elif isinstance(value, str):
                value = secrecy.redacted(value)
            shown.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _gather(
    environ: Mapping[str, str], directory: Path, plugins: Collection[str]
) -> tuple[Given, dict[str, Path | None]]:
    """All that is said, and the files that it is read from besides, by field."""
    environment, dotenv = in_environment(environ), dotenv_file.variables(directory)
    first = Given([environment, dotenv], directory=directory)
    config = _path(first.find(CONFIG), directory)
    if config is None and (directory / toml_file.FILE_NAME).exists():
        config = directory / toml_file.FILE_NAME
    own = [each.key for each in KNOBS if each.variable != CONFIG]
    lists = [each.key for each in KNOBS if each.kind == "names"]
    table = {} if config is None else toml_file.read(config, own=own, lists=lists, plugins=plugins)
    folder = Given([environment, dotenv], table, directory=directory).find(
        SECRETS_DIR, _KNOBS[SECRETS_DIR].path
    )
    secrets_dir = _path(folder, directory)
    secrets = (
        {}
        if folder is None or secrets_dir is None
        else secret_files.variables(secrets_dir, of=folder.place)
    )
    for name, said in secrets.items():
        if name.removesuffix(FILE_SUFFIX) in (CONFIG, SECRETS_DIR):
            raise SettingsError(
                f"{said.place} has no effect: this is known before any secret file is read; say it "
                "in the environment or in .env.local, and remove the file"
            )
    given = Given([environment, secrets, dotenv], table, directory=directory)
    return given, {"config": config, "secrets_dir": secrets_dir}


def _path(said: Said | None, directory: Path) -> Path | None:
    return None if said is None else (directory / said.value).absolute()


def _find(knob: Knob, given: Given) -> Said | None:
    return given.find(knob.variable, knob.path)


def _refuse_unknown(given: Given, plugins: Collection[str]) -> None:
    # What names a plugin, a queue and the like is checked where those are known.
    others = (
        *(each.prefix for each in (QUEUES, PROVIDERS, TASKS)),
        *(setting_names.prefix(each) for each in plugins),
    )
    own = [each for each in _KNOBS if each.startswith(_PREFIX)]
    for name in given.names():
        known = name in _KNOBS or name.removesuffix(FILE_SUFFIX) in _KNOBS
        if not name.startswith(_PREFIX) or known or name.startswith(others):
            continue
        if _SERVICE_LINK.fullmatch(name):
            remedy = "Kubernetes made it for a Service; set `enableServiceLinks: false` on the pod"
        elif near := nearest(name, own, prefix=_PREFIX):
            remedy = f"did you mean {near}?"
        else:
            remedy = f"the settings are {', '.join(_KNOBS)}"
        raise SettingsError(f"there is no setting {name}; {remedy}")


def _value(knob: Knob, said: Said) -> object:
    try:
        return knob.read(said.value)
    except ValueError as error:
        raise _refusal(knob, said, str(error)) from None


def _data_dir(given: str, directory: Path) -> Path:
    try:
        return (directory / Path(given).expanduser()).absolute()
    except RuntimeError as error:
        raise SettingsError(
            f"expected PENSTOCK_DATA_DIR to be a folder, got {given!r}: {error}"
        ) from None


def _database_url(values: Mapping[str, Any], directory: Path, given: Given) -> str:
    knob = _KNOBS["DATABASE_URL"]
    said = _find(knob, given)
    if said is None:
        return database_url.sqlite(values["data_dir"] / "penstock.db")
    try:
        return database_url.normalised(said.value, directory)
    except ValueError as error:
        raise _refusal(knob, said, str(error)) from None


def _refusal(knob: Knob, said: Said, expected: str) -> SettingsError:
    # A Service named "penstock" makes Kubernetes set PENSTOCK_PORT=tcp://10.0.0.1:8000.
    hint = (
        "; Kubernetes made it for a Service: set `enableServiceLinks: false` on the pod"
        if _SERVICE_LINK.fullmatch(knob.variable) and said.value.startswith(("tcp://", "udp://"))
        else ""
    )
    shown = said.shown(secret=knob.secret)
    return SettingsError(f"expected {said.place} to be {expected}, got {shown}{hint}")


def _url(host: str, port: int) -> str:
    host = _EVERY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
