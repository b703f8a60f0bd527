"""Chat with a model in this process through vLLM, an optional dependency.

Written to vLLM's documented interface for offline use: ``LLM(...)``, ``LLM.chat``,
``SamplingParams``. vLLM batches by itself, so it is best given many questions at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mella_spark.errors import MellaError, MissingDependencyError, SettingsError, StageError
from mella_spark.models.chat import Question
from mella_spark.models.devices import spark_gpu_address
from mella_spark.models.pictures import downscale
from mella_spark.models.protocols import FinishReason, Generation
from mella_spark.models.recovery import describe, fatal
from mella_spark.settings import AnswerSettings

if TYPE_CHECKING:
    from PIL import Image

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
_EMPTY = "EmptyAnswer: the model answered with an empty text"


class VllmChat:
    """An engine of vLLM; see :class:`mella_spark.models.chat.Chat`. Decoding is greedy.

    Raises ``MissingDependencyError`` where vLLM is not installed, ``StageError`` where it cannot
    run the model, ``SettingsError`` for a quantisation it does not have.
    """

    def __init__(
        self, settings: AnswerSettings, max_new_tokens: int, max_pixels: int | None = None
    ) -> None:
        self.max_pixels = max_pixels
        options = engine_options(settings, pictures=max_pixels is not None)
        self.device = show_one_gpu(settings.device, spark_gpu_address())
        try:
            import vllm
        except ImportError as error:
            raise MissingDependencyError(
                f"The vllm backend needs vLLM, which cannot be imported: {error}.",
                "Install mella-spark[vllm] where the tasks run, or set backend to transformers.",
            ) from None
        self._parameters: Any = vllm.SamplingParams(temperature=0.0, max_tokens=max_new_tokens)
        try:
            self._engine: Any = vllm.LLM(**options)
        except Exception as error:  # whatever vLLM, PyTorch or the hub raise
            raise StageError(
                f"vLLM cannot load the model {settings.model!r}: {describe(error)}",
                "Check the model's name, and that it fits vllm_memory_share and the GPU.",
            ) from None

    def ask(self, questions: Sequence[Question]) -> list[Generation]:
        """One answer for each question; see the protocol."""
        if not questions:
            return []
        begin = time.perf_counter()
        try:
            outputs = self._engine.chat(
                [self._messages(question) for question in questions],
                self._parameters,
                use_tqdm=False,
            )
            if len(outputs) != len(questions):
                raise RuntimeError(f"{len(outputs)} answers for {len(questions)} questions")
        except Exception as error:  # one question that does not fit fails them all
            if fatal(error) or type(error).__name__ == "EngineDeadError":
                raise
            if len(questions) == 1:
                return [Generation(None, describe(error), batch_size=1, device=self.device)]
            half = len(questions) // 2
            return self.ask(questions[:half]) + self.ask(questions[half:])
        share = (time.perf_counter() - begin) * 1000 / len(questions)
        return [self._answer(output, share, len(questions)) for output in outputs]

    def close(self) -> None:
        """Gives up the engine and its memory."""
        self._engine = None

    def _messages(self, question: Question) -> list[dict[str, Any]]:
        image = question.image
        if image is not None and self.max_pixels is not None:
            image = downscale(image, self.max_pixels)
        return question.messages(None if image is None else _part(image))

    def _answer(self, output: Any, share_ms: float, batch_size: int) -> Generation:
        made = output.outputs[0]
        text = made.text.strip()
        return Generation(
            text or None,
            None if text else _EMPTY,
            len(made.token_ids),
            share_ms,
            _FINISH.get(made.finish_reason),
            batch_size,
            self.device,
        )


def _part(image: Image.Image) -> dict[str, Any]:
    return {"type": "image_pil", "image_pil": image}


def engine_options(settings: AnswerSettings, pictures: bool) -> dict[str, Any]:
    """Arguments of ``vllm.LLM``. Raises ``SettingsError`` for int8, which vLLM cannot make."""
    options: dict[str, Any] = {
        "model": settings.model,
        "revision": settings.revision,
        "tokenizer_revision": settings.revision,
        "dtype": settings.dtype,
        "trust_remote_code": settings.trust_remote_code,
        "gpu_memory_utilization": settings.vllm_memory_share,
        "max_model_len": settings.vllm_context_tokens,
        "seed": 0,
    }
    if settings.trust_remote_code:
        options["code_revision"] = settings.revision
    if pictures:
        options["limit_mm_per_prompt"] = {"image": 1}
    if settings.quantisation == "int8":
        raise SettingsError(
            "vLLM makes weights of 4 bits by bitsandbytes, not of 8.",
            "Set quantisation to int4, or name a model that was quantised beforehand.",
        )
    if settings.quantisation == "int4":
        options["quantization"] = "bitsandbytes"
    return options


def show_one_gpu(setting: str, address: str | None) -> str:
    """The GPU that this process gets, as ``cuda:N``; the only one that vLLM will see.

    vLLM takes the first GPUs that are visible and has no argument for another one, so here the
    environment must say which: the address that Spark gave the task, or the setting's. Raises
    ``MellaError`` where CUDA runs in this process already and could not be told any more.
    """
    index = setting.partition(":")[2] if setting.startswith("cuda:") else address
    if setting not in ("auto", "cuda") and not setting.startswith("cuda:"):
        raise SettingsError(f"The vllm backend runs on a GPU, not on {setting}.")
    if index is None:
        return "cuda:0"
    if os.environ.get("CUDA_VISIBLE_DEVICES") == index:
        return f"cuda:{index}"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        raise MellaError(
            f"vLLM cannot be given GPU {index}: this process uses CUDA already.",
            "Run the stage by itself, or set backend to transformers.",
        )
    os.environ["CUDA_VISIBLE_DEVICES"] = index
    return f"cuda:{index}"
