from __future__ import annotations

import socket
import time
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.terraform import provider_mirrors, providers as module
from mlinfra.operations.terraform.providers import provider_source
from tests.unit.operations.terraform.test_provider_mirrors import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

MIRRORED = 'provider_installation {\n  filesystem_mirror { path = "/somewhere" }\n}\n'


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_folders: None) -> None:  # noqa: ARG001
    """A machine with a home and nothing else: no Terraform configuration, no mirror, no network."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    monkeypatch.setattr(provider_mirrors, "common_locations", lambda: iter([tmp_path / "opt"]))
    # A name that never resolves (RFC 6761) stands for a registry that cannot be reached.
    monkeypatch.setattr(module, "HOST", "registry.invalid")


def test_the_users_own_configuration_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked(tmp_path / "opt", "5.100.0")
    own = tmp_path / "own.tfrc"
    own.write_text(MIRRORED)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    source = provider_source(tmp_path)
    assert str(own) in source.phrase
    assert source.changes == {}


def test_a_configuration_in_the_home_counts_where_the_variable_names_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "home" / ".terraformrc"
    own.write_text(MIRRORED)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing"))
    source = provider_source(tmp_path)
    assert str(own) in source.phrase
    assert source.changes == {"TF_CLI_CONFIG_FILE": None}


def test_a_configuration_without_provider_settings_does_not_end_the_search(tmp_path: Path) -> None:
    (tmp_path / "home" / ".terraformrc").write_text('credentials "app.terraform.io" {\n  token = "x"\n}\n')
    unpacked(tmp_path / "opt", "5.100.0")
    assert provider_source(tmp_path).phrase == f"{tmp_path / 'opt'} (version 5.100.0)"


def test_a_default_folder_of_terraform_requires_no_configuration(tmp_path: Path) -> None:
    unpacked(tmp_path / "home" / ".terraform.d" / "plugins", "5.100.0")
    assert "TF_CLI_CONFIG_FILE" not in provider_source(tmp_path).changes


def test_a_mirror_is_named_in_a_configuration_that_leaves_other_providers_alone(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt" / "tf mirror", "5.100.0")
    changes = provider_source(tmp_path).changes
    text = Path(changes["TF_CLI_CONFIG_FILE"] or "").read_text()
    assert f'path    = "{tmp_path}/opt/tf mirror"' in text
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in text


def test_an_unpacked_provider_is_linked_to_and_not_copied_into_a_cache(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt", "5.100.0")
    changes = provider_source(tmp_path).changes
    assert changes["CDKTF_DISABLE_PLUGIN_CACHE_ENV"] == "true"
    assert "TF_PLUGIN_CACHE_DIR" not in changes


def test_a_packed_provider_is_unpacked_once_for_all_stacks(tmp_path: Path) -> None:
    packed(tmp_path / "opt", "5.100.0")
    cache = Path(provider_source(tmp_path).changes["TF_PLUGIN_CACHE_DIR"] or "")
    assert cache.is_dir()
    assert tmp_path / "cache" in cache.parents


def test_the_users_own_cache_stays_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path / "opt", "5.100.0")
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "mine"))
    assert "TF_PLUGIN_CACHE_DIR" not in provider_source(tmp_path).changes


def test_earlier_downloads_are_used_without_network(tmp_path: Path) -> None:
    unpacked(tmp_path / "cache" / "mlinfra" / "terraform-plugins", "5.100.0")
    assert "terraform-plugins (version 5.100.0)" in provider_source(tmp_path).phrase


def test_a_provider_without_a_source_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperationError) as refused:
        provider_source(tmp_path)
    assert refused.value.message == (
        "The AWS provider (>= 5.100.0, < 7.0.0) cannot be installed: no folder on this machine contains it for "
        f"{provider_mirrors.target_platform()}, and registry.invalid cannot be reached. Configure a mirror in "
        "~/.terraformrc: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation"
    )


@pytest.fixture
def silent_host() -> Iterator[str]:
    """A host that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "127.0.0.1:%d" % listener.getsockname()[1]  # noqa: UP031


def test_a_registry_that_never_answers_does_not_keep_the_user_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_host: str
) -> None:
    monkeypatch.setattr(module, "HOST", silent_host)
    monkeypatch.setattr(module, "_PROBE_SECONDS", 0.5)
    started = time.monotonic()
    with pytest.raises(OperationError, match="cannot be reached"):
        provider_source(tmp_path)
    assert time.monotonic() - started < 30


def test_a_registry_that_answers_is_used_with_one_cache_for_all_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    # No registry runs here, and one of our own would need a certificate that Python trusts.
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: nullcontext(SimpleNamespace(status=200)))
    source = provider_source(tmp_path)
    assert source.phrase == "the public registry, registry.invalid"
    assert Path(source.changes["TF_PLUGIN_CACHE_DIR"] or "").is_dir()
