"""Phrases that texts of this project do not use, and the words to use instead.

Each entry has a sample that contains the phrase, and may have samples that resemble it and are allowed. The tests of
`ci/words.py` check both.
"""

from __future__ import annotations

from typing import NamedTuple


class Phrase(NamedTuple):
    """A banned phrase."""

    pattern: str
    """Regular expression, without regard to case. A space matches any white space, line breaks included."""
    instead: str
    """The suggestion that is printed."""
    sample: str
    """A text that contains the phrase."""
    allowed: tuple[str, ...] = ()
    """Texts that resemble the phrase and are allowed."""


PHRASES = (
    Phrase(r"\bnobody\b", "name the role (the owner, no principal), or say 'unused', 'not managed'", "Nobody uses it."),
    Phrase(r"\bsomebody\b", "name the role: the owner, a reviewer, a principal", "Somebody has to approve."),
    Phrase(r"\bwhoever\b", "name the role: the owner, the operator", "Whoever runs it sees the plan."),
    Phrase(
        r"\bwhose (?:it|they|this|that|these|those) |\b(?:what|why|when|where|and|or|know|knows|say|says|tell|tells)"
        r",? whose\b",
        "say 'the owner of'",
        "It says whose it is.",
        ("Stacks whose names differ are skipped.",),
    ),
    Phrase(
        r"(?<!\bthere\s)\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|later\b|different\b"
        r"|greater\b|larger\b|smaller\b|older\b|newer\b|other\b)",
        "say 'is not a valid ...', 'has no ...' or 'is not a ...'",
        "days=0 is no age.",
        ("There is no lock file.", "It is no longer used.", "The limit is no more than 5."),
    ),
    Phrase(
        r"\bst(?:ands?|ood)\b(?! for\b|-)",
        "say 'is', 'is declared', 'is stored', 'is listed'",
        "The name stands there 2 times.",
        ("AMI stands for Amazon Machine Image.", "He understands.", "A stand-in for boto3."),
    ),
    Phrase(
        r"\basks? (?:it|them)\b", "say 'calls', 'requests', 'uses'", "Nothing asks it.", ("It asks for four GPUs.",)
    ),
    Phrase(r"\btold\b", "say 'is notified', 'is reported'", "The owner is told of it.", ("A threshold.",)),
    Phrase(
        r"\blets? (?:\w+ ){1,3}be\b", "say 'leaves ... unchanged', 'skips ...'", "Let the cluster be.", ("Let it run.",)
    ),
    Phrase(r"\beach once\b", "say 'must be unique', 'one ... per ...'", "Expected: names, each once."),
    Phrase(
        r"\bodd(?:ly)?\b(?! (?:number|minute|day|hour)s?\b)",
        "say 'unexpected', 'invalid'",
        "Something is odd.",
        ("An odd number of nodes.", "oddments"),
    ),
    Phrase(r"\bgone\b", "say 'was deleted', 'is not found', 'has ended'", "The bucket is gone."),
    Phrase(
        r"\bgo(?:es)? away\b|\bgoes with it\b|\bgoes too\b|\bshall go\b",
        "say 'is deleted', 'is removed'",
        "The cluster goes away.",
        ("The request goes to AWS.",),
    ),
    Phrase(r"\bkin\b", "say 'and similar ...', or list them", "Images of Ubuntu and kin.", ("Any kind.",)),
    Phrase(
        r"\bas (?:it is|it was|they are|they were|things are)(?=\s*(?:[.,;:!?)]|$))",
        "say 'unchanged'",
        "The file is left as it is.",
        ("As it is encrypted, no key is needed.", "As they are sorted, order is stable."),
    ),
    Phrase(
        r"\b(?:comes?|came|coming) to\b(?! (?:mind|an end)\b)",
        "say 'results in', 'is', 'amounts to', 'is reached'",
        "The cost comes to 3 USD.",
    ),
    Phrase(r"\bmend(?:s|ed|ing)?\b", "say 'fix'", "Mend the file.", ("Amended.", "Recommended.")),
    Phrase(r"\banew\b", "say 'again'", "It is resolved anew."),
    Phrase(r"\bbesides\b", "say 'also', 'in addition to', 'apart from'", "Besides, it is encrypted.", ("Beside it.",)),
    Phrase(
        r"\blook(?:s|ed|ing)? (?:at|into)\b",
        "say 'checks', 'reads', 'inspects', 'see'",
        "It looks at every node.",
        ("Looks up a parameter.", "Lookups at plan time."),
    ),
    Phrase(
        r"\bby (?:itself|themselves)\b",
        "say 'automatically', 'alone', 'on its own'",
        "It stops by itself.",
        ("Sorted by name.",),
    ),
)

SUMMARY = r"\A\s*(?:What|Who|How|That)\b"
"""The beginning of a docstring that is not a summary; FLAG finds one that begins with Whether."""

FLAG = r"^[ \t]*(?:\w+(?: \([^)]*\))?: )?Whether\b"
"""A line of a docstring that documents a flag as a question."""
