"""What is looked for in plans, one subject a module."""
