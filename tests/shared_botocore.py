"""botocore whose sessions and clients share what is the same in all of them.

A command makes a few sessions and clients; a test process makes thousands. In 46 tests of clusters, it took 8.1 of
23.5 s of processor time, without the models of services.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import botocore.client
import botocore.hooks
import botocore.session


def share() -> None:
    """Share models of services, names of events and methods of clients, in this process."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    _share_models_of_services()
    _share_names_of_events()
    _share_methods_of_clients()
    _recognize_handlers_by_their_code()


def _share_models_of_services() -> None:
    """Resolve the shapes of a request and its answer once, and search for the operation of discovery once."""
    creator: Any = botocore.client.ClientCreator
    load, models = creator._load_service_model, {}  # noqa: SLF001  botocore has no public name for it

    @functools.wraps(load)
    def sharing(self: Any, service_name: str, api_version: str | None = None) -> Any:
        key = (service_name, api_version)
        if key not in models:
            models[key] = load(self, service_name, api_version=api_version)
        return models[key]

    creator._load_service_model = sharing  # noqa: SLF001  see above


def _share_names_of_events() -> None:
    """Translate the name of an event once."""
    initialize, names = botocore.hooks.EventAliaser.__init__, {}

    @functools.wraps(initialize)
    def sharing(self: Any, *arguments: Any, **options: Any) -> None:
        initialize(self, *arguments, **options)
        self._alias_name_cache = names

    botocore.hooks.EventAliaser.__init__ = sharing


def _share_methods_of_clients() -> None:
    """Make the methods of the client of a service once; EC2 has 700."""
    creator: Any = botocore.client.ClientCreator
    create, methods = creator._create_methods, {}  # noqa: SLF001  botocore has no public name for it

    @functools.wraps(create)
    def sharing(self: Any, service_model: Any) -> dict[str, Any]:
        service = service_model.service_name
        if service not in methods:
            methods[service] = create(self, service_model)
        return dict(methods[service])

    creator._create_methods = sharing  # noqa: SLF001  see above


def _recognize_handlers_by_their_code() -> None:
    """Require keyword arguments of a handler without reading its whole signature."""
    accepts_keywords = botocore.hooks.accepts_kwargs

    def by_code(handler: Any) -> object:
        code = getattr(handler, "__code__", None)
        return code.co_flags & inspect.CO_VARKEYWORDS if code else accepts_keywords(handler)

    botocore.hooks.accepts_kwargs = by_code
