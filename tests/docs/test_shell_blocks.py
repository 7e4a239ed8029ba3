"""Commands in blocks on the pages are executed in a project on a local AWS, or, for a stated reason, only parsed."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mlinfra.operations.audit import auditing
from tests import programs
from tests.conftest import ROOT, TODAY
from tests.docs.documented_project import fill_account, write_project, write_results
from tests.docs.other_programs import CHECKS
from tests.docs.pages import BLOCKS, Block, of_language
from tests.docs.shell_blocks import COMMANDS, Command, commands

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = pytest.mark.xdist_group("synthesized")


class Elsewhere(NamedTuple):
    """The reason why a command is parsed here and not run, and the test that runs it."""

    reason: str
    test: str


_TERRAFORM = "several applies of Terraform, in minutes"
_NODES = "nodes that run programs, for minutes"
NOT_RUN = {
    "adopt": Elsewhere(_TERRAFORM, "tests/deploy/test_adopt.py"),
    "apply": Elsewhere(_TERRAFORM, "tests/deploy/test_plan_and_apply.py"),
    "bootstrap": Elsewhere(_TERRAFORM, "tests/deploy/test_bootstrap.py"),
    "catalog refresh": Elsewhere("prices of AWS, which no local AWS has", "tests/unit/operations/price_lists"),
    "checks run": Elsewhere("synthesizes an environment, as another test does", "tests/unit/cli/test_checks.py"),
    "clusters forward": Elsewhere("ends with the session, and needs ssh", "tests/unit/cli/test_cluster_sessions.py"),
    "clusters ssh": Elsewhere("ends with the session, and needs ssh", "tests/unit/cli/test_cluster_sessions.py"),
    "clusters top": Elsewhere("ends with Ctrl-C", "tests/unit/cli/test_cluster_top.py"),
    "cost actual": Elsewhere("a bill, which AWS delivers within a day", "tests/unit/cli/test_cost_actual.py"),
    "destroy": Elsewhere(_TERRAFORM, "tests/deploy/test_destroy.py"),
    "drift": Elsewhere(_TERRAFORM, "tests/deploy/test_drift.py"),
    "forget": Elsewhere(_TERRAFORM, "tests/deploy/test_adopt.py"),
    "init ../infrastructure": Elsewhere("an applied Terraform configuration", "tests/deploy/test_migration.py"),
    "init tfplan": Elsewhere("a plan of Terraform as it stores it", "tests/deploy/test_migration.py"),
    "local": Elsewhere("starts a server of this machine's user", "tests/unit/local_aws"),
    "models register local": Elsewhere(_NODES, "tests/ci/test_gitlab_runs.py"),
    "plan": Elsewhere(_TERRAFORM, "tests/deploy/test_plan_and_apply.py"),
    "preflight prod": Elsewhere("credentials of another account", "tests/unit/cli/test_preflight.py"),
    "preflight prod-eu-west-1": Elsewhere("credentials of another account", "tests/unit/cli/test_preflight.py"),
    "provenance": Elsewhere(_TERRAFORM, "tests/deploy/test_plan_and_apply.py"),
    "recover": Elsewhere(_TERRAFORM, "tests/deploy/test_recover.py"),
    "report --serve": Elsewhere("ends with Ctrl-C", "tests/unit/cli/test_report.py"),
    "run": Elsewhere(_NODES, "tests/deploy/test_demo.py"),
    "runs cancel": Elsewhere("waits a minute for nodes to answer", "tests/unit/operations/runs/test_cancellation.py"),
    "unlock": Elsewhere(_TERRAFORM, "tests/deploy/test_recover.py"),
    "up": Elsewhere(_TERRAFORM, "tests/deploy/test_up.py"),
}
"""Commands that are not run, by their first words or options."""

EXIT_CODES = {
    "audit": 2,  # the account has resources that no environment manages
    "doctor": 1,  # the account has no state bucket of Terraform with a lock table
    "review": 3,  # a finding holds the plan
    "runs reproduce": 1,  # the repository does not have the commit of the run
}
"""Exit codes other than 0 that commands have in this project, by their first words."""


def elsewhere(command: Command) -> str | None:
    """The key of the table that a command matches."""
    words = command.words[1:]
    for key in NOT_RUN:
        first, *rest = key.split()
        if words[0] == first and all(each in words for each in rest):
            return key
    return None


OURS = [each for each in COMMANDS if each.program == "mlinfra" and not re.search(r"\b[A-Z]{2,}\b", each.text)]
RUN = [each for each in OURS if elsewhere(each) is None]
RUN_BLOCKS = list(dict.fromkeys(each.block for each in RUN))


@pytest.fixture(autouse=True)
def two_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account with two regions, not with 17: each of an audit takes as long."""
    everywhere = auditing.regions_of
    monkeypatch.setattr(
        auditing, "regions_of", lambda *arguments: replace(everywhere(*arguments), enabled=("us-east-1", "us-west-2"))
    )


