"""The project's own checks as rules of the review."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.checks.own_checks import read_checks
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.operations.review import approve, review, to_json
from mlinfra.testing.matchers import MISSING
from tests.unit.operations.review.approvals import commit, git
from tests.unit.operations.review.plans import TODAY, change, reviewed

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.review import Report
    from mlinfra.testing import Synth

CHECKS = """
from mlinfra.checks import Check, Level, ResourceCheck

def public(instance):
    if instance.get("associate_public_ip_address"):
        return "it gets a public address."

PUBLIC = ResourceCheck(
    id="ACME001", title="An instance has a public address.", fix="Remove it.", types=("aws_instance",), find=public,
)
AT_SYNTH_ONLY = Check(id="ACME002", title="t", fix="f", find=lambda stack: 1 / 0)
"""
OPEN = {"associate_public_ip_address": True, "ami": "ami-1"}
CLOSED = OPEN | {"associate_public_ip_address": False}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without a repository, with the checks `CHECKS`."""
    for name in ("CI_DEFAULT_BRANCH", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mlinfra_checks.py").write_text(CHECKS)
    return tmp_path


@pytest.fixture
def repository(project: Path) -> Path:
    """The same as a repository with a branch `change`."""
    git(project, "init", "--initial-branch=main")
    commit(project, "mlinfra_checks.py", "ben@example.com")
    git(project, "checkout", "-b", "change")
    return project


def own(report: Report) -> list[tuple[str, str, str]]:
    """The findings of own checks: id, level and text."""
    ids = ("ACME", "OTHER", "MLC", "MLR905")
    return [(each.id, each.level.value, each.text) for each in report.findings if each.id.startswith(ids)]


def planned(before: dict[str, Any] | None, after: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return change("aws_instance.x", before, after, **more)


FOUND = ("ACME001", "hold", "it gets a public address.")


@pytest.mark.parametrize("before", [None, CLOSED])
def test_a_problem_of_a_created_or_changed_resource_is_held(project: Path, before: dict[str, Any] | None) -> None:
    report = reviewed(project, planned(before, OPEN))
    assert own(report) == [FOUND]
    assert report.exit_code == 3


def test_the_finding_is_part_of_the_reports(project: Path) -> None:
    written = json.loads(to_json(reviewed(project, planned(None, OPEN))))
    (finding,) = (each for each in written["findings"] if each["id"] == "ACME001")
    assert (finding["level"], finding["fix"], finding["address"]) == ("hold", "Remove it.", "aws_instance.x")


@pytest.mark.parametrize("after", [CLOSED, None])
def test_a_resource_without_a_problem_or_that_is_destroyed_has_no_finding(
    project: Path, after: dict[str, Any] | None
) -> None:
    assert own(reviewed(project, planned(OPEN, after))) == []


def test_a_problem_that_the_plan_does_not_introduce_is_a_warning(project: Path) -> None:
    text = "it gets a public address. The resource has this problem before the change too."
    assert own(reviewed(project, planned(OPEN, OPEN | {"ami": "ami-2"}))) == [("ACME001", "warning", text)]


def test_an_unknown_value_is_held_and_does_not_pass(project: Path) -> None:
    found = own(reviewed(project, planned(None, {}, unknown={"associate_public_ip_address": True})))
    text = "It cannot be checked: associate_public_ip_address is known after apply."
    assert found == [("ACME001", "hold", text)]


def test_a_sensitive_value_is_never_read(project: Path) -> None:
    found = own(reviewed(project, planned(None, OPEN, sensitive={"associate_public_ip_address": True})))
    assert found == [("ACME001", "hold", "It cannot be checked: associate_public_ip_address is sensitive.")]


def test_a_check_that_fails_is_held_with_its_line(project: Path) -> None:
    (project / "mlinfra_checks.py").write_text(CHECKS.replace('instance.get("asso', 'instance.got("asso'))
    ((id_, level, text),) = own(reviewed(project, planned(None, OPEN)))
    assert (id_, level) == ("MLC902", "hold")
    assert text == (
        "ACME001 failed for aws_instance.x: AttributeError: 'Resource' object has no attribute 'got' "
        "(mlinfra_checks.py, line 5). It is declared in mlinfra_checks.py."
    )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            CHECKS + CHECKS.replace("PUBLIC", "AGAIN").replace("AT_SYNTH_ONLY", "TWICE"),
            "2 checks have the id ACME001; ids must be unique.",
        ),
        (CHECKS.replace("types=", "level='hold', types="), "The level of the check ACME001 is 'hold'"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
    ],
)
def test_a_broken_file_fails_the_review(project: Path, broken: str, message: str) -> None:
    (project / "mlinfra_checks.py").write_text(broken)
    with pytest.raises(DeclarationError, match=message):
        reviewed(project, planned(None, OPEN))


