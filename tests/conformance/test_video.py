"""The video plugin keeps what it declares."""

from penstock.testing import PluginContract


class TestVideo(PluginContract):
    plugin = "video"
