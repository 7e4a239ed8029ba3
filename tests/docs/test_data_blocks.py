"""Documents on the pages are accepted by what reads them: policies, lists of drift, approvals, pipelines, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.data_blocks import LANGUAGES, problems
from tests.docs.pages import Block, of_language

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = of_language(*LANGUAGES)


@pytest.mark.parametrize("block", DOCUMENTS, ids=[each.place for each in DOCUMENTS])
def test_a_document_is_accepted_by_what_reads_it(block: Block, tmp_path: Path) -> None:
    found = problems(block.language, block.text, tmp_path)
    assert found == [], f"{block.place}: {found}"


@pytest.mark.parametrize(
    ("language", "text", "problem"),
    [
        ("json", '{"a": }', "it cannot be parsed"),
        ("json", '{"some": "object"}', "it is of no known kind"),
        ("json", '[{"Effect": "Allow", "Action": "s3:ReadObject", "Resource": "*"}]', "s3:ReadObject"),
        ("json", '[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]', "s3:*"),
        ("json", '{"ends_at": "2026-11-30T10:17:00Z", "node": "i-0d2c"}', "instance_id"),
        ("json", '{"app": "python app.py", "language": "python"}', "app is"),
        ("yaml", "- address: aws_subnet.private\n  attribute: tags\n  stack: dev-foundation\n", "reason"),
        ("yaml", "- finding: MLR999\n  until: 2026-12-18\n", "MLR999"),
        ("yaml", "on: push\njobs:\n  a:\n    steps: []\n", "runs-on"),
        ("yaml", "include:\n  - local: /no-such-file.yml\n", "no-such-file.yml does not exist"),
        ("yaml", "plan:\n  script: []\nempty:\n  tags: []\n", "the job empty has nothing to run"),
        ("toml", '[project]\ndependencies = ["mlinfra-cdktf[no-such]"]\n', "no extra 'no-such'"),
    ],
)
def test_a_wrong_document_is_found(language: str, text: str, problem: str, tmp_path: Path) -> None:
    assert any(problem in each for each in problems(language, text, tmp_path))
