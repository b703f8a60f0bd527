"""From settings to a model in memory; the same code for shipped, local and hub models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mella_spark.errors import MissingDependencyError, StageError
from mella_spark.models.devices import resolve_device, resolve_dtype
from mella_spark.models.keys import model_folder
from mella_spark.models.protocols import Captioner, Translator
from mella_spark.models.recovery import describe
from mella_spark.settings import CaptionSettings, TranslateSettings

_HUB_SECONDS = 10.0


def load_captioner(settings: CaptionSettings) -> Captioner:
    """The captioner that ``settings`` describe, ready to be asked.

    Any model that transformers loads as image-text-to-text will do. Raises ``StageError`` if it
    cannot be loaded, ``MissingDependencyError`` if its GPU is not there.
    """
    from mella_spark.models.captioner import TransformersCaptioner

    processor, model = _load(settings, "caption", "AutoProcessor", "AutoModelForImageTextToText")
    return TransformersCaptioner(
        model,
        processor,
        batch_size=settings.batch_size,
        max_new_tokens=settings.max_new_tokens,
        num_beams=settings.num_beams,
    )


def load_translator(settings: TranslateSettings) -> Translator:
    """The translator that ``settings`` describe, ready to be asked.

    Any multilingual sequence-to-sequence model with a token for each language will do (M2M100,
    NLLB, mBART), and Marian models. Raises as :func:`load_captioner`.
    """
    from mella_spark.models.translator import TransformersTranslator

    tokenizer, model = _load(settings, "translate", "AutoTokenizer", "AutoModelForSeq2SeqLM")
    return TransformersTranslator(
        model,
        tokenizer,
        batch_size=settings.batch_size,
        max_new_tokens=settings.max_new_tokens,
        num_beams=settings.num_beams,
    )


def _load(
    settings: CaptionSettings | TranslateSettings, task: str, front: str, back: str
) -> tuple[Any, Any]:
    """The processor or tokenizer, and the model on its device, ready for inference."""
    try:
        import transformers
    except ImportError as error:
        raise MissingDependencyError(
            f"Models need transformers and PyTorch, and one is missing: {error}.",
            "Install mella-spark with all its dependencies.",
        ) from None
    where = model_folder(settings.model, task)
    device = resolve_device(settings.device)
    options: dict[str, Any] = {
        "revision": settings.revision,
        "trust_remote_code": settings.trust_remote_code,
    }
    if not Path(where).is_dir():
        options["local_files_only"] = only_cached(where, settings.revision)
    transformers.utils.logging.disable_progress_bar()
    try:
        before = getattr(transformers, front).from_pretrained(where, **options)
        model = getattr(transformers, back).from_pretrained(
            where, dtype=resolve_dtype(settings.dtype, device), **options
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise StageError(
            f"Cannot load the model {settings.model!r} for {task}: {describe(error)}",
            "Give a folder that holds such a model, the name of one on the hub, or embedded.",
        ) from None
    return before, model.to(device).eval()


def only_cached(name: str, revision: str | None) -> bool:
    """Whether a hub model must come from the local cache, because the hub cannot be reached.

    One quick question, where loading would try every file again and again for minutes. Raises
    ``StageError`` if the model is neither there nor in the cache.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        HfApi().model_info(name, revision=revision, timeout=_HUB_SECONDS)
    except (HfHubHTTPError, HFValidationError):
        raise StageError(
            f"There is no folder {name!r}, and no such model on the hub that may be read.",
            "Check the model's name and revision, or give a folder or embedded.",
        ) from None
    except Exception:  # offline mode, name resolution, proxies: the hub is out of reach
        if isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str):
            return True
        raise StageError(
            f"There is no folder {name!r}, and the model hub cannot be reached.",
            "Without a network, download the model beforehand and give its folder, or embedded.",
        ) from None
    return False
