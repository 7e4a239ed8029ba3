"""Output on the pages, and the languages of all blocks: each block of a page is handled by a test of this folder."""

from __future__ import annotations

import pytest

from tests.docs.data_blocks import LANGUAGES
from tests.docs.output_blocks import is_query, unknown_fields, unknown_pairs
from tests.docs.pages import BLOCKS, Block, blocks_of, of_language
from tests.docs.shell_blocks import COMMANDS, commands

HANDLED = {
    "python": "test_python_blocks.py executes it",
    "bash": "test_shell_blocks.py runs its commands",
    "console": "test_shell_blocks.py runs its commands, and this file compares their output",
    "text": "this file compares it with what the program writes, or the tutorial's test with what it has written",
    "sh": "tests/deploy/test_tutorial.py executes it",
    "diff": "tests/deploy/test_tutorial.py applies it",
    **dict.fromkeys(LANGUAGES, "test_data_blocks.py reads it"),
}
FOLLOWED = "docs/tutorial.md"
SHOWN = {
    **{each.place: each.text for each in of_language("text") if not is_query(each) and each.page != FOLLOWED},
    **{each.place: each.output for each in COMMANDS if each.output},
}
QUERIES = [each for each in of_language("text") if is_query(each)]


@pytest.mark.parametrize("place", SHOWN)
def test_output_has_the_words_that_the_program_writes(place: str) -> None:
    found = unknown_pairs(SHOWN[place])
    assert found == [], f"{place}: no text of the program, and no recorded output, has the words {found}"


@pytest.mark.parametrize("query", QUERIES, ids=[each.place for each in QUERIES])
def test_a_query_reads_fields_that_the_functions_write(query: Block) -> None:
    assert unknown_fields(query.text) == [], query.place


def test_changed_output_is_found() -> None:
    assert unknown_pairs("✓ Wait for the nodes  2 of 2 are ready  194.8 s\n") == []
    assert unknown_pairs("✓ Wait for the racks  2 of 2 are ready  194.8 s\n") == ["the racks"]
    assert unknown_fields('fields @timestamp, usd_wasted\n| filter message = "Stopped For Fun"') == [
        "usd_wasted",
        "Stopped For Fun",
    ]


def test_every_block_is_handled() -> None:
    assert len(BLOCKS) > 130
    unhandled = [f"{each.place} ({each.language or 'no language'})" for each in BLOCKS if each.language not in HANDLED]
    assert unhandled == [], (
        f"Blocks that no test handles: {', '.join(unhandled)}. Write one of these languages behind the fence: "
        f"{', '.join(HANDLED)}; commands are bash, commands with their output console, output alone text."
    )


def test_only_the_tutorial_has_blocks_that_its_own_test_executes() -> None:
    assert {each.page for each in of_language("sh", "diff")} == {FOLLOWED}


def test_blocks_of_lists_are_read_without_their_indentation() -> None:
    text = "1. Run:\n\n   ```bash\n   mlinfra plan \\\n     dev-data && mlinfra apply\n   ```\n"
    (block,) = blocks_of(text, "docs/page.md")
    assert (block.place, block.language) == ("docs/page.md:3", "bash")
    assert [each.text for each in commands(block)] == ["mlinfra plan dev-data", "mlinfra apply"]


def test_sessions_have_the_output_of_their_commands() -> None:
    (block,) = blocks_of("```console\n$ cd x\n$ A=1 mlinfra runs list  # all\nRun  Status\n1    ok\n```\n", "page.md")
    assert [(each.text, each.output) for each in commands(block)] == [
        ("cd x", ""),
        ("mlinfra runs list", "Run  Status\n1    ok\n"),
    ]
