"""Programs that jobs of GitLab CI run."""
