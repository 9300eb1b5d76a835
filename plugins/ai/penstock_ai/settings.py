"""What an operator can set of this plugin."""

from typing import Annotated

import msgspec

from penstock import Secret

DEFAULT_TIMEOUT_SECONDS = 120.0
MAX_TIMEOUT_SECONDS = 600

ApiKey = Annotated[
    Secret | None,
    msgspec.Meta(
        description="The key of the OpenAI API, or of the server that speaks its protocol.",
        extra={"variable": "OPENAI_API_KEY"},
    ),
]
BaseUrl = Annotated[
    str | None,
    msgspec.Meta(
        description="Where that API is, like `http://127.0.0.1:11434/v1` for Ollama; "
        "OpenAI itself if not set. A server of your own may need no key.",
        extra={"variable": "OPENAI_BASE_URL"},
    ),
]
TextModel = Annotated[
    str | None,
    msgspec.Meta(description="The model that writes text, code and documents."),
]
ImageModel = Annotated[str | None, msgspec.Meta(description="The model that makes images.")]
TextProvider = Annotated[
    str,
    msgspec.Meta(description="The provider of texts, code and documents if a task names none."),
]
ImageProvider = Annotated[
    str, msgspec.Meta(description="The provider of images if a task names none.")
]
Seconds = Annotated[
    float,
    msgspec.Meta(
        gt=0,
        le=MAX_TIMEOUT_SECONDS,
        description="How long one call of a model may take, in seconds.",
    ),
]


class AiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The providers that are there, and their models.

    No model has a default: their names change monthly, and each has its price.
    """

    text_provider: TextProvider = "openai"
    image_provider: ImageProvider = "openai"
    openai_api_key: ApiKey = None
    openai_base_url: BaseUrl = None
    openai_text_model: TextModel = None
    openai_image_model: ImageModel = None
    openai_timeout_seconds: Seconds = DEFAULT_TIMEOUT_SECONDS
