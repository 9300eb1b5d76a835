"""The ai plugin keeps what it declares."""

from penstock.testing import PluginContract


class TestAi(PluginContract):
    plugin = "ai"
