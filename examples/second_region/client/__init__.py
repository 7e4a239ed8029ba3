"""The client of the endpoint in two regions."""
