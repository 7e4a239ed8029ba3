"""Blocks of Python on the pages are executed: declarations and constructs are synthesized, training code runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
import pytest

import main
from mlinfra.operations.review import review
from tests import programs
from tests.conftest import TODAY, an_environment
from tests.docs.accounts import use_account
from tests.docs.pages import Block, of_language
from tests.docs.python_blocks import (
    BlockError,
    Declared,
    Execution,
    environments,
    in_project,
    is_program,
    is_test,
    needs_terraform,
)
from tests.local_aws import make_records_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = pytest.mark.xdist_group("synthesized")

ENVIRONMENT = an_environment()
CODE = [each for each in of_language("python") if not is_test(each) and not is_program(each)]
PAGES = sorted({each.page for each in CODE})

_DECLARED: dict[str, list[Declared]] = {}
"""What the blocks of a page declare: each page is executed once."""


@pytest.fixture
def account(local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project, and a local AWS with the account that the pages name."""
    del local_aws  # it is in use
    use_account(ENVIRONMENT.account_id, monkeypatch)
    make_records_table(boto3.client, ENVIRONMENT.names.records_table)
    in_project(tmp_path, monkeypatch)
    return tmp_path


def executed(folder: Path, page: str, blocks: Sequence[Block]) -> list[Declared]:
    folder.mkdir(exist_ok=True)
    execution = Execution(folder)
    for block in blocks:
        execution.run(block)
    execution.finish(page)
    return execution.declared


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_are_executed(page: str, account: Path) -> None:
    _DECLARED[page] = executed(account / "page", page, [each for each in CODE if each.page == page])


def test_what_the_pages_declare_is_deployed_by_the_stacks_of_the_platform(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in PAGES:
        if page not in _DECLARED:
            _DECLARED[page] = executed(
                account / page.replace("/", "-"), page, [each for each in CODE if each.page == page]
            )
    made = list(environments([each for declared in _DECLARED.values() for each in declared]))
    assert len({each.block.page for group, _ in made for each in group}) > 8
    for number, (group, environment) in enumerate(made):
        monkeypatch.setattr(main, "load_environments", lambda *_, found=environment, **__: (found,))
        monkeypatch.setenv("CDKTF_OUTDIR", str(account / f"platform-{number}"))
        try:
            main.main()
        except Exception as error:
            raise BlockError(group[0].block, error) from error
        assert (account / f"platform-{number}" / "stacks" / f"{environment.name}-training" / "cdk.tf.json").exists()


PROGRAMS = [each for each in of_language("python") if is_program(each)]


@pytest.mark.parametrize("program", PROGRAMS, ids=[each.place for each in PROGRAMS])
def test_a_program_synthesizes_the_environments_of_its_page(program: Block, tmp_path: Path) -> None:
    declarations = [each for each in CODE if each.page == program.page and "Environment(" in each.text]
    assert declarations, f"{program.place}: the page declares no environment for its program"
    (tmp_path / "environments").mkdir()
    for each in declarations:
        (name,) = re.findall(r'\bname="(\w+)",\n    project=', each.text)
        (tmp_path / "environments" / f"{name}.py").write_text(each.text)
    (tmp_path / "main.py").write_text(program.text)
    ended = programs.synthesize(tmp_path / "main.py", tmp_path / "cdktf.out", cwd=tmp_path)
    assert ended.returncode == 0, f"{program.place}: {ended.stderr}"
    assert list(tmp_path.glob("cdktf.out/stacks/*/cdk.tf.json")), f"{program.place}: no stack"


TESTS = [each for each in of_language("python") if is_test(each) and not needs_terraform(each)]


CHECKS = next(each for each in CODE if "ResourceCheck(" in each.text)
"""The checks of a project that a test of their page expects."""


def test_the_tests_of_the_pages_pass(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_text(CHECKS.text)
    for number, each in enumerate(TESTS):
        (tmp_path / f"test_documented_{number}.py").write_text(f"# {each.place}\n{each.text}")
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    command = [sys.executable, "-m", "pytest", *options]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    declared = sum(each.text.count("\ndef test_") + each.text.startswith("def test_") for each in TESTS)
    assert f"{declared} passed" in ended.stdout, ended.stdout + ended.stderr


def test_the_checks_of_their_page_apply_in_a_review(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_text(CHECKS.text)
    planned = {"associate_public_ip_address": True, "root_block_device": [{"encrypted": False}]}
    changed = {"actions": ["create"], "before": None, "after": planned}
    resource = {"address": "aws_instance.x", "mode": "managed", "type": "aws_instance", "change": changed}
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [resource]}))
    found = review([tmp_path / "plan.json"], root=tmp_path, today=TODAY).findings
    assert [(each.id, each.text) for each in found if each.id.startswith("ACME")] == [
        ("ACME001", "it gets a public address."),
        ("ACME002", "its root volume is not encrypted."),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Environment(..., region='nowhere-1')", "region"),
        ("Experiment(name='ranker', owner='ana', expires=date(2026, 12, 18))", "owner"),
        ("DataLake(self, 'lake', zone=['raw'])", "unexpected keyword argument 'zone'"),
        ("platform.data_lake.grant_read(cluster, zones=['no-zone'])", "no-zone"),
        ("unknown_name.run()", "'unknown_name' is defined neither on the page before it nor in tests/docs"),
        ("def broken(:", "invalid syntax"),
    ],
)
def test_a_block_that_readers_cannot_use_is_found(text: str, problem: str, account: Path) -> None:
    with pytest.raises(BlockError, match=r"docs/example\.md:3") as found:
        executed(account / "page", "docs/example.md", [Block("docs/example.md", 3, "python", text)])
    assert problem in str(found.value)


def test_a_stack_that_fails_a_check_is_found(account: Path) -> None:
    text = "cluster\nShutdown(self, 'shutdown', key_arn=key.arn)"
    with pytest.raises(BlockError, match="is declared after the cluster"):
        executed(account / "page", "docs/example.md", [Block("docs/example.md", 3, "python", text)])
