"""The task type ``ai.code``: a prompt to a model, or types from a JSON Schema."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec

from penstock import Artifact, Context, PermanentError, task
from penstock_ai.file_name import file_name
from penstock_ai.long_text import inline
from penstock_ai.model_use import text_provider_of, tokens_of
from penstock_ai.prompt_fields import (
    ModelName,
    PromptText,
    check_exactly_one,
    check_model_fields,
    check_only_with,
)
from penstock_ai.provenance import ModelProvenance, Provenance, provenance_of
from penstock_ai.providers.choice import ProviderName, choose_provider
from penstock_ai.providers.messages import Prompt
from penstock_ai.providers.model_provider import Capability
from penstock_ai.queues import AI, MODEL_TIMEOUT

MAX_SCHEMA_BYTES = 200_000

_EXTENSIONS = {
    "python": "py",
    "javascript": "js",
    "typescript": "ts",
    "bash": "sh",
    "shell": "sh",
    "c++": "cpp",
    "c#": "cs",
    "rust": "rs",
    "ruby": "rb",
    "kotlin": "kt",
    "markdown": "md",
}
_OWN_NAME = {"c", "css", "go", "html", "java", "json", "lua", "php", "r", "sql", "swift", "toml"}

Target = Literal["pydantic", "dataclass", "msgspec", "typeddict"]
Language = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9+#.-]{0,29}$",
        description="The programming language, in lower case; `python` if not set.",
    ),
]
JsonSchema = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="Becomes Python types. Its references stay inside of it: nothing is fetched."
    ),
]


class CodeInput(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to write: exactly one of ``prompt`` and ``json_schema``.

    Raises:
        ValueError: if there is none or both of them, or a field that does nothing with it.
            Decoding turns it into a ``msgspec.ValidationError``.
    """

    prompt: PromptText | None = None
    language: Language | None = None
    json_schema: JsonSchema | None = None
    target: Annotated[Target, msgspec.Meta(description="`pydantic` if not set.")] | None = None
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^[A-Z][A-Za-z0-9_]{0,59}$",
                description="Of the class; from the schema's title if not set.",
            ),
        ]
        | None
    ) = None
    provider: ProviderName | None = None
    model: ModelName | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        check_exactly_one(prompt=self.prompt, json_schema=self.json_schema)
        is_prompt = self.prompt is not None
        check_only_with("'prompt'", is_there=is_prompt, language=self.language)
        check_model_fields(is_prompt=is_prompt, provider=self.provider, model=self.model)
        check_only_with("'json_schema'", is_there=not is_prompt, target=self.target, name=self.name)
        if self.name in {"None", "True", "False"}:
            message = (
                f"expected 'name' to be the name of a class, got {self.name!r}; choose another"
            )
            raise ValueError(message)


class Code(Provenance, kw_only=True, frozen=True):
    """Written code. It was read, and never run."""

    code: str | None
    """Null if it is longer than 100,000 bytes: all of it is in ``artifact`` in any case."""
    language: str
    artifact: Artifact
    syntax_ok: bool | None
    """Whether Python can read it; null for other languages, which are not checked."""


@task(
    "ai.code",
    queue=AI,
    timeout=MODEL_TIMEOUT,
    provider=text_provider_of,
    units=tokens_of,
    examples=[
        CodeInput(
            json_schema={
                "title": "Order",
                "description": "What a customer wants.",
                "type": "object",
                "required": ["number", "lines"],
                "properties": {
                    "number": {"type": "integer", "minimum": 1},
                    "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                    "express": {"type": "boolean", "default": False},
                },
                "$defs": {
                    "Line": {
                        "type": "object",
                        "required": ["article"],
                        "properties": {
                            "article": {"type": "string", "maxLength": 80},
                            "quantity": {"type": "integer", "default": 1},
                        },
                    }
                },
            },
        ),
        CodeInput(
            json_schema={
                "type": "object",
                "required": ["x", "y"],
                "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
            },
            target="msgspec",
            name="Point",
        ),
    ],
)
async def code(request: CodeInput, ctx: Context) -> Code:
    """Write code: from a prompt by a model, or Python types from a JSON Schema.

    Types from a schema need no model: pydantic models, dataclasses, msgspec structs or typed
    dictionaries for Python 3.11. Dataclasses and typed dictionaries hold the types of a schema,
    and not its bounds, which they cannot express.

    Raises:
        PermanentError: ``capability_unavailable`` if a model is needed and not there;
            ``invalid_json_schema`` with the reason; ``too_complex`` if making its types takes more
            than seconds, or a gigabyte.
        TransientError: ``incomplete_output`` if the model's answer was cut; what there was of it
            is an artifact of the task.
    """
    if request.prompt is not None:
        return await _from_prompt(request, request.prompt, ctx)
    return await _from_schema(request, request.json_schema or {}, ctx)


async def _from_schema(request: CodeInput, schema: dict[str, Any], ctx: Context) -> Code:
    from penstock_ai.child import run_in_child
    from penstock_ai.formatting import format_python

    size = len(msgspec.json.encode(schema))
    if size > MAX_SCHEMA_BYTES:
        message = (
            f"expected 'json_schema' to be at most {MAX_SCHEMA_BYTES:,} bytes long, got {size:,}; "
            "split it"
        )
        raise PermanentError(message, code="invalid_json_schema")
    await ctx.progress(10, "generating the types")
    raw = await run_in_child(
        "json_schema", schema=schema, name=request.name, target=request.target or "pydantic"
    )
    await ctx.progress(70, "formatting them")
    formatted = await format_python(raw)
    stem = request.name or str(schema.get("title", ""))
    return await _result(formatted, "python", stem or "types", ctx, {})


async def _from_prompt(request: CodeInput, prompt: str, ctx: Context) -> Code:
    from penstock_ai.fenced_code import code_in
    from penstock_ai.writing import write

    language = request.language or "python"
    wanted = Prompt(
        text=prompt,
        system=f"You write code in {language}. Answer with exactly one fenced code block, marked "
        f"```{language}, and nothing else.",
        model=request.model,
    )
    async with choose_provider(
        request, Capability.TEXT, ctx, instead="a 'json_schema'"
    ) as provider:
        completion = await write(provider, wanted, ctx)
    written = await asyncio.to_thread(code_in, completion.text, language)
    return await _result(written, language, "code", ctx, provenance_of(provider, completion))


async def _result(
    written: str,
    language: str,
    stem: str,
    ctx: Context,
    provenance: ModelProvenance | dict[str, Any],
) -> Code:
    from penstock_ai.child import run_in_child

    await ctx.progress(90, "checking and storing the code")
    syntax_ok = await run_in_child("syntax check", code=written) if language == "python" else None
    extension = _EXTENSIONS.get(language, language if language in _OWN_NAME else "txt")
    artifact = await ctx.artifacts.put(
        file_name(stem, extension, default="code"),
        written.encode(),
        # Never a type that a browser would run or show as a page.
        content_type="text/plain; charset=utf-8",
    )
    return Code(
        code=inline(written),
        language=language,
        artifact=artifact,
        syntax_ok=syntax_ok,
        **provenance,
    )
