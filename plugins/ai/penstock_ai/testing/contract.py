"""What every provider promises: suites that an author inherits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar

import pytest

from penstock import PermanentError, RateLimitedError, TaskError, TransientError
from penstock_ai.providers.incomplete import IncompleteOutputError
from penstock_ai.providers.messages import Completion, PicturePrompt, Prompt, Usage
from penstock_ai.providers.model_provider import Capability, ModelProvider
from penstock_ai.providers.session import ModelSession, opened
from penstock_ai.testing.replies import PNG, TEXT, Answer, Reply, Request
from penstock_ai.testing.wire_server import WireServer

R = TypeVar("R")
USAGE = Usage(input_tokens=7, output_tokens=11)
_WAIT = timedelta(seconds=2)


Ask = Callable[[ModelSession], Awaitable[Any]]


class ProviderContract:
    """For a provider that answers nothing; others inherit one or both of those below.

    Attributes:
        provider: the one under test.
        secret: the key that :meth:`settings` is to set, if there is one.
    """

    provider: ClassVar[ModelProvider[Any]]
    secret: ClassVar[str] = "sk-of-the-contract-0123456789"  # noqa: S105 - opens nothing

    def settings(self, url: str) -> Any:
        """The settings of an operator who has set the provider up, its API being at ``url``."""
        raise NotImplementedError

    def answer(self, reply: Reply, request: Request) -> Answer:
        """What the API answers in a situation; :attr:`Reply.LOST` is not asked for."""
        raise NotImplementedError

    @pytest.fixture
    def wire(self) -> Iterator[WireServer]:
        """The API."""

        def answer(reply: Reply, request: Request) -> Answer | None:
            return None if reply is Reply.LOST else self.answer(reply, request)

        with WireServer(answer) as server:
            yield server

    def test_it_is_tested_for_all_that_it_can_do(self) -> None:
        """Each capability has a suite, and is promised by the provider."""
        suites = {Capability.TEXT: TextContract, Capability.IMAGE: ImageContract}
        tested = {each for each, suite in suites.items() if isinstance(self, suite)}
        assert tested == self.provider.capabilities, (
            f"provider {self.provider.name!r} declares {sorted(self.provider.capabilities)}, and "
            f"its tests inherit the suites of {sorted(tested)}"
        )

    def test_a_fresh_installation_can_be_asked_whether_it_is_set_up(self) -> None:
        """Without settings it is not, or needs none; if not, it says what to do."""
        provider = self.provider
        if not provider.is_configured(provider.settings()):
            failure = _failure(lambda: _open(provider, provider.settings(), _nothing))
            assert isinstance(failure, PermanentError)
            assert failure.code == "capability_unavailable"
            assert provider.setup in str(failure)

    def test_what_it_cannot_do_is_refused_with_a_remedy(self, wire: WireServer) -> None:
        """And nobody is asked."""
        for capability in set(Capability) - self.provider.capabilities:
            failure = _failure(partial(self._run, wire, _ASKS[capability]))
            assert isinstance(failure, PermanentError)
            assert failure.code == "capability_unavailable"
        assert not wire.requests

    # -- what the suites below share ---------------------------------------------------------

    async def _run(self, wire: WireServer, ask: Callable[[ModelSession], Awaitable[R]]) -> R:
        settings = self.settings(wire.url) if self.provider.capabilities else None
        return await _open(self.provider, settings or self.provider.settings(), ask)

    def _fails(self, wire: WireServer, ask: Ask, reply: Reply) -> TaskError:
        """How a call fails, which asks just once, and tells nobody its key."""
        # An SDK that asks again by itself shall not get away with it.
        wire.next(*[reply] * 3)
        failure = _failure(lambda: self._run(wire, ask))
        assert len(wire.requests) == 1, "the queue owns retries: turn those of the SDK off"
        assert self.secret not in str(failure), "take the key out of what the provider says"
        chain = (failure.__cause__, failure.__suppress_context__ or failure.__context__)
        assert chain in {(None, None), (None, True)}, "the SDK's error may hold the key"
        return failure


class _Failures(ProviderContract):
    """What texts and images have in common."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each test for each capability."""
        if "ask" in metafunc.fixturenames:
            asks = [_ASKS[each] for each in sorted(self.provider.capabilities)]
            metafunc.parametrize("ask", asks, ids=lambda ask: ask.__name__)

    def test_a_rate_limit_closes_it_until_the_time_that_it_names(
        self, wire: WireServer, ask: Ask
    ) -> None:
        """And spends no attempt."""
        failure = self._fails(wire, ask, Reply.RATE_LIMITED)
        assert isinstance(failure, RateLimitedError)
        assert failure.retry_after == _WAIT

    def test_a_rate_limit_without_a_time_is_tried_again(self, wire: WireServer, ask: Ask) -> None:
        """A request that is larger than the limit would close it for ever."""
        failure = self._fails(wire, ask, Reply.BUSY)
        assert isinstance(failure, TransientError)
        assert failure.code == "rate_limited"

    def test_a_failure_of_the_server_is_tried_again(self, wire: WireServer, ask: Ask) -> None:
        """By the task's policy."""
        failure = self._fails(wire, ask, Reply.FAILED)
        assert isinstance(failure, TransientError)
        assert failure.code == "provider_unavailable"

    def test_a_wrong_key_is_not_tried_again_and_not_told(self, wire: WireServer, ask: Ask) -> None:
        """Whatever the server says."""
        failure = self._fails(wire, ask, Reply.NO_KEY)
        assert isinstance(failure, PermanentError)
        assert failure.code == "provider_refused"

    def test_what_a_model_refuses_is_not_tried_again(self, wire: WireServer, ask: Ask) -> None:
        """It would not want to again."""
        failure = self._fails(wire, ask, Reply.REFUSED)
        assert isinstance(failure, PermanentError)
        assert failure.code == "content_policy"


