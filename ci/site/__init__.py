"""The documentation site: pages that are written from the code, and the build: `python -m ci.site`."""
