"""Which weights are trained: low-rank adapters, with some modules in full, or all weights."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import peft

from mella_spark.errors import InputError, UsageError
from mella_spark.settings import TrainSettings
from mella_spark.training import backbone


def adapt(model: Any, settings: TrainSettings) -> Any:
    """The model with the weights trainable that ``settings`` name, and all others frozen.

    Raises ``UsageError`` where a named module is not in the model, or nothing is left to train.
    """
    if settings.method == "full":
        frozen = re.compile(settings.frozen_modules or "(?!)")
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(frozen.fullmatch(name) is None)
        if not any(parameter.requires_grad for parameter in model.parameters()):
            raise UsageError("train.frozen_modules matches every weight of the model.")
        return model
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    if missing := [name for name in settings.modules_to_save if name not in names]:
        raise UsageError(
            f"The model has no module named {', '.join(missing)}.",
            "Set train.modules_to_save to names of its modules, or to [].",
        )
    targets = settings.target_modules
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        exclude_modules=settings.frozen_modules or None,
        modules_to_save=list(settings.modules_to_save) or None,
        ensure_weight_tying=bool(getattr(model.config, "tie_word_embeddings", False)),
        base_model_name_or_path=backbone.resolve(settings.model),
    )
    try:
        with warnings.catch_warnings():  # peft reads a property that transformers is renaming
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
            return peft.get_peft_model(model, config)
    except ValueError as error:
        raise UsageError(f"Adapters do not fit the model: {str(error).splitlines()[0]}") from None


def save(model: Any, processor: Any, folder: Path) -> None:
    """Writes the adapter or the whole model, and the processor, as their libraries read them."""
    if isinstance(model, peft.PeftModel):
        model.save_pretrained(str(folder), save_embedding_layers=False)
    else:
        model.save_pretrained(folder)
    processor.save_pretrained(folder)


def is_adapter(folder: Path) -> bool:
    """Whether ``folder`` holds an adapter rather than a model."""
    return (folder / "adapter_config.json").is_file()


def load_adapter(model: Any, folder: Path) -> Any:
    """The model with the adapter of ``folder`` on it, in evaluation mode."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
            return peft.PeftModel.from_pretrained(model, str(folder)).eval()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"Cannot put the adapter {folder} on the model: {str(error).splitlines()[0]}",
            "It must have been trained on the same base model.",
        ) from None
