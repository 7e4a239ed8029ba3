"""One change of moto's data at a time.

moto's server answers each request in a thread, and moto's backends are not safe for threads: while one request reads a
dictionary, another adds to it, and the first fails with an internal error. The client repeats it, and what the first
attempt had half done is then refused, such as an instance of which half of the network interfaces are deleted.
"""

from __future__ import annotations

import threading

one_at_a_time = threading.RLock()
"""Held while something reads or changes moto's data: a request, or a thread of the local AWS.

One lock for all services, since they use the data of others, such as Auto Scaling that of EC2."""
