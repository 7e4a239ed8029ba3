"""The same on a local AWS, in the middle of its Capacity Block: no account, no credentials, no cost."""

from datetime import datetime, time, timedelta, timezone

from environments._project import PROJECT

from mlinfra import CapacityBlock, Environment, Experiment
from mlinfra.declarations import present_day

_NOON = datetime.combine(present_day(), time(12), timezone.utc)

local = Environment(
    name="local",
    account_id="123456789012",  # the account that the local AWS answers for
    region="us-east-1",
    monthly_spend_limit_usd=1,
    emulated=True,
    protect_data=False,
    availability_zones=2,
    experiments=[
        Experiment(
            name="fine-tune",
            owner="ana@example.com",
            gpu="H100",
            gpus_per_node=8,
            nodes=2,
            zone="us-east-1a",  # that of the block
            purchase=CapacityBlock(
                reservation_id="cr-0123456789abcdef0",
                starts=_NOON - timedelta(days=2),
                ends=_NOON + timedelta(days=5),
            ),
            expires=present_day() + timedelta(days=5),
        ),
    ],
    **PROJECT,
)
