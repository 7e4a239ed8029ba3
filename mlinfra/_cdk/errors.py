"""Errors of loading the provider bindings."""


class NotLazyError(Exception):
    """The bindings cannot be loaded lazily, for the reason in the message. They can still be loaded as a whole."""
