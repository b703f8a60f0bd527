"""From settings to a model that can be asked: shipped, from a folder or the hub, or a server."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mella_spark.errors import MellaError, MissingDependencyError, SettingsError, StageError
from mella_spark.models.chat import Chat, ChatCaptioner
from mella_spark.models.devices import resolve_device, resolve_dtype
from mella_spark.models.keys import EMBEDDED, model_folder
from mella_spark.models.protocols import Captioner, Translator
from mella_spark.models.quality import Estimator
from mella_spark.models.recovery import describe
from mella_spark.models.remote_code import check_remote_code
from mella_spark.settings import AnswerSettings, CaptionSettings, TranslateSettings

_HUB_SECONDS = 10.0
Loaded = TypeVar("Loaded")


def load_captioner(settings: CaptionSettings) -> Captioner:
    """The captioner that ``settings`` describe, ready to be asked.

    Any model that transformers loads as image-text-to-text will do, any that vLLM runs, and any
    behind a server. Raises ``StageError`` if it cannot be loaded, ``SettingsError`` if the settings
    do not fit together, ``MissingDependencyError`` if its GPU or a package is not there.
    """
    if settings.backend != "transformers":
        return ChatCaptioner(load_chat(settings, settings.max_pixels))
    where, options = _source(settings, "caption")
    config = _guarded(settings, "caption", lambda: _config(where, options))
    if _remote_chat(config):
        from mella_spark.models.internvl import TiledChatCaptioner

        model = _weights(settings, "caption", "AutoModel", where, options)
        tokenizer = _front(settings, "caption", "AutoTokenizer", where, options)
        return TiledChatCaptioner(model, tokenizer, settings.batch_size, settings.max_new_tokens)
    from mella_spark.models.captioner import TransformersCaptioner

    processor = _processor(settings, where, options)
    model = _weights(settings, "caption", "AutoModelForImageTextToText", where, options)
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
    NLLB, mBART, MADLAD-400), Marian models, and any chat model, here or behind a server. Raises as
    :func:`load_captioner`.
    """
    from mella_spark.models.chat_translator import ChatTranslator

    if settings.backend != "transformers":
        chat = load_chat(settings)
        second = (chat, settings.retry_prompt) if settings.retry else None
        return ChatTranslator(chat, settings.prompt, second)
    where, options = _source(settings, "translate")
    config = _guarded(settings, "translate", lambda: _config(where, options))
    tokenizer = _front(settings, "translate", "AutoTokenizer", where, options)
    again = {
        "num_beams": settings.retry_num_beams,
        "no_repeat_ngram_size": settings.retry_no_repeat_ngram,
    }
    if _causal(config):
        from mella_spark.models.local_chat import LocalChat

        model = _weights(settings, "translate", "AutoModelForCausalLM", where, options)
        local = LocalChat(
            model, tokenizer, settings.batch_size, settings.max_new_tokens, settings.num_beams
        )
        other = (local.varied(again), settings.retry_prompt) if settings.retry else None
        return ChatTranslator(local, settings.prompt, other)
    from mella_spark.models.translator import TransformersTranslator

    model = _weights(settings, "translate", "AutoModelForSeq2SeqLM", where, options)
    return TransformersTranslator(
        model,
        tokenizer,
        batch_size=settings.batch_size,
        max_new_tokens=settings.max_new_tokens,
        num_beams=settings.num_beams,
        second=again if settings.retry else None,
    )


def load_estimator(settings: TranslateSettings) -> Estimator | None:
    """What judges translations; None unless ``translate.quality_model`` names it.

    Raises ``StageError`` if it cannot be loaded.
    """
    if settings.quality_model is None:
        return None
    from mella_spark.models.quality import MetricX

    def named(model: str, revision: str | None) -> TranslateSettings:
        changes = {"model": model, "revision": revision, "trust_remote_code": False}
        return settings.model_copy(update={**changes, "quantisation": "none"})

    chosen = named(settings.quality_model, settings.quality_revision)
    where, options = _source(chosen, "quality")
    beside = named(settings.quality_tokenizer, None) if settings.quality_tokenizer else chosen
    words, their_options = _source(beside, "quality")
    tokenizer = _front(beside, "quality", "AutoTokenizer", words, their_options)
    model = _weights(chosen, "quality", "AutoModelForSeq2SeqLM", where, options)
    return MetricX(model, tokenizer, settings.quality_batch_size)


def load_chat(settings: CaptionSettings | TranslateSettings, max_pixels: int | None = None) -> Chat:
    """The chat model of the backends ``openai`` and ``vllm``; pictures have ``max_pixels``.

    Raises as :func:`load_captioner`.
    """
    if settings.model == EMBEDDED:
        raise SettingsError(
            f"The embedded models run on transformers, not on {settings.backend}.",
            "Set model to the name that the server or the hub knows.",
        )
    if settings.num_beams != 1:
        raise SettingsError(
            f"The {settings.backend} backend searches greedily: set num_beams to 1."
        )
    if settings.backend == "openai":
        from mella_spark.models.openai import OpenAIChat

        return OpenAIChat(settings, settings.max_new_tokens, max_pixels)
    from mella_spark.models.vllm import VllmChat

    check_remote_code(settings)
    return VllmChat(settings, settings.max_new_tokens, max_pixels)


