"""What ``penstock dev`` prints when everything is up: where it is, and what to try first."""

import shlex

import msgspec
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

_TRY = {
    "type": "ai.document",
    "input": {"markdown": "# Hello\n\nThis came through a *queue*.", "format": "pdf"},
}


def show(console: Console, *, url: str, key: str | None) -> None:
    """Print the welcome.

    Args:
        console: where to.
        url: the API's address.
        key: the development key; ``None`` if the user set a key, which is then not repeated here.
    """
    shown = key or "(yours, from PENSTOCK_API_KEY)"
    console.print()
    console.print(
        Panel(
            Group(Text(f"API  {url}"), Text(f"key  {shown}"), Text("stop Ctrl-C")),
            title="penstock dev",
            border_style="green",
            expand=False,
        )
    )
    # Outside of the panel and never wrapped, so that they can be copied.
    for title, command in _commands(url, key):
        console.print(Text(f"\n# {title}", style="dim"))
        console.print(Text(command), soft_wrap=True)
    console.print()


def _commands(url: str, key: str | None) -> list[tuple[str, str]]:
    secret = key if key is not None else "$PENSTOCK_API_KEY"
    access = f'-H "Authorization: Bearer {secret}"'
    kind = "'Content-Type: application/json'"
    body = shlex.quote(msgspec.json.encode(_TRY).decode())
    return [
        (
            "post a task",
            f"curl -sS {url}/api/queues/tasks {access} -H {kind} -d {body}",
        ),
        (
            "read its result: put the id of the answer at the end",
            f"curl -sS {access} {url}/api/queues/tasks/ID",
        ),
    ]
