"""What is measured: one model with its processor, one set of pictures, one way to ask."""

from __future__ import annotations

import shutil
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.caption import shapes
from mella_spark.models import resident
from mella_spark.models.captioner import TransformersCaptioner
from mella_spark.models.devices import spark_gpu_address
from mella_spark.models.keys import EMBEDDED, model_folder
from mella_spark.models.prompts import load_prompt, render
from mella_spark.models.protocols import Answer, Prepared
from mella_spark.settings import CaptionSettings

MODELS = (EMBEDDED, *shapes.SHAPES)


class Listener(TransformersCaptioner):
    """Our captioner, which can keep the batches that the engine made, and refuse large ones."""

    kept: list[Prepared] | None = None
    most_positions: int | None = None
    refused: int = 0

    def run(self, prepared: Prepared) -> list[Answer]:
        """As always; ``RuntimeError`` like CUDA's where ``most_positions`` are exceeded."""
        if self.most_positions is not None and prepared.positions > self.most_positions:
            self.refused += 1
            raise RuntimeError("CUDA out of memory (forced by the benchmark)")
        if self.kept is not None:
            self.kept.append(prepared)
        return super().run(prepared)


@dataclass
class Subject:
    """A loaded model, and what it is asked; ``recorded`` are the batches our engine makes."""

    captioner: Listener
    settings: CaptionSettings
    batches: list[pa.RecordBatch]
    recorded: list[Prepared] = field(default_factory=list)

    @property
    def model(self) -> Any:
        """The model as transformers knows it."""
        return self.captioner.model

    @property
    def new_tokens(self) -> int:
        """Tokens of every answer."""
        return self.settings.max_new_tokens

    @property
    def prompt(self) -> str:
        """What is asked about every picture."""
        return render(load_prompt(self.settings.prompt), None, None, self.settings.web_text_chars)

    @property
    def pictures(self) -> list[bytes]:
        """The encoded pictures."""
        return [data.as_py() for batch in self.batches for data in batch.column("bytes")]

    def chat(self, image: Any) -> list[dict[str, Any]]:
        """A user's turn as processors want it."""
        parts = [{"type": "image", "image": image}, {"type": "text", "text": self.prompt}]
        return [{"role": "user", "content": parts}]

    def lent(self) -> AbstractContextManager[Any]:
        """For a block, our stage finds this model instead of loading its own."""
        key = (self.settings, spark_gpu_address())
        return resident.lease("caption", key, lambda: self.captioner, 0.0)


def load(name: str, settings: CaptionSettings, device: str, folder: Path | None) -> Listener:
    """The model ``name`` on ``device``, whose answers all have the same length.

    With ``folder`` it is stored there as on the hub, for programs in other processes.
    """
    import torch

    if name == EMBEDDED:
        import transformers

        where = model_folder(EMBEDDED, "caption")
        loader: Any = transformers.AutoModelForImageTextToText
        model = loader.from_pretrained(where, dtype=torch.float32).to(device).eval()
        processor = transformers.AutoProcessor.from_pretrained(where)
    else:
        shape = shapes.SHAPES[name]
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        model, processor = shapes.model(shape, device, dtype), shapes.processor(shape)
    model.generation_config.min_new_tokens = settings.max_new_tokens
    model.generation_config.max_new_tokens = settings.max_new_tokens
    if folder is not None:
        _store(model, processor, folder)
    return Listener(
        model, processor, settings.batch_size, settings.max_new_tokens, settings.num_beams
    )


def _store(model: Any, processor: Any, folder: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    processor.save_pretrained(unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def versions() -> dict[str, str]:
    """What decides the speed beside the machine."""
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__}


class Utilisation:
    """How busy the driver says a GPU is, sampled; None where it does not say."""

    def __init__(self, device: str) -> None:
        self._samples: list[float] = []
        self._stop = threading.Event()
        self._device = device
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float | None:
        """Ends the watch; the mean from 0 to 1."""
        self._stop.set()
        self._thread.join()
        return sum(self._samples) / len(self._samples) / 100 if self._samples else None

    def _watch(self) -> None:
        if not self._device.startswith("cuda"):
            return
        import torch

        while not self._stop.wait(0.2):
            try:
                self._samples.append(float(torch.cuda.utilization(self._device)))
            except Exception:  # no NVML here, or none that answers
                return
