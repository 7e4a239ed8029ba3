"""The environment of the fine-tune: two hosts with eight H100 each, for the seven days of a Capacity Block."""

from datetime import date, datetime, timezone

from environments._project import PROJECT

from mlinfra import CapacityBlock, Environment, Experiment

dev = Environment(
    name="dev",
    account_id="111111111111",  # replace it by the id of your account
    region="us-east-1",
    monthly_spend_limit_usd=15_000,
    protect_data=False,  # True where data must survive `mlinfra destroy`
    alert_emails=["language@example.com"],
    experiments=[
        Experiment(
            name="fine-tune",
            owner="ana@example.com",
            gpu="H100",
            gpus_per_node=8,
            nodes=2,
            zone="us-east-1a",  # that of the block
            purchase=CapacityBlock(
                reservation_id="cr-0123456789abcdef0",  # of the block that you have purchased
                starts=datetime(2026, 12, 1, 11, 30, tzinfo=timezone.utc),
                ends=datetime(2026, 12, 8, 11, 30, tzinfo=timezone.utc),
            ),
            expires=date(2026, 12, 8),
        ),
    ],
    **PROJECT,
)
