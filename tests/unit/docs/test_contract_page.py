"""docs/contract.md has every public name, and each says what it is for."""

import importlib
import inspect
import re

import pytest

from tests.unit.docs.pages import DOCS

PAGE = (DOCS / "contract.md").read_text()
PACKAGES = ["penstock", "penstock.testing", "penstock_ai", "penstock_ai.testing"]
NAMES = [
    (package, name) for package in PACKAGES for name in importlib.import_module(package).__all__
]


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_each_public_name_is_on_the_page(package, name):
    shown = rf"^(\.\. auto\w+|```?\{{py:\w+\}}|\.\. py:\w+):?:? {package}\.{name}(\(\))?$"

    assert re.search(shown, PAGE, re.MULTILINE), f"{package}.{name} is not in docs/contract.md"


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_each_public_name_has_a_docstring_and_so_has_each_of_its_methods(package, name):
    found = getattr(importlib.import_module(package), name)

    if not inspect.isclass(found) and not inspect.isroutine(found):
        return  # an alias or a value: what it is for stands beside it in the source
    assert inspect.getdoc(found)
    if inspect.isclass(found) and found.__module__.startswith(package):
        for attribute, value in vars(found).items():
            if attribute.startswith("_") or not (
                inspect.isfunction(value) or isinstance(value, property | classmethod)
            ):
                continue
            if getattr(value, "__name__", "") == "<lambda>":
                continue  # the default of a field
            assert inspect.getdoc(getattr(found, attribute)), f"{name}.{attribute} says nothing"


def test_the_page_has_no_name_that_is_gone():
    for package in PACKAGES:
        shown = set(re.findall(rf" {package}\.(\w+)(?:\(\))?$", PAGE, re.MULTILINE))
        assert shown <= set(importlib.import_module(package).__all__)
