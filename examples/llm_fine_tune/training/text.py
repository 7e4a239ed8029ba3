"""Text that the program makes itself: general sentences, and the answers of a support desk."""

from __future__ import annotations

import random
import string

END = "\n"
ALPHABET = END + string.ascii_lowercase + string.digits + " .,"

_NOUNS = ("river", "teacher", "window", "garden", "letter", "mountain", "kitchen", "summer", "city", "horse")
_VERBS = ("sees", "opens", "follows", "remembers", "paints", "crosses", "likes", "finds")
_ADJECTIVES = ("old", "quiet", "green", "large", "early", "warm", "distant")
_ITEMS = ("router", "keyboard", "monitor", "adapter", "headset")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_ANSWERS = (
    "your {item} was shipped on {day}, order {number}.",
    "please restart the {item} and try again.",
    "the refund for order {number} is paid on {day}.",
    "we replace your {item}, order {number}, on {day}.",
)


def general_lines(count: int = 400) -> list[str]:
    """General sentences, always the same: the text of the frozen weights."""
    chance = random.Random(0)  # noqa: S311  reproducible data, not a secret
    return [
        f"the {chance.choice(_ADJECTIVES)} {chance.choice(_NOUNS)} {chance.choice(_VERBS)} "
        f"the {chance.choice(_ADJECTIVES)} {chance.choice(_NOUNS)}."
        for _ in range(count)
    ]


def support_lines(seed: str, count: int) -> list[str]:
    """Answers of the support desk, the same for the same seed.

    Args:
        seed: names the lines, such as a step and a rank: a run that goes on sees the lines that it would have seen.
        count: the number of lines.
    """
    chance = random.Random(seed)  # noqa: S311  reproducible data, not a secret
    return [
        chance.choice(_ANSWERS).format(
            item=chance.choice(_ITEMS), day=chance.choice(_DAYS), number=chance.randrange(1000, 10_000)
        )
        for _ in range(count)
    ]