class TextContract(_Failures):
    """For a provider with a ``text_model``."""

    def test_a_text_comes_live_and_whole_with_its_model_and_usage(self, wire: WireServer) -> None:
        """``on_text`` gets all the text so far, each time."""
        seen: list[str] = []

        async def on_text(text: str) -> None:
            seen.append(text)

        completion = asyncio.run(
            self._run(wire, lambda provider: provider.complete(Prompt(text="Say it."), on_text))
        )

        assert completion.text == "".join(TEXT)
        assert seen == ["".join(TEXT[:count]) for count in (1, 2, 3)], (
            "tell on_text of all the text so far, each time that more of it has come"
        )
        assert completion.model
        assert completion.usage == USAGE
        assert not completion.is_truncated
        assert len(wire.requests) == 1

    def test_the_model_that_a_task_names_is_asked(self, wire: WireServer) -> None:
        """And not the operator's; so are its other wishes."""
        prompt = Prompt(
            text="Say it.",
            system="Be brief.",
            model="model-of-the-task",
            max_output_tokens=77,
            temperature=0.5,
        )
        asyncio.run(self._run(wire, lambda provider: provider.complete(prompt, _ignore)))

        sent = f"{wire.requests[0].path} {wire.requests[0].body}"
        for each in ("Say it.", "Be brief.", "model-of-the-task", "77", "0.5"):
            assert each in sent, f"{each!r} was asked for, and not sent"

    def test_a_text_that_was_asked_to_be_short_is_whole(self, wire: WireServer) -> None:
        """It says where it ends."""
        wire.next(Reply.TRUNCATED)
        prompt = Prompt(text="Say it.", max_output_tokens=2)
        completion = asyncio.run(
            self._run(wire, lambda provider: provider.complete(prompt, _ignore))
        )
        assert (completion.text, completion.is_truncated) == (TEXT[0], True)

    @pytest.mark.parametrize("reply", [Reply.TRUNCATED, Reply.CUT, Reply.UNFINISHED])
    def test_a_text_that_stopped_in_the_middle_is_never_taken_for_one(
        self, wire: WireServer, reply: Reply
    ) -> None:
        """What there was of it is kept."""
        failure = self._fails(wire, _write, reply)
        assert isinstance(failure, IncompleteOutputError)
        assert failure.partial == TEXT[0]

    def test_a_connection_that_is_lost_at_once_is_tried_again(self, wire: WireServer) -> None:
        """Texts are cheap."""
        failure = self._fails(wire, _write, Reply.LOST)
        assert isinstance(failure, TransientError)

    def test_a_task_that_is_cancelled_closes_the_connection(self, wire: WireServer) -> None:
        """So that nobody pays for what nobody reads."""

        async def cancelled() -> None:
            heard = asyncio.Event()

            async def on_text(_: str) -> None:
                heard.set()

            asking = asyncio.ensure_future(
                self._run(wire, lambda provider: provider.complete(Prompt(text="x"), on_text))
            )
            hearing = asyncio.ensure_future(heard.wait())
            await asyncio.wait({asking, hearing}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()
            assert hearing.done(), "tell on_text of each piece as it arrives"
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            assert asking.cancelled(), "CancelledError must pass"

        wire.next(Reply.HANGING)
        asyncio.run(cancelled())
        wire.wait_until_gone()


class ImageContract(_Failures):
    """For a provider with an ``image_model``."""

    def test_a_picture_comes_as_it_was_made_with_its_model(self, wire: WireServer) -> None:
        """By one request, which is paid for."""
        picture = asyncio.run(self._run(wire, _draw))
        assert picture.data == PNG
        assert picture.model
        assert len(wire.requests) == 1

    def test_a_picture_whose_answer_is_lost_is_not_bought_again(self, wire: WireServer) -> None:
        """Whoever asked decides whether to pay twice."""
        failure = self._fails(wire, _draw, Reply.LOST)
        assert isinstance(failure, PermanentError)
        assert failure.code == "outcome_unknown"


async def _open(
    provider: ModelProvider[Any], settings: Any, ask: Callable[[ModelSession], Awaitable[R]]
) -> R:
    async with opened(provider, settings, instead="something else") as session:
        return await ask(session)


def _failure(call: Callable[[], Awaitable[Any]]) -> TaskError:
    async def run() -> object:
        return await call()

    with pytest.raises(TaskError) as caught:
        asyncio.run(run())
    return caught.value


async def _write(provider: ModelSession) -> Completion:
    return await provider.complete(Prompt(text="Say it."), _ignore)


async def _draw(provider: ModelSession) -> Any:
    return await provider.draw(PicturePrompt(text="A cat"))


async def _nothing(provider: ModelSession) -> None:
    """Ask nothing."""


async def _ignore(text: str) -> None:
    """Nobody follows."""


_ASKS: Mapping[Capability, Ask] = {Capability.TEXT: _write, Capability.IMAGE: _draw}
