"""Services that moto does not have at all.

moto finds a service by the host of a request, imports the package of the same name, and takes its backends and paths
from there. `add_service` registers both, so that requests, accounts, regions and resets work as for moto's services.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import moto
from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def has_service(name: str) -> bool:
    """True if moto has a package of the service.

    Args:
        name: the name of the service without hyphens.
    """
    return Path(moto.__file__).with_name(name).is_dir()


def add_service(service: str, *, paths: Mapping[str, Callable[..., Any]]) -> None:
    """Have moto answer requests for a service, in every region.

    Args:
        service: the name of the service in signatures and host names, such as `bcm-data-exports`.
        paths: moto's handlers by the pattern of a path, such as `{0}/$`.
    """
    name = service.replace("-", "")
    host = rf"https?://{service}\.(.+)\.amazonaws\.com"
    backend = type(f"{name}Backend", (_Backend,), {"settings": SimpleNamespace(url_bases=[host], url_paths=paths)})
    module = ModuleType(f"moto.{name}")
    # moto takes the paths from the backend of us-east-1.
    backends: BackendDict[Any] = BackendDict(backend, "ec2")
    setattr(module, f"{name}_backends", backends)
    sys.modules[module.__name__] = module
    backend_index.backend_url_patterns.append((name, re.compile(host)))


def backend_of(service: str, account_id: str, region: str) -> BaseBackend:
    """The backend of an added service in an account and region.

    Args:
        service: the name of the service.
        account_id: the account.
        region: the region.
    """
    name = service.replace("-", "")
    found: BaseBackend = getattr(sys.modules[f"moto.{name}"], f"{name}_backends")[account_id][region]
    return found


class _Backend(BaseBackend):
    """The data of a service, which its operations keep with `kept`."""

    settings: Any

    @property
    def _url_module(self) -> Any:  # noqa: ANN401  moto's
        return self.settings
