"""Write docs/environments.md from the models: `python -m ci.environment_docs`."""

from __future__ import annotations

from pathlib import Path

from mlinfra import (
    AcceleratorStop,
    Adopted,
    AnomalyAlert,
    Asynchronous,
    BlueGreen,
    CapacityBlock,
    CapacityReservation,
    CostAssumptions,
    CostExportSettings,
    DataLakeSettings,
    Endpoint,
    Environment,
    Experiment,
    FeatureGroup,
    Forgotten,
    Governance,
    Image,
    Lustre,
    OnDemand,
    Person,
    Pipeline,
    Queue,
    QuietHours,
    RealTime,
    RegisteredModel,
    Serverless,
    SlackChannel,
    Space,
    SpendBudget,
    SpendLimits,
    Spot,
    StudioSettings,
    TagRules,
    Team,
    Tracking,
    TrainingJobs,
    Variant,
    WithoutRollback,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "environments.md"

MODELS = (
    Environment,
    CostAssumptions,
    SpendLimits,
    DataLakeSettings,
    QuietHours,
    Image,
    Experiment,
    OnDemand,
    Spot,
    CapacityReservation,
    CapacityBlock,
    Lustre,
    Queue,
    Endpoint,
    Variant,
    RealTime,
    Serverless,
    Asynchronous,
    BlueGreen,
    WithoutRollback,
    RegisteredModel,
    Adopted,
    Forgotten,
    FeatureGroup,
    Tracking,
    Team,
    Person,
    StudioSettings,
    Space,
    Pipeline,
    TrainingJobs,
    TagRules,
    Governance,
    SpendBudget,
    AcceleratorStop,
    AnomalyAlert,
    CostExportSettings,
    SlackChannel,
)


def page() -> str:
    """The content of the page."""
    parts = [
        "# Environments and experiments",
        "Written by `python -m ci.environment_docs` from the models; a test keeps it up to date.",
    ]
    for model in MODELS:
        summary = (model.__doc__ or "").splitlines()[0]
        rows = [
            f"| `{name}` | {'required' if field.is_required() else ''} | {field.description} |"
            for name, field in model.model_fields.items()
            if not field.exclude
        ]
        parts += [f"## {model.__name__}", summary]
        if rows:
            parts.append("\n".join(["| field | | description |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
