"""The source of the AWS provider for `terraform init`, with or without access to the internet."""

from __future__ import annotations

import hashlib
import os
import queue
import re
import ssl
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from mlinfra.errors import OperationError
from mlinfra.operations.terraform import provider_mirrors
from mlinfra.operations.terraform.provider_mirrors import HOST, PROVIDER, Mirror, Wanted

if TYPE_CHECKING:
    from mlinfra.variables import Changes

_PROBE_SECONDS = 4.0


@dataclass(frozen=True)
class ProviderSource:
    """The source of the provider."""

    phrase: str
    """The source as text, for progress reports."""

    changes: Changes
    """The required changes to the environment variables of Terraform and cdktf."""


def provider_source(root: Path) -> ProviderSource:
    """The source of the provider for the project at `root`.

    In this order: the user's Terraform configuration, a folder on this machine, the public registry.

    Raises:
        OperationError: if none of them has the provider.
    """
    needed = provider_mirrors.wanted(root)
    return _configured() or _on_this_machine(needed) or _from_registry(needed)


def _configured() -> ProviderSource | None:
    """The user's Terraform configuration, if it sets the source of providers."""
    path = _cli_configuration()
    if path is None or not _sets(path, "provider_installation"):
        return None
    return ProviderSource(f"your Terraform configuration, {path}", _without_missing_configuration())


def _on_this_machine(needed: Wanted) -> ProviderSource | None:
    for location in provider_mirrors.default_locations():
        if found := provider_mirrors.provider_in(location, needed):
            return _from_mirror(found, _without_missing_configuration())
    own_cache = _plugin_cache()
    mirror = provider_mirrors.find((own_cache, *provider_mirrors.common_locations()), needed)
    if mirror is None:
        return None
    return _from_mirror(mirror, {"TF_CLI_CONFIG_FILE": str(_write_mirror_configuration(mirror.path))})


def _from_mirror(mirror: Mirror, changes: Changes) -> ProviderSource:
    # Terraform links to an unpacked provider; a cache would copy 700 MB without need.
    cache = {"CDKTF_DISABLE_PLUGIN_CACHE_ENV": "true"} if mirror.unpacked else _caching()
    return ProviderSource(f"{mirror.path} (version {mirror.version})", {**cache, **changes})


def _from_registry(needed: Wanted) -> ProviderSource:
    if not _registry_answers():
        message = (
            f"The AWS provider ({needed}) cannot be installed: no folder on this machine contains it for "
            f"{provider_mirrors.target_platform()}, and {HOST} cannot be reached. Configure a mirror in "
            "~/.terraformrc: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation"
        )
        raise OperationError(message)
    return ProviderSource(f"the public registry, {HOST}", {**_caching(), **_without_missing_configuration()})


def _cli_configuration() -> Path | None:
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    candidates = [Path(named)] if named else []
    candidates.append(Path.home() / ".terraformrc")
    return next((path for path in candidates if path.is_file()), None)


def _sets(configuration: Path, setting: str) -> bool:
    text = configuration.read_text(errors="replace")
    return re.search(rf"^\s*{setting}\b", text, flags=re.MULTILINE) is not None


def _without_missing_configuration() -> Changes:
    """No TF_CLI_CONFIG_FILE if the file does not exist: Terraform would print a warning at every command."""
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    return {"TF_CLI_CONFIG_FILE": None} if named and not Path(named).is_file() else {}


def _caching() -> Changes:
    """A provider cache for all stacks, unless the user has configured one."""
    configuration = _cli_configuration()
    if os.environ.get("TF_PLUGIN_CACHE_DIR") or (configuration and _sets(configuration, "plugin_cache_dir")):
        return {"CDKTF_DISABLE_PLUGIN_CACHE_ENV": "true"}
    cache = _plugin_cache()
    cache.mkdir(parents=True, exist_ok=True)
    return {"TF_PLUGIN_CACHE_DIR": str(cache)}


def _plugin_cache() -> Path:
    return user_cache_path("mlinfra") / "terraform-plugins"


def _write_mirror_configuration(mirror: Path) -> Path:
    """Write a Terraform configuration that installs the AWS provider from `mirror`, and others directly."""
    digest = hashlib.sha256(os.fsencode(mirror)).hexdigest()[:8]
    path = user_cache_path("mlinfra", ensure_exists=True) / f"mirror-{digest}.tfrc"
    escaped = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
    text = f"""\
# Written by mlinfra: the AWS provider is on this machine.
provider_installation {{
  filesystem_mirror {{
    path    = "{escaped}"
    include = ["{PROVIDER}"]
  }}
  direct {{
    exclude = ["{PROVIDER}"]
  }}
}}
"""
    # Replaced atomically: another mlinfra may be reading it.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
    return path


def _registry_answers() -> bool:
    """True if the registry answers within the time limit. A name server without an answer may take a minute."""
    answers: queue.Queue[bool] = queue.Queue()
    threading.Thread(target=lambda: answers.put(_probe()), daemon=True).start()
    try:
        return answers.get(timeout=_PROBE_SECONDS)
    except queue.Empty:
        return False


def _probe() -> bool:
    try:
        with urllib.request.urlopen(f"https://{HOST}/.well-known/terraform.json", timeout=_PROBE_SECONDS) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except urllib.error.URLError as error:
        # Terraform uses the system's certificates, Python may use others.
        return isinstance(error.reason, ssl.SSLCertVerificationError)
    except OSError:
        return False
