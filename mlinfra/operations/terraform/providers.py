"""Where `terraform init` gets the AWS provider from, on a machine that may or may not reach the internet."""

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
    """Where the provider comes from."""

    phrase: str
    """The place in words, to show."""

    changes: Changes
    """What differs in the environment variables of Terraform and cdktf."""


def provider_source(root: Path) -> ProviderSource:
    """Where Terraform can get the provider that the project at `root` needs.

    In this order: the user's own Terraform configuration, a folder on this machine that has it, the
    public registry.

    Raises:
        OperationError: where none of them has it.
    """
    needed = provider_mirrors.wanted(root)
    return _configured() or _on_this_machine(needed) or _from_registry(needed)


def _configured() -> ProviderSource | None:
    """What the user has told Terraform about where providers come from; that is theirs to decide."""
    path = _cli_configuration()
    if path is None or not _sets(path, "provider_installation"):
        return None
    return ProviderSource(f"your Terraform configuration, {path}", _without_missing_configuration())


def _on_this_machine(needed: Wanted) -> ProviderSource | None:
    for place in provider_mirrors.implied_places():
        if found := provider_mirrors.look_into(place, needed):
            return _from_mirror(found, _without_missing_configuration())
    own_cache = _plugin_cache()
    mirror = provider_mirrors.find((own_cache, *provider_mirrors.likely_places()), needed)
    if mirror is None:
        return None
    return _from_mirror(mirror, {"TF_CLI_CONFIG_FILE": str(_write_mirror_configuration(mirror.path))})


def _from_mirror(mirror: Mirror, changes: Changes) -> ProviderSource:
    # Terraform links to an unpacked provider; a cache would copy 700 MB for nothing.
    cache = {"CDKTF_DISABLE_PLUGIN_CACHE_ENV": "true"} if mirror.unpacked else _caching()
    return ProviderSource(f"{mirror.path} (version {mirror.version})", {**cache, **changes})


def _from_registry(needed: Wanted) -> ProviderSource:
    if not _registry_answers():
        message = (
            f"Terraform cannot get the AWS provider ({needed}): no folder on this machine has it for "
            f"{provider_mirrors.target_platform()}, and {HOST} cannot be reached. Name a mirror that has it in "
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
    """Terraform warns at every command about a TF_CLI_CONFIG_FILE that is not there; nobody would read on."""
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    return {"TF_CLI_CONFIG_FILE": None} if named and not Path(named).is_file() else {}


def _caching() -> Changes:
    """One download for all stacks, unless the user has a cache already."""
    configuration = _cli_configuration()
    if os.environ.get("TF_PLUGIN_CACHE_DIR") or (configuration and _sets(configuration, "plugin_cache_dir")):
        return {"CDKTF_DISABLE_PLUGIN_CACHE_ENV": "true"}
    cache = _plugin_cache()
    cache.mkdir(parents=True, exist_ok=True)
    return {"TF_PLUGIN_CACHE_DIR": str(cache)}


def _plugin_cache() -> Path:
    return user_cache_path("mlinfra") / "terraform-plugins"


def _write_mirror_configuration(mirror: Path) -> Path:
    """A Terraform configuration that takes the AWS provider from `mirror`, and others from where they are."""
    which = hashlib.sha256(os.fsencode(mirror)).hexdigest()[:8]
    path = user_cache_path("mlinfra", ensure_exists=True) / f"mirror-{which}.tfrc"
    place = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
    text = f"""\
# Written by mlinfra: the AWS provider is on this machine.
provider_installation {{
  filesystem_mirror {{
    path    = "{place}"
    include = ["{PROVIDER}"]
  }}
  direct {{
    exclude = ["{PROVIDER}"]
  }}
}}
"""
    # Another mlinfra may read it at this moment: it sees the old file or the new one, never half of one.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
    return path


def _registry_answers() -> bool:
    """Whether the registry answers soon; a name server that does not answer may take a minute to say so."""
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
        # Terraform trusts the system's certificates, Python perhaps others: let Terraform try.
        return isinstance(error.reason, ssl.SSLCertVerificationError)
    except OSError:
        return False