def declarations(page: str) -> dict[str, str]:
    """The environments that a page declares in files of their own, except dev."""
    found = {}
    for block in BLOCKS:
        named = re.match(r"# environments/([\w-]+)\.py\n", block.text)
        if block.page == page and named and named[1] != "dev":
            found[named[1]] = block.text
    return found


def expanded(word: str, folder: Path) -> list[str]:
    """The files that a pattern such as `plans/*/plan.json` matches, as a shell passes them on; else the word.

    Paths in `/tmp` are beside the folder: what a run leaves there would be found by the next one.
    """
    if word.startswith("/tmp/"):  # noqa: S108  not used
        return [f"{folder.parent}{word}"]
    if "/" not in word or "*" not in word:
        return [word]
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(word))


@pytest.mark.parametrize("block", RUN_BLOCKS, ids=[each.place for each in RUN_BLOCKS])
def test_the_commands_of_a_block_run(
    block: Block, local_aws: LocalAws, tmp_path: Path, synthesized: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del local_aws  # it is in use, and empty
    monkeypatch.setenv("MLINFRA_TODAY", TODAY.isoformat())
    write_project(tmp_path / "project", synthesized, declarations(block.page))
    fill_account()
    with programs.modules_of(tmp_path / "project"):
        if "--synthesized synthesized" in block.text:
            programs.mlinfra("synth", "*", "--out", "synthesized", cwd=tmp_path / "project")
        digest = write_results(tmp_path / "project")
        for command in [each for each in commands(block) if each in RUN]:
            words = [digest if re.fullmatch(r"[0-9a-f]{10}|MLR\d{3}", each) else each for each in command.words[1:]]
            arguments = [path for each in words for path in expanded(each, tmp_path / "project")]
            ended = programs.mlinfra(*arguments, cwd=tmp_path / "project", COLUMNS="120")
            text = " ".join(arguments)
            shown = (
                f"{command.place}: {text}: exit code {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
            )
            expected = next((code for words, code in EXIT_CODES.items() if text.startswith(words)), 0)
            assert ended.returncode == expected, shown
            assert "Traceback" not in ended.stderr, shown


@pytest.mark.parametrize("key", NOT_RUN)
def test_each_reason_not_to_run_a_command_applies_and_names_a_test(key: str) -> None:
    assert [each for each in OURS if elsewhere(each) == key], f"no page has the command {key}: remove the entry"
    named = ROOT / NOT_RUN[key].test
    assert named.exists()
    text = named.read_text() if named.is_file() else "".join(each.read_text() for each in named.rglob("test_*.py"))
    assert key.split(maxsplit=1)[0] in text, f"{NOT_RUN[key].test} does not test {key}"


OTHERS = [each for each in COMMANDS if each.program != "mlinfra"]


def test_something_checks_the_arguments_of_each_other_program() -> None:
    lacking = [f"{each.place} {each.program}" for each in OTHERS if each.program not in CHECKS]
    assert lacking == [], "add what parses their arguments to tests/docs/other_programs.py"


def test_commands_of_other_programs_have_arguments_that_exist() -> None:
    found = [(each, CHECKS[each.program](each)) for each in OTHERS if each.program in CHECKS]
    assert [f"{each.place}: {each.text}: {problems}" for each, problems in found if problems] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("aws sagemaker delete-everything", "no operation DeleteEverything"),
        ("aws s3api get-object --bucket b --keys k good", "GetObject has no parameter keys"),
        ("make no-such-target", "no target no-such-target"),
        ("pip install 'mlinfra-cdktf[gpu]'", "no extra gpu"),
        ("python -m ci.no_such_module", "no module ci.no_such_module"),
        ("python -m benchmarks.idle --no-such-option", "no option --no-such-option"),
        ("npx cdktf apply", "apply is not among"),
    ],
)
def test_a_wrong_command_of_another_program_is_found(text: str, problem: str) -> None:
    (command,) = commands(Block("docs/example.md", 1, "bash", f"{text}\n"))
    assert any(problem in each for each in CHECKS[command.program](command))


def test_bash_parses_all_blocks() -> None:
    blocks = [each for each in of_language("bash") if not re.search(r"<[A-Z]", each.text)]
    text = "\n".join(f"f{number}() {{\n{each.text}\n}}" for number, each in enumerate(blocks))
    ended = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)  # noqa: S607
    assert ended.returncode == 0, ended.stderr
