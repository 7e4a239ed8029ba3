"""Why the provider bindings cannot be loaded lazily."""


class NotLazyError(Exception):
    """Something is not as the lazy loading needs it; the message says what. The stock way of loading still works."""
