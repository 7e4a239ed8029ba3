"""Callbacks of training frameworks.

The frameworks are replaced by their documented interfaces: both need PyTorch, which is larger than all other
dependencies.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mlinfra.job import training_job
from mlinfra.job.hooks import lightning_callback, transformers_callback
from mlinfra.job.progress import Progress


class Callback:
    """The base class of callbacks in both frameworks: every method exists and does nothing."""


@pytest.fixture
def framework(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a package with a class of callbacks."""

    def install(name: str, **names: Any) -> None:
        for depth in range(name.count(".") + 1):
            part = ".".join(name.split(".")[: depth + 1])
            monkeypatch.setitem(sys.modules, part, ModuleType(part))
        for each, value in names.items():
            setattr(sys.modules[name], each, value)

    for absent in ("lightning", "lightning.pytorch", "pytorch_lightning", "transformers"):
        monkeypatch.setitem(sys.modules, absent, None)
    return install


def step(progress: Progress) -> str | None:
    return progress.last[1] if progress.last else None


@pytest.mark.parametrize("name", ["lightning.pytorch", "pytorch_lightning"])
def test_lightning_reports_every_batch(framework: Any, name: str) -> None:
    framework(name, Callback=Callback)
    progress = Progress(60)
    callback = lightning_callback(progress)
    assert isinstance(callback, Callback)
    trainer = SimpleNamespace(global_step=7)
    callback.on_train_batch_end(trainer, None, outputs=None, batch=None, batch_idx=0)
    assert step(progress) == "7"
    trainer.global_step = 8
    callback.on_validation_batch_end(trainer, None, None, None, 0, dataloader_idx=1)
    assert step(progress) == "8"
    assert {"on_test_batch_end", "on_predict_batch_end"} <= set(dir(callback))


def test_transformers_report_every_step(framework: Any) -> None:
    framework("transformers", TrainerCallback=Callback)
    progress = Progress(60)
    callback = transformers_callback(progress)
    assert isinstance(callback, Callback)
    callback.on_step_end("arguments", SimpleNamespace(global_step=3), "control", model=None)
    assert step(progress) == "3"
    callback.on_prediction_step("arguments", SimpleNamespace(global_step=4), "control")
    assert step(progress) == "4"


def test_a_job_makes_callbacks_of_its_own_progress(framework: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLINFRA_TABLE", raising=False)
    framework("transformers", TrainerCallback=Callback)
    framework("pytorch_lightning", Callback=Callback)
    with training_job("train") as job:
        assert isinstance(job.transformers_callback(), Callback)
        assert isinstance(job.lightning_callback(), Callback)


def test_a_missing_framework_is_named(framework: Any) -> None:
    assert framework
    with pytest.raises(ImportError, match=r"PyTorch Lightning is not installed: none of lightning\.pytorch, pytorch_"):
        lightning_callback(Progress(60))
    with pytest.raises(ImportError, match="transformers"):
        transformers_callback(Progress(60))
