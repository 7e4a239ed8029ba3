"""Resolution and pinning of machine images."""

from __future__ import annotations

from mlinfra.operations.images.pinning import PinChange, diff_images, pin_images

__all__ = ["PinChange", "diff_images", "pin_images"]
