"""Everything that runs for a person or a team, on one screen."""
