"""Layout of the unit tests: `tests/unit/a/test_b.py` specifies `mlinfra/a/b.py` or the package `mlinfra/a/b/`."""

from __future__ import annotations

from tests.conftest import ROOT

TESTS = ROOT / "tests" / "unit"
PACKAGE = ROOT / "mlinfra"

SEVERAL_MODULES = {
    "_cdk/test_resolution.py": "specifies resolution.js, which node loads",
    "constructs/training/test_check_node.py": "runs the program mlinfra-check-node",
    "constructs/training/test_user_data_commands.py": "runs the shell scripts of constructs/training/user_data",
    "declarations/test_mutations.py": "mutates declarations of every kind",
    "functions/test_faults.py": "injects faults into every function",
    "functions/test_kept_volumes.py": "specifies the janitor's deletion of volumes",
    "functions/test_random_fleets.py": "generates fleets for the janitor and the idle stop",
    "functions/test_replay.py": "replays workloads of benchmarks/idle through the shutdown functions",
    "functions/test_replay_aws.py": "compares the AWS of benchmarks/idle with the local AWS",
    "job/test_data_parallel_example.py": "runs the data-parallel example",
    "job/test_example.py": "runs the example of a job",
    "job/test_faults.py": "injects faults between a job and AWS",
    "local_aws/nodes/test_runs.py": "executes runs on nodes of the local AWS, from the document to the result",
    "local_aws/test_all_gaps.py": "checks the rules that all gaps keep",
    "operations/review/test_harmless.py": "specifies what no rule of the review holds",
    "operations/runs/test_queue_permissions.py": "runs in a queue as a person with the policies of the documentation",
    "test_consumer_types.py": "type-checks the code of a project that imports mlinfra",
    "test_layout.py": "checks this layout",
    "test_public_names.py": "lists the public names of mlinfra and mlinfra.testing",
}
"""Tests of several modules, by path, with the reason."""

FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py"))


def mirrored(path: str) -> bool:
    """True if a module or package of mlinfra has the name and place of the test."""
    test = TESTS / path
    folder, name = PACKAGE / test.relative_to(TESTS).parent, test.stem.removeprefix("test_")
    modules = (folder / f"{name}.py", folder / f"_{name}.py", folder / f"__{name}__.py", folder / name / "__init__.py")
    return any(module.is_file() for module in modules)


def test_each_file_mirrors_a_module_or_is_listed_with_a_reason() -> None:
    lacking = [path for path in FILES if not mirrored(path) and path not in SEVERAL_MODULES]
    assert lacking == [], "mlinfra has no module for these files of tests/unit"


def test_every_listed_file_exists_and_mirrors_no_module() -> None:
    assert [path for path in SEVERAL_MODULES if path not in FILES or mirrored(path)] == []
