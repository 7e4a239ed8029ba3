"""Concurrent reading of all regions, with bounded threads, adaptive retries and progress."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from mlinfra.operations.audit.found import Place
from mlinfra.operations.audit.item import FailedRead
from mlinfra.operations.audit.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlinfra.operations.audit.found import Found
    from mlinfra.operations.audit.reader import Reader
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform import Step

THREADS: Final = 24
"""The number of lists that are read at the same time."""

FAILURES: Final = (ClientError, BotoCoreError, ResponseParserError)
"""The exceptions of a failed request: refused, throttled to the end, no response, or an incomplete one."""

CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "adaptive", "total_max_attempts": 10},
    max_pool_connections=THREADS,
)
"""Adaptive retries also slow down the requests of a client after throttling (botocore, "Retries")."""

_ALL_SERVICES: Final = frozenset(each.service for each in READERS if not each.is_global)
_NO_ENDPOINT: Final = "EndpointConnectionError"
"""The error of botocore for an endpoint that cannot be resolved or reached. EC2 is offered in every region."""
_LONGEST_REASON: Final = 200
"""Characters. Proxies may answer with whole pages."""


class RegionalClients:
    """boto3 clients by service and region, for all threads. Clients are thread-safe, and their creation is not."""

    def __init__(self, account: AwsAccount) -> None:
        """Create clients with the credentials of `account`."""
        self.account = account
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, region: str) -> Any:  # noqa: ANN401  boto3 makes its clients at run time
        """The client of `service` in `region`."""
        with self._lock:
            if (service, region) not in self._clients:
                client = self.account.session.client(service, region_name=region, config=CONFIG)
                self._clients[service, region] = client
            return self._clients[service, region]

    @property
    def partition(self) -> str:
        """The partition of the account, such as aws."""
        return self.account.caller.split(":")[1]


@dataclass(frozen=True)
class Regions:
    """The regions of an account."""

    enabled: tuple[str, ...]
    disabled: tuple[str, ...] = ()


def regions_of(clients: RegionalClients, home: str) -> Regions:
    """The regions that are enabled for the account, and the others.

    Args:
        clients: the clients.
        home: the region of the request.
    """
    listed = clients.get("ec2", home).describe_regions(AllRegions=True)["Regions"]
    by_status = {each["RegionName"]: each.get("OptInStatus", "opt-in-not-required") for each in listed}
    disabled = sorted(name for name, status in by_status.items() if status == "not-opted-in")
    return Regions(tuple(sorted(by_status.keys() - disabled)), tuple(disabled))


@dataclass
class Scan:
    """The resources that were read, and the failures."""

    found: list[Found] = field(default_factory=list)
    failed: list[FailedRead] = field(default_factory=list)
    not_offered: list[FailedRead] = field(default_factory=list)
    """Services without an endpoint in a region in which others respond."""


def scan(
    clients: RegionalClients,
    regions: Sequence[str],
    step: Step,
    *,
    home: str,
    readers: Iterable[Reader] = READERS,
    threads: int = THREADS,
) -> Scan:
    """Read all lists in all regions. The failure of one list is recorded, and what was read before it is kept.

    Args:
        clients: the clients.
        regions: the regions to read. Resources of global lists in other regions are left out.
        step: shows the progress.
        home: the region of the requests for global lists.
        readers: the readers. Default: all.
        threads: the number of lists that are read at the same time.
    """
    account_id = clients.account.account_id
    tasks = [
        (reader, Place(region, account_id, clients.partition))
        for reader in readers
        for region in ((home,) if reader.is_global else regions)
    ]
    result = Scan()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="audit")
    try:
        running = {pool.submit(_read, clients, *task): task for task in tasks}
        for count, each in enumerate(as_completed(running), start=1):
            found, failed = each.result()
            result.found += [one for one in found if one.region in regions]
            result.failed += failed
            reader, place = running[each]
            step.say(f"{count} of {len(tasks)} lists, last {reader.kinds[0]} in {place.region}")
    finally:
        pool.shutdown(cancel_futures=True)
    reached = {place.region for reader, place in tasks} - {
        each.region for each in result.failed if each.service == "ec2" and each.code == _NO_ENDPOINT
    }
    result.not_offered = merged(each for each in result.failed if each.code == _NO_ENDPOINT and each.region in reached)
    result.failed = merged(each for each in result.failed if not (each.code == _NO_ENDPOINT and each.region in reached))
    return result


def _read(clients: RegionalClients, reader: Reader, place: Place) -> tuple[list[Found], list[FailedRead]]:
    found: list[Found] = []
    try:
        for each in reader.read(clients.get(reader.service, place.region), place):
            found.append(each)  # noqa: PERF402  an exception keeps what was read before it
    except (*FAILURES, KeyError, TypeError, ValueError) as error:
        return found, [failed_read(place.region, reader.service, error, reader.kinds)]
    return found, []


def merged(failed: Iterable[FailedRead]) -> list[FailedRead]:
    """One entry for all failures with the same code of a service, and one for a region in which all services failed."""
    by_cause: dict[tuple[str, str, str], list[FailedRead]] = {}
    for each in failed:
        by_cause.setdefault((each.region, each.service, each.code or each.reason), []).append(each)
    found = [
        replace(
            some[0],
            kinds=tuple(dict.fromkeys(kind for each in some for kind in each.kinds)),
            reason=some[0].reason + (f" (and {len(some) - 1} more)" if len(some) > 1 else ""),
        )
        for some in by_cause.values()
    ]
    whole = {
        each.region
        for each in found
        if {other.service for other in found if other.region == each.region} >= _ALL_SERVICES
    }
    entries = [each for each in found if each.region not in whole]
    for region in whole:
        first = next(each for each in found if each.region == region)
        entries.append(replace(first, service="all services", kinds=()))
    return sorted(entries, key=lambda each: (each.region, each.service, each.reason))


def failed_read(region: str, service: str, error: Exception, kinds: Sequence[str] = ()) -> FailedRead:
    """The entry for an error of AWS, with its text in one line."""
    code = type(error).__name__
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code = details.get("Code") or "unknown error"
        text = f"{error.operation_name} failed: {code}: {details.get('Message', '')}"
    elif isinstance(error, FAILURES):
        text = f"{type(error).__name__}: {error}"
    else:
        text = f"The response could not be parsed ({type(error).__name__}: {error})"
    text = " ".join(text.split())
    reason = text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
    return FailedRead(region, service, reason, tuple(kinds), code)
