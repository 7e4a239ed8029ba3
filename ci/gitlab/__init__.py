"""What jobs of GitLab run."""
