"""The contract of each plugin beside this file, lying or honest, as its author would write it."""

import sys
from types import MappingProxyType

from penstock.testing import PluginContract


class TestCounter(PluginContract):
    plugin = "counter"


class TestDeaf(PluginContract):
    plugin = "deaf"


class TestQuitter(PluginContract):
    plugin = "quitter"


class TestPayer(PluginContract):
    plugin = "payer"


class TestMeter(PluginContract):
    plugin = "meter"


class TestCashier(PluginContract):
    plugin = "cashier"

    def paid_calls(self) -> int:
        (module,) = (each for name, each in sys.modules.items() if name.endswith("_cashier"))
        return len(module.RECEIPTS)


class TestForgetful(PluginContract):
    plugin = "forgetful"


class TestParent(PluginContract):
    plugin = "parent"


class TestChanged(PluginContract):
    plugin = "changed"
    schemas = "released.json"


class TestGossip(PluginContract):
    plugin = "gossip"


class TestHeavy(PluginContract):
    plugin = "heavy"


class TestNeighbour(PluginContract):
    plugin = "neighbour"


class TestBlocker(PluginContract):
    plugin = "blocker"


class TestQueuer(PluginContract):
    plugin = "queuer"


class TestStubborn(PluginContract):
    plugin = "stubborn"
    failing = MappingProxyType({"stubborn.try": "bad"})


class TestMoody(PluginContract):
    plugin = "moody"
