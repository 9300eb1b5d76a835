"""The upload plugin keeps what it declares."""

from penstock.testing import PluginContract


class TestUpload(PluginContract):
    plugin = "upload"
    heavy_modules = (*PluginContract.heavy_modules, "pypdfium2")