def _source(settings: AnswerSettings, task: str) -> tuple[str, dict[str, Any]]:
    """Where a model is, and what every ``from_pretrained`` needs to know of it."""
    try:
        import transformers
    except ImportError as error:
        raise MissingDependencyError(
            f"Models need transformers and PyTorch, and one is missing: {error}.",
            "Install mella-spark with all its dependencies.",
        ) from None
    check_remote_code(settings)
    where = model_folder(settings.model, task)
    options: dict[str, Any] = {
        "revision": settings.revision,
        "trust_remote_code": settings.trust_remote_code,
    }
    if not Path(where).is_dir():
        options["local_files_only"] = only_cached(where, settings.revision)
    if settings.trust_remote_code:
        options["code_revision"] = settings.revision
    transformers.utils.logging.disable_progress_bar()
    return where, options


def _config(where: str, options: dict[str, Any]) -> Any:
    import transformers

    return transformers.AutoConfig.from_pretrained(where, **options)


def _front(
    settings: AnswerSettings, task: str, name: str, where: str, options: dict[str, Any]
) -> Any:
    import transformers

    load = getattr(transformers, name).from_pretrained
    return _guarded(settings, task, lambda: load(where, **options))


def _processor(settings: CaptionSettings, where: str, options: dict[str, Any]) -> Any:
    """The processor, its image side in the backend that the settings ask for."""
    processor = _front(settings, "caption", "AutoProcessor", where, options)
    images = getattr(processor, "image_processor", None)
    if images is not None and getattr(images, "backend", None) != settings.image_backend:
        import transformers

        load = transformers.AutoImageProcessor.from_pretrained
        processor.image_processor = _guarded(
            settings, "caption", lambda: load(where, backend=settings.image_backend, **options)
        )
    return processor


def _weights(
    settings: AnswerSettings, task: str, name: str, where: str, options: dict[str, Any]
) -> Any:
    """The model on its device, ready for inference."""
    import transformers

    device = resolve_device(settings.device)
    dtype = resolve_dtype(settings.dtype, device)
    more: dict[str, Any] = {"dtype": dtype}
    if settings.quantisation != "none":
        more["quantization_config"] = quantisation_config(settings.quantisation, dtype)
    if settings.quantisation != "none" or device != "cpu":
        more["device_map"] = {"": device}  # straight to where it runs, layer by layer
    load = getattr(transformers, name).from_pretrained
    return _guarded(settings, task, lambda: load(where, **more, **options)).eval()


def quantisation_config(kind: str, dtype: Any) -> Any:
    """bitsandbytes' settings for weights of 8 or 4 bits (``int8``, ``int4``).

    Four bits are NormalFloat with arithmetic in ``dtype``, as QLoRA has it. Raises
    ``MissingDependencyError`` where bitsandbytes is not installed.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingDependencyError(
            f"Quantisation to {kind} needs bitsandbytes, which is not installed.",
            "Install mella-spark[quantised], or set quantisation to none.",
        )
    import torch
    import transformers

    if kind == "int8":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16 if dtype == "auto" else dtype,
    )


def _guarded(settings: AnswerSettings, task: str, load: Callable[[], Loaded]) -> Loaded:
    """What ``load`` returns. Raises ``StageError`` for whatever is wrong with the model."""
    try:
        return load()
    except MellaError:
        raise
    except (OSError, ValueError, ImportError, KeyError, AttributeError, TypeError) as error:
        if "trust_remote_code" in str(error) and not settings.trust_remote_code:
            raise StageError(
                f"The model {settings.model!r} for {task} works only with code of its own.",
                f"If you have read that code, set {task}.trust_remote_code to true and "
                f"{task}.revision to its commit hash.",
            ) from None
        raise StageError(
            f"Cannot load the model {settings.model!r} for {task}: {describe(error)}",
            "Give a folder that holds such a model, the name of one on the hub, or embedded.",
        ) from None


def _remote_chat(config: Any) -> bool:
    """Whether a model brings its own code and is asked by that (InternVL 2 and its generation)."""
    classes = getattr(config, "auto_map", None) or {}
    return "AutoModel" in classes and "AutoModelForImageTextToText" not in classes


def _causal(config: Any) -> bool:
    """Whether a model goes on with a text, rather than turning one into another."""
    import transformers

    known = type(config)
    if known in transformers.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:
        return False
    classes = getattr(config, "auto_map", None) or {}
    return known in transformers.MODEL_FOR_CAUSAL_LM_MAPPING or "AutoModelForCausalLM" in classes


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
