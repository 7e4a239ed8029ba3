"""Callbacks that report progress from training frameworks, which are imported when one is made."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlinfra.job.progress import Progress

_LIGHTNING = ("lightning.pytorch", "pytorch_lightning")
"""The package has two names, whose callbacks do not mix. The first that is installed is used."""


def lightning_callback(progress: Progress) -> Any:  # noqa: ANN401  a class of another package
    """A callback for `Trainer(callbacks=[...])` of PyTorch Lightning.

    Source: Lightning documentation, "Callback", read 2026-11-28.

    Raises:
        ImportError: Lightning is not installed.
    """
    base: Any = _first(_LIGHTNING).Callback

    class ProgressCallback(base):  # type: ignore[misc]
        """Reports each batch of training, validation, test and prediction."""

        def on_train_batch_end(self, trainer: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401
            progress.report(trainer.global_step)

        on_validation_batch_end = on_train_batch_end
        on_test_batch_end = on_train_batch_end
        on_predict_batch_end = on_train_batch_end

    return ProgressCallback()


def transformers_callback(progress: Progress) -> Any:  # noqa: ANN401  a class of another package
    """A callback for `Trainer(callbacks=[...])` of Hugging Face Transformers.

    Source: Transformers documentation, "Callbacks", read 2026-11-28.

    Raises:
        ImportError: Transformers is not installed.
    """
    base: Any = import_module("transformers").TrainerCallback

    class ProgressCallback(base):  # type: ignore[misc]
        """Reports each step of optimization, of gradient accumulation and of evaluation."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002
            progress.report(state.global_step)

        on_substep_end = on_step_end
        on_prediction_step = on_step_end

    return ProgressCallback()


def _first(names: tuple[str, ...]) -> Any:  # noqa: ANN401  a module
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if not name.startswith(str(error.name)):
                raise
    message = f"PyTorch Lightning is not installed: none of {', '.join(names)} can be imported"
    raise ImportError(message)
