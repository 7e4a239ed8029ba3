"""The Lambda functions, called as Lambda calls them, against a local AWS."""
