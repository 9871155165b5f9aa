"""Networks that share a device too small for all: each comes when it is called, the last one leaves."""

from __future__ import annotations

from typing import Any

import torch
from accelerate.utils import send_to_device
from accelerate.utils.memory import clear_device_cache
from diffusers.hooks import apply_group_offloading
from torch import nn
from torch.utils.hooks import RemovableHandle

__all__ = ["Turns"]

REST = torch.device("cpu")


class Turns:
    """One place on `device` for whoever works now; the others wait in main memory."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.present: nn.Module | None = None
        self.hooks: dict[nn.Module, RemovableHandle] = {}

    def join(self, module: nn.Module) -> None:
        """From now on `module` comes as a whole when it is called."""
        if module not in self.hooks:
            module.to(REST)
            self.hooks[module] = module.register_forward_pre_hook(self._enter, with_kwargs=True)

    def join_by_blocks(self, module: nn.Module) -> None:
        """From now on the members of `module`'s lists come one by one, on CUDA while the one before works."""
        if module in self.hooks:
            self.hooks.pop(module).remove()
        if self.present is module:
            self.clear()
        module.to(REST)
        apply_group_offloading(
            module,
            onload_device=self.device,
            offload_device=REST,
            offload_type="block_level",
            num_blocks_per_group=1,
            use_stream=self.device.type == "cuda",
        )
        module.register_forward_pre_hook(lambda *_: self.clear())

    def clear(self) -> None:
        """Whoever is there leaves."""
        if self.present is not None:
            self.present.to(REST)
            self.present = None
            clear_device_cache()

    def bring(self, module: nn.Module) -> None:
        """Have a member come now, for those who use its parts rather than call it."""
        if module in self.hooks and self.present is not module:
            self.clear()
            module.to(self.device)
            self.present = module

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> tuple[Any, Any]:
        self.bring(module)
        return send_to_device(args, self.device), send_to_device(kwargs, self.device)
