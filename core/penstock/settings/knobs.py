"""Every setting in one table: what is read, from where, and what it is when nobody says."""

from collections.abc import Callable
from dataclasses import dataclass

from penstock.settings import readers
from penstock.settings.given import FILE_SUFFIX

_MAX_PORT = 65_535
_MEBIBYTE = 1 << 20
# Half of what a process of a handler can send to its worker at once.
_MOST_AT_ONCE = 32 * _MEBIBYTE


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One setting.

    Attributes:
        variable: the environment variable.
        field: the attribute of :class:`~penstock.settings.Settings`.
        kind: the type, in a word or two for people.
        default: as somebody would write it into the variable; ``None`` where it is derived.
        derived: how it is derived, in a few words; only where ``default`` is ``None``.
        read: from the text to the value; its ``ValueError`` says what is expected.
        doc: one line for people.
        secret: never shown, neither in errors nor in ``repr``.
    """

    variable: str
    field: str
    kind: str
    default: str | None
    derived: str = ""
    read: Callable[[str], object]
    doc: str
    secret: bool = False

    @property
    def key(self) -> str:
        """Its name in table ``[penstock]`` of ``penstock.toml``."""
        return self.variable.removeprefix("PENSTOCK_").lower()

    @property
    def path(self) -> tuple[str, str]:
        """Its place in ``penstock.toml``."""
        return "penstock", self.key


KNOBS = (
    Knob(
        variable="REDIS_URL",
        field="redis_url",
        kind="URL",
        default=None,
        derived="an embedded server, with `penstock dev` only",
        read=readers.redis_url,
        doc=(
            "The Redis or Valkey that holds the queues, the Sentinels that name it, or nodes of "
            "a cluster."
        ),
    ),
    Knob(
        variable="DATABASE_URL",
        field="database_url",
        kind="URL",
        default=None,
        derived="`penstock.db` (SQLite) in the data folder",
        read=readers.text,  # needs the working directory: see database_url.py
        doc="The database of the ledger: `postgresql://…` or `sqlite:///file`.",
    ),
    Knob(
        variable="PENSTOCK_DATA_DIR",
        field="data_dir",
        kind="folder",
        default=".penstock",
        read=readers.text,  # needs the working directory
        doc="Where SQLite, the embedded server, artifacts and the development key are kept.",
    ),
    Knob(
        variable="PENSTOCK_HOST",
        field="host",
        kind="address",
        default="127.0.0.1",
        read=readers.text,
        doc="The address that the API listens on; other than loopback, it needs an API key.",
    ),
    Knob(
        variable="PENSTOCK_PORT",
        field="port",
        kind="whole number",
        default="8000",
        read=readers.whole_number(least=1, most=_MAX_PORT),
        doc="The port that the API listens on.",
    ),
    Knob(
        variable="PENSTOCK_API_KEY",
        field="api_key",
        kind="text",
        default=None,
        derived="a key made once, in `api-key` in the data folder; on loopback only",
        read=readers.key,
        doc="What callers send as `Authorization: Bearer …`.",
        secret=True,
    ),
    Knob(
        variable="PENSTOCK_URL",
        field="url",
        kind="URL",
        default=None,
        derived="`http://PENSTOCK_HOST:PENSTOCK_PORT`",
        read=readers.http_url,
        doc="Where `penstock submit` and `penstock task` find the API.",
    ),
    Knob(
        variable="PENSTOCK_NAMESPACE",
        field="namespace",
        kind="name",
        default="penstock",
        read=readers.namespace,
        doc=(
            "The prefix of every key in Redis; installations that share a server have one each, "
            "and each its own database."
        ),
    ),
    Knob(
        variable="PENSTOCK_LEASE_SECONDS",
        field="lease",
        kind="seconds",
        default="30",
        read=readers.seconds(),
        doc="How long a worker may be silent before its tasks go to another one.",
    ),
    Knob(
        variable="PENSTOCK_DRAIN_SECONDS",
        field="drain",
        kind="seconds",
        default="30",
        read=readers.seconds(zero=True),
        doc="How long a process that is told to stop waits for what it is doing.",
    ),
    Knob(
        variable="PENSTOCK_PROBE_PORT",
        field="probe_port",
        kind="whole number",
        default=None,
        derived="none",
        read=readers.whole_number(least=1, most=_MAX_PORT),
        doc="The port, on `PENSTOCK_HOST`, where a worker answers `GET /livez` and `/readyz`.",
    ),
    Knob(
        variable="PENSTOCK_MAX_BODY_BYTES",
        field="max_body_bytes",
        kind="whole number",
        default=str(_MEBIBYTE),
        read=readers.whole_number(least=1, most=1024 * _MEBIBYTE),
        doc="The longest request body that the API reads, in bytes.",
    ),
    Knob(
        variable="PENSTOCK_MAX_UPLOAD_BYTES",
        field="max_upload_bytes",
        kind="whole number",
        default=str(1024 * _MEBIBYTE),
        read=readers.whole_number(least=1, most=1024 * 1024 * _MEBIBYTE),
        doc="The longest body of `POST /api/uploads`, in bytes: the file and what is sent along.",
    ),
    Knob(
        variable="PENSTOCK_MAX_INPUT_BYTES",
        field="max_input_bytes",
        kind="whole number",
        default=str(_MEBIBYTE),
        read=readers.whole_number(least=1, most=1024 * _MEBIBYTE),
        doc="The longest input of a task, as JSON, in bytes; longer ones are refused.",
    ),
    Knob(
        variable="PENSTOCK_MAX_RESULT_BYTES",
        field="max_result_bytes",
        kind="whole number",
        default=str(_MEBIBYTE),
        read=readers.whole_number(least=1, most=_MOST_AT_ONCE),
        doc="The longest result of a task, as JSON, in bytes; with a longer one it fails.",
    ),
    Knob(
        variable="PENSTOCK_MAX_CHECKPOINT_BYTES",
        field="max_checkpoint_bytes",
        kind="whole number",
        default=str(_MEBIBYTE),
        read=readers.whole_number(least=1, most=_MOST_AT_ONCE),
        doc="The longest checkpoint of a task, as JSON, in bytes; saving a longer one fails.",
    ),
    Knob(
        variable="PENSTOCK_MAX_PROGRESS_MESSAGE_BYTES",
        field="max_progress_message_bytes",
        kind="whole number",
        default="1024",
        read=readers.whole_number(least=100, most=_MEBIBYTE),
        doc="The longest message about a task's progress, in bytes; longer ones are cut.",
    ),
    Knob(
        variable="PENSTOCK_MAX_LOG_LINE_BYTES",
        field="max_log_line_bytes",
        kind="whole number",
        default=str(16 * 1024),
        read=readers.whole_number(least=1000, most=_MEBIBYTE),
        doc="The longest line of the log, in bytes; of longer ones the middle is cut out.",
    ),
    Knob(
        variable="PENSTOCK_MAX_TASK_LOG_LINES",
        field="max_task_log_lines",
        kind="whole number",
        default="1000",
        read=readers.whole_number(least=1, most=1_000_000),
        doc="How many lines of a task's log (`ctx.log`) are kept; a last one says if more came.",
    ),
    Knob(
        variable="PENSTOCK_MAX_TASK_LOG_BYTES",
        field="max_task_log_bytes",
        kind="whole number",
        default=str(_MEBIBYTE),
        read=readers.whole_number(least=1000, most=1024 * _MEBIBYTE),
        doc="How long the lines of a task's log may be in all, in bytes.",
    ),
    Knob(
        variable="PENSTOCK_TASK_LOG_LEVEL",
        field="task_log_level",
        kind="name",
        default="info",
        read=readers.one_of("debug", "info", "warning", "error", "critical"),
        doc="The least important lines of a task's log that are kept, whatever is logged.",
    ),
    Knob(
        variable="PENSTOCK_EVENTS_TTL_SECONDS",
        field="events_ttl",
        kind="seconds",
        default="900",
        read=readers.seconds(),
        doc="How long a task's live events are kept in Redis after the last of them.",
    ),
    Knob(
        variable="PENSTOCK_RESULT_TTL_SECONDS",
        field="result_ttl",
        kind="seconds",
        default="86400",
        read=readers.seconds(),
        doc="How long taskiq's result backend keeps a result; the ledger's copy stays.",
    ),
    Knob(
        variable="PENSTOCK_IDEMPOTENCY_TTL_SECONDS",
        field="idempotency_ttl",
        kind="seconds",
        default="86400",
        read=readers.seconds(),
        doc="How long an idempotency key is kept, and a repeat answered with the same task.",
    ),
    Knob(
        variable="PENSTOCK_MAX_WAIT_SECONDS",
        field="max_wait",
        kind="seconds",
        default="60",
        read=readers.seconds(zero=True),
        doc="How long a request with `Prefer: wait=…` may wait for its task's outcome.",
    ),
    Knob(
        variable="PENSTOCK_KEEP_SUCCESS",
        field="keep_success",
        kind="time or forever",
        default="7d",
        read=readers.kept,
        doc="How long a task that succeeded is kept after its end, with its files: `12h`, `7d`.",
    ),
    Knob(
        variable="PENSTOCK_KEEP_FAILED",
        field="keep_failed",
        kind="time or forever",
        default="30d",
        read=readers.kept,
        doc="The same of a task that failed.",
    ),
    Knob(
        variable="PENSTOCK_KEEP_CANCELLED",
        field="keep_cancelled",
        kind="time or forever",
        default="7d",
        read=readers.kept,
        doc="The same of a task that was cancelled.",
    ),
    Knob(
        variable="PENSTOCK_SEAL_BATCHES_AFTER",
        field="seal_batches_after",
        kind="time or forever",
        default="7d",
        read=readers.kept,
        doc="How long after its last task a batch is sealed that nobody seals: `12h`, `7d`.",
    ),
    Knob(
        variable="PENSTOCK_LOG_FORMAT",
        field="log_format",
        kind="console or json",
        default="console",
        read=readers.one_of("console", "json"),
        doc="How log lines are written.",
    ),
    Knob(
        variable="PENSTOCK_LOG_LEVEL",
        field="log_level",
        kind="name",
        default="info",
        read=readers.one_of("debug", "info", "warning", "error", "critical"),
        doc="The least important lines that are logged: debug, info, warning, error or critical.",
    ),
    Knob(
        variable="PENSTOCK_PLUGINS",
        field="plugins",
        kind="names",
        default=None,
        derived="all that are installed",
        read=readers.names,
        doc="The only plugins to load, `ai,acme`; no code of the others is imported.",
    ),
    Knob(
        variable="PENSTOCK_PLUGINS_DISABLED",
        field="plugins_disabled",
        kind="names",
        default=None,
        derived="none",
        read=readers.names,
        doc="Plugins that are not to be loaded; no code of theirs is imported.",
    ),
    Knob(
        variable="PENSTOCK_SAFE_MODE",
        field="safe_mode",
        kind="true or false",
        default="false",
        read=readers.boolean,
        doc="Whether only the built-in plugins are loaded, to see whether another one is at fault.",
    ),
    Knob(
        variable="PENSTOCK_CONFIG",
        field="config",
        kind="file",
        default=None,
        derived="`penstock.toml` in the folder of the process, if it is there",
        read=readers.text,  # needs the working directory
        doc="The file that says all of this in a form for people.",
    ),
    Knob(
        variable="PENSTOCK_SECRETS_DIR",
        field="secrets_dir",
        kind="folder",
        default=None,
        derived="none",
        read=readers.text,  # needs the working directory
        doc="A folder with one file for each variable, as Docker and Kubernetes mount secrets.",
    ),
)
OWN_VARIABLES = frozenset(f"{each.variable}{end}" for each in KNOBS for end in ("", FILE_SUFFIX))
"""All variables that Penstock reads for itself."""
