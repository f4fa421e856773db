"""The Python scripts of `scripts/`, which have no suffix, as modules."""

import importlib.machinery
import importlib.util
from types import ModuleType

from .installation import REPOSITORY


def load(name: str) -> ModuleType:
    """The module of `scripts/<name>`; its `main` is not run."""
    path = str(REPOSITORY / "scripts" / name)
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), path)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
