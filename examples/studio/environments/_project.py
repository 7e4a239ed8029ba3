"""Values of all environments. Files with names that begin with `_` are not environments."""

from pathlib import Path

from mlinfra import Person, Space, StudioSettings, Team

_START = Path(__file__).resolve().parent.parent / "start.sh"

PEOPLE = {
    "ranking": ("ana", "ben", "chen", "dina", "elif", "farid"),
    "search": ("goran", "hana", "ines", "jamal", "kenji", "li"),
    "ads": ("maria", "noor", "omar", "priya"),
    "research": ("quentin", "rosa", "sam", "tariq"),
}
"""The people of each team. A new line here is a new user profile; a removed one removes it."""

PROJECT = {
    "project": "notebooks",
    "team": "ml-platform",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ml/notebooks",
    "teams": [
        Team(name="ranking", instance_types=["ml.t3.medium", "ml.g4dn.xlarge"], writes=["features"]),
        Team(name="search", instance_types=["ml.t3.medium", "ml.g4dn.xlarge"], writes=["features"]),
        Team(name="ads", instance_types=["ml.t3.medium"], reads=["processed", "features"]),
        Team(name="research", instance_types=["ml.t3.medium", "ml.g4dn.xlarge", "ml.g5.xlarge"]),
    ],
    "people": [
        Person(name=person, email=f"{person}@example.com", team=team)
        for team, members in PEOPLE.items()
        for person in members
    ],
    "studio": StudioSettings(
        default_instance_type="ml.t3.medium",
        idle_minutes=60,
        max_idle_minutes=120,
        default_space_storage_gib=10,
        max_space_storage_gib=50,
        spaces=[Space(name="ranking-room", owner="ana", shared=True, storage_gib=50)],
        lifecycle_scripts={"JupyterLab": _START.read_text()},
    ),
}
