"""The plugin keeps what it declares, and does what it says."""

from datetime import timedelta

import pytest
from penstock_acme import ACME, Image, Resize, resize

from penstock.testing import Harness, PluginContract, RealServices


class TestContract(PluginContract):
    plugin = "acme"
    examples = {"acme.resize": [Resize(source="a.png"), Resize(source="b.png", width=20)]}


async def test_an_image_gets_its_width(harness: Harness) -> None:
    assert await harness.run(resize, Resize(source="a.png", width=20)) == Image(key="a.png@20")


async def test_it_says_how_far_it_is(harness: Harness) -> None:
    run = await harness.start(resize, Resize(source="a.png"))

    assert run.progress == [(50, "downloaded")]
    assert (run.status, run.attempts, run.delays) == ("success", 1, [])
    assert ACME.retry.initial_interval == timedelta(seconds=2)


@pytest.mark.penstock_services
async def test_it_works_in_a_real_installation(penstock_services: RealServices) -> None:
    handle = await penstock_services.client.submit(resize, Resize(source="a.png"))

    assert await handle.result(timeout=timedelta(seconds=10)) == Image(key="a.png@320")
