"""Permissions of the local AWS: IAM evaluates each request, if the server is started with `enforce_iam`."""