def test_a_text_with_values_of_the_plan_is_one_short_line(project: Path) -> None:
    (project / "mlinfra_checks.py").write_text(CHECKS.replace('"it gets a', 'instance.get("ami") + "it gets a'))
    ((_, _, text),) = own(reviewed(project, planned(None, OPEN | {"ami": "a\n\x1b[2J" + "b" * 2000})))
    assert text.startswith("a \\x1b[2Jbbb")
    assert "SHA-256" in text
    assert len(text) < 1100


class TestVersionOfTheChecks:
    """The file of the default branch applies."""

    @pytest.mark.parametrize("content", [None, CHECKS.replace("ACME001", "OTHER001"), "import sys; sys.exit(0)"])
    def test_a_change_cannot_weaken_its_own_review(self, repository: Path, content: str | None) -> None:
        if content is None:
            git(repository, "rm", "mlinfra_checks.py")
            git(repository, "commit", "--message", "remove the checks")
        else:
            commit(repository, "mlinfra_checks.py", "dev@example.com", content)
        text = "This review used mlinfra_checks.py of heads/main, which differs in this checkout."
        assert own(reviewed(repository, planned(None, OPEN))) == [FOUND, ("MLR905", "warning", text)]

    def test_no_code_of_the_change_is_run(self, repository: Path) -> None:
        commit(repository, "mlinfra_checks.py", "dev@example.com", f"open('ran', 'w')\n{CHECKS}")
        reviewed(repository, planned(None, OPEN))
        assert not (repository / "ran").exists()

    def test_a_tag_named_as_the_branch_of_the_remote_is_ignored(self, repository: Path) -> None:
        git(repository, "update-ref", "refs/remotes/origin/main", "main")
        git(repository, "branch", "--delete", "--force", "main")
        git(repository, "rm", "mlinfra_checks.py")
        git(repository, "commit", "--message", "remove the checks")
        git(repository, "tag", "origin/main")
        assert FOUND in own(reviewed(repository, planned(None, OPEN)))

    def test_the_target_of_a_merge_request_is_not_the_default_branch(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git(repository, "update-ref", "refs/remotes/origin/main", "main")
        commit(repository, "mlinfra_checks.py", "dev@example.com", CHECKS.replace("ACME001", "OTHER001"))
        git(repository, "update-ref", "refs/remotes/origin/mine", "HEAD")
        (repository / "event.json").write_text(json.dumps({"repository": {"default_branch": "main"}}))
        monkeypatch.setenv("GITHUB_BASE_REF", "mine")
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(repository / "event.json"))
        assert FOUND in own(reviewed(repository, planned(None, OPEN)))

    def test_a_clone_without_the_default_branch_is_an_error(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CI_DEFAULT_BRANCH", "trunk")
        with pytest.raises(OperationError, match="does not contain the default branch 'trunk'"):
            reviewed(repository, planned(None, OPEN))

    def test_a_file_can_be_tried(self, repository: Path) -> None:
        commit(repository, "mlinfra_checks.py", "dev@example.com", CHECKS.replace("ACME001", "OTHER001"))
        reviewed(repository, planned(None, OPEN))
        given = repository / "mlinfra_checks.py"
        report = review([repository / "dev-data.json"], root=repository, today=TODAY, checks=given)
        assert [each[0] for each in own(report)] == ["OTHER001"]

    def test_a_file_that_does_not_exist_cannot_be_tried(self, project: Path) -> None:
        with pytest.raises(DeclarationError, match="the file does not exist"):
            review([project], root=project, today=TODAY, checks=project / "missing.py")


class TestAcknowledgements:
    """Acknowledgements in the stack that `mlinfra plan` saves beside the plan."""

    def acknowledge(self, project: Path, **given: str) -> None:
        entry = {"check": "ACME001", "path": "dev-data/x", "reason": "It is a bastion.", **given}
        body = {"//": {"metadata": {"path": "dev-data/x"}}}
        stack = {"//": {"mlinfra": {"acknowledged": [entry]}}, "resource": {"aws_instance": {"x": body}}}
        (project / "stack").mkdir()
        (project / "stack" / "cdk.tf.json").write_text(json.dumps(stack))

    def test_the_author_of_a_change_cannot_approve_it_by_an_acknowledgement(self, project: Path) -> None:
        self.acknowledge(project, until="2026-12-31")
        text = "it gets a public address. Acknowledged in the code until 2026-12-31: It is a bastion."
        assert own(reviewed(project, planned(None, OPEN))) == [("ACME001", "hold", text)]

    def test_an_approval_of_the_problem_stays_valid_when_it_is_acknowledged(self, project: Path) -> None:
        before = reviewed(project, planned(None, OPEN))
        self.acknowledge(project)
        after = reviewed(project, planned(None, OPEN))
        assert [each.digest for each in before.held] == [each.digest for each in after.held]

    def test_once_applied_it_is_a_note(self, project: Path) -> None:
        self.acknowledge(project)
        assert [each[1] for each in own(reviewed(project, planned(OPEN, OPEN | {"ami": "ami-2"})))] == ["note"]

    @pytest.mark.parametrize("given", [{"until": "2026-11-25"}, {"check": "ACME009"}, {"path": "dev-data/y"}])
    def test_another_or_an_expired_one_does_not_count(self, project: Path, given: dict[str, str]) -> None:
        self.acknowledge(project, **given)
        assert [each[1] for each in own(reviewed(project, planned(OPEN, OPEN | {"ami": "ami-2"})))] == ["warning"]


def test_a_finding_is_approved_as_any_other(repository: Path) -> None:
    assert "ACME001" in [each.id for each in reviewed(repository, planned(None, OPEN)).held]
    git(repository, "config", "user.email", "ana@example.com")
    approve(
        ["ACME001"],
        [repository / "dev-data.json"],
        root=repository,
        today=TODAY,
        reason="It is a bastion.",
        who="ana@example.com",
    )
    commit(repository, "approvals/dev-data.yaml", "ana@example.com")
    assert "ACME001" not in [each.id for each in reviewed(repository, planned(None, OPEN)).held]


@pytest.mark.parametrize("value", [True, False, MISSING])
def test_synth_and_review_agree(project: Path, synth: Synth, value: Any) -> None:
    """The same resource has the same finding, with the same id and level, from the same declaration."""
    from mlinfra._cdk.aws import instance
    from mlinfra.checks import StackConfiguration
    from mlinfra.checks.evaluation import evaluate

    values = {} if value is MISSING else {"associate_public_ip_address": value}
    template = synth.constructs(
        lambda stack: instance.Instance(
            stack, "x", ami="ami-1", instance_type="t3.micro", volume_tags=dict(stack.default_tags), **values
        )
    )
    checks = [each for each in read_checks(project) if each.id == "ACME001"]
    results = evaluate(StackConfiguration("dev-test", template.document), checks, today=date(2026, 11, 30))
    at_synth = [(each.check.id, each.level.value, each.problem.text.partition(": ")[2]) for each in results]
    assert at_synth == own(reviewed(project, planned(None, {"ami": "ami-1", **values})))
    assert at_synth == ([FOUND] if value is True else [])
