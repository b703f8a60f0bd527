"""Typed settings: command line > environment > profile > ``--conf`` file > ``conf/mella.yaml``.

Every default stands in ``conf/mella.yaml``, with its unit, meaning and source; the classes below
hold types and bounds only. Environment variables are ``MELLA_SECTION__KEY``.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mella_spark.errors import SettingsError

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A group of settings: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class LanguagesSettings(Section):
    """Which languages pairs are collected for, and the pivot that captions are written in."""

    targets: tuple[str, ...] = Field(min_length=1)
    pivot: str

    @model_validator(mode="after")
    def _described(self) -> Self:
        known = _read(conf_dir() / "languages.yaml")
        unknown = [code for code in (*self.targets, self.pivot) if code not in known]
        if unknown:
            raise ValueError(f"not described in languages.yaml: {', '.join(unknown)}")
        return self


class LakeSettings(Section):
    """Tables and streams."""

    files_per_commit: Positive
    shuffle_partitions: Positive
    trigger_seconds: Positive
    checkpoints: str | None
    properties: dict[str, str]


class ExtractSettings(Section):
    """Bytes to pairs."""

    batch_bytes: Positive
    batch_files: Positive
    context_chars: Positive
    detail: Literal["full", "triples"]
    split_bytes: Annotated[int, Field(ge=65536)]
    record_seconds: PositiveFloat
    output_bytes: Positive


class RemoteSettings(Section):
    """Crawl files that lie elsewhere: HTTP, S3, Common Crawl."""

    crawl_base: str = Field(min_length=1)
    crawl_files: Literal["warc", "wat", "index"]
    size_requests: Annotated[int, Field(ge=0)]
    connect_seconds: PositiveFloat
    read_seconds: PositiveFloat
    attempts: Positive
    backoff_seconds: NotNegative
    max_backoff_seconds: PositiveFloat
    max_redirects: Annotated[int, Field(ge=0)]
    allow_signed_urls: bool
    block_bytes: Annotated[int, Field(ge=4096)]
    skip_bytes: Annotated[int, Field(ge=0)]
    s3_endpoint: str | None
    s3_region: str | None
    s3_anonymous: bool
    index_languages: tuple[Annotated[str, Field(pattern="^[a-z]{3}$")], ...] | None
    index_near: bool
    gap_bytes: Annotated[int, Field(ge=0)]
    range_bytes: Positive
    connections: Positive

    @model_validator(mode="after")
    def _no_credentials(self) -> Self:
        for name in ("crawl_base", "s3_endpoint"):
            if re.match(r"[a-z0-9+.-]+://[^/?#]*@", getattr(self, name) or "", re.IGNORECASE):
                raise ValueError(f"{name} holds a user or password; the environment is for them")
        return self


class FilterSettings(Section):
    """Language, culture and duplicates."""

    language_model: str
    min_language_score: Share
    min_culture_score: Share
    min_alt_chars: Positive
    pixel_side: Annotated[int, Field(ge=0)]
    icon_side: Annotated[int, Field(ge=0)]


class FetchSettings(Section):
    """Getting pictures, politely and safely."""

    order: tuple[Literal["archive", "web"], ...]
    user_agent: str
    respect_robots: bool
    respect_optout: bool
    allow_private_addresses: bool
    ports: tuple[int, ...]
    timeout_seconds: PositiveFloat
    connect_seconds: PositiveFloat
    max_bytes: Positive
    max_pixels: Annotated[int, Field(gt=0, le=89_478_485)]
    min_side: Positive
    max_redirects: Annotated[int, Field(ge=0)]
    attempts: Positive
    backoff_seconds: NotNegative
    concurrency: Positive
    per_host: Positive
    host_delay_seconds: NotNegative
    host_failures: Positive
    deadline_seconds: PositiveFloat
    decode_threads: Positive
    batch_urls: Positive


class ModelSettings(Section):
    """Which model, and how it is loaded."""

    model: str
    revision: str | None
    dtype: Literal["auto", "float32", "bfloat16", "float16"]
    device: str
    trust_remote_code: bool


class AnswerSettings(ModelSettings):
    """A model that answers in bulk: what runs it, and a server where there is one."""

    backend: Literal["transformers", "vllm", "openai"]
    quantisation: Literal["none", "int8", "int4"]
    vllm_memory_share: Annotated[float, Field(gt=0, lt=1)]
    vllm_context_tokens: Positive | None
    server_url: str | None
    server_key_env: str | None
    server_concurrency: Positive
    server_seconds: PositiveFloat
    server_attempts: Positive
    server_backoff_seconds: NotNegative
    server_wait_seconds: NotNegative
    server_failures: Positive
    server_rest_seconds: NotNegative


class CaptionSettings(AnswerSettings):
    """The captioner."""

    prompt: str = Field(min_length=1)
    web_text_chars: Positive
    image_backend: Literal["torchvision", "pil"]
    batch_size: Positive
    batch_tokens: Positive
    max_new_tokens: Positive
    num_beams: Positive
    max_pixels: Positive
    min_pixels: Positive
    refuse_pixels: Annotated[int, Field(gt=0, le=89_478_485)]
    max_aspect: PositiveFloat
    decode_threads: Positive
    prefetch_bytes: Positive
    idle_seconds: NotNegative
    max_error_rate: Share
    batch_pictures: Positive


class TranslateSettings(AnswerSettings):
    """The translator."""

    batch_size: Positive
    max_new_tokens: Positive
    num_beams: Positive
    min_language_score: Share
    min_script_share: Share
    max_repetition: Share
    length_ratio: tuple[PositiveFloat, PositiveFloat]
    min_numbers_kept: Share
    sentence_ratio: tuple[PositiveFloat, PositiveFloat]
    split_sentences: bool
    max_sentence_chars: Positive
    serbian_script: Literal["cyrillic", "latin", "as_is"]
    prompt: str = Field(min_length=1)
    retry: bool
    retry_num_beams: Positive
    retry_no_repeat_ngram: Annotated[int, Field(ge=0)]
    retry_prompt: str = Field(min_length=1)
    quality_model: str | None
    quality_revision: str | None
    quality_tokenizer: str | None
    quality_batch_size: Positive
    idle_seconds: NotNegative
    max_error_rate: Share
    batch_texts: Positive


class AssembleSettings(Section):
    """The training table."""

    train_share: Share
    validation_share: Share
    max_hash_distance: Annotated[int, Field(ge=0, le=7)]
    seed: int
    row_group_bytes: Positive
    batch_files: Positive

    @model_validator(mode="after")
    def _shares_leave_a_test_split(self) -> Self:
        if self.train_share + self.validation_share >= 1:
            raise ValueError("train_share and validation_share must leave something for test")
        return self


class LoaderSettings(Section):
    """Delta to tensors."""

    workers_count: Positive
    prefetch_bytes: Positive


class TrainSettings(ModelSettings):
    """Supervised fine-tuning."""

    seed: int
    method: Literal["lora", "full"]
    lora_rank: Positive
    lora_alpha: Positive
    lora_dropout: Share
    target_modules: str | tuple[str, ...]
    modules_to_save: tuple[str, ...]
    frozen_modules: str
    epochs: PositiveFloat
    max_steps: Positive | None
    batch_size: Positive
    accumulation: Positive
    learning_rate: PositiveFloat
    weight_decay: NotNegative
    warmup_share: Share
    min_rate_share: Share
    clip_norm: PositiveFloat
    precision: Literal["float32", "bfloat16", "float16"]
    max_answer_tokens: Positive
    max_pixels: Positive
    source_weights: dict[Literal["know", "ling", "thick"], NotNegative]
    language_weights: dict[str, NotNegative]
    temperature: PositiveFloat
    log_steps: Positive
    validation_steps: Positive
    validation_samples: Annotated[int, Field(ge=0)]
    patience: Annotated[int, Field(ge=0)]
    checkpoint_steps: Positive
    keep_checkpoints: Positive
    deterministic: bool
    tensorboard: bool
    prefetch_batches: Positive


class EvaluateSettings(ModelSettings):
    """Metrics on the held-out split."""

    seed: int
    split: Literal["test", "validation"]
    test_set: str | None
    test_set_format: Literal["auto", "jsonl", "hf", "xm3600"]
    test_set_language: str | None
    test_set_fields: dict[str, str]
    samples_per_language: Positive
    batch_size: Positive
    max_new_tokens: Positive
    num_beams: Positive
    max_pixels: Positive
    resamples: Positive
    confidence: Annotated[float, Field(gt=0, lt=1)]
    bleu_tokeniser: str | None
    language_model: str
    meteor_alpha: Annotated[float, Field(gt=0, lt=1)]
    meteor_beta: PositiveFloat
    meteor_gamma: Share
    examples: Annotated[int, Field(ge=0)]


class ReportSettings(Section):
    """The HTML report."""

    gallery_size: Annotated[int, Field(gt=0, le=400)]
    thumbnail_side: Annotated[int, Field(ge=32, le=640)]
    top_terms: Positive
    examples_per_language: Annotated[int, Field(ge=0, le=10)]


class Settings(Section):
    """All settings of a run."""

    languages: LanguagesSettings
    lake: LakeSettings
    extract: ExtractSettings
    remote: RemoteSettings
    filter: FilterSettings
    fetch: FetchSettings
    caption: CaptionSettings
    translate: TranslateSettings
    assemble: AssembleSettings
    loader: LoaderSettings
    train: TrainSettings
    evaluate: EvaluateSettings
    report: ReportSettings
    spark: dict[str, str]


def conf_dir() -> Path:
    """The folder of configuration files: inside the installed package, else of the checkout."""
    package = Path(__file__).resolve().parent
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parent / "conf"


def load_settings(
    conf: Path | None = None,
    profile: str | None = None,
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from all sources, validated.

    ``overrides`` are ``section.key=value`` with the value in YAML; ``environment`` is
    ``os.environ`` where not given. Raises ``SettingsError`` naming the key.
    """
    merged = _read(conf_dir() / "mella.yaml")
    if conf is not None:
        _merge(merged, _read(conf))
    if profile is not None:
        _merge(merged, _read(_profile_file(profile)))
    for name, text in sorted((os.environ if environment is None else environment).items()):
        if name.startswith("MELLA_") and "__" in name:
            _set(merged, name[len("MELLA_") :].lower().replace("__", "."), text, name)
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator:
            raise SettingsError(f"--set {override!r} has no '='.", "Write section.key=value.")
        _set(merged, key.strip(), text, f"--set {key.strip()}")
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read settings from {path}: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid YAML: {str(error).splitlines()[0]}.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold sections with keys.")
    return content


def _profile_file(profile: str) -> Path:
    folder = conf_dir() / "profiles"
    path = folder / f"{profile}.yaml"
    if not path.is_file() or path.parent != folder:
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise SettingsError(f"There is no profile {profile!r}.", f"Known profiles: {known}.")
    return path


def _merge(base: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _set(merged: dict[str, Any], key: str, text: str, origin: str) -> None:
    section, separator, name = key.partition(".")
    if not separator or not name:
        raise SettingsError(f"{origin}: write section.key=value.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingsError(f"{origin}: {text!r} is not a valid YAML value.") from None
    target = merged.setdefault(section, {})
    if not isinstance(target, dict):
        raise SettingsError(f"{origin}: {section} is not a section.")
    if section == "lake" and name.startswith("properties."):
        target, name = target["properties"], name.removeprefix("properties.")
    target[name] = value


def _explain(error: ValidationError) -> str:
    sentences = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(item["loc"][-1]), _known(item["loc"][:-1]), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            sentences.append(f"Setting {key}: unknown{hint}")
        elif item["type"] == "missing":
            sentences.append(f"Setting {key}: missing")
        else:
            reason = item["msg"].removeprefix("Value error, ")
            reason = reason[0].lower() + reason[1:]
            got = "" if isinstance(item["input"], dict) else f" (got {item['input']!r})"
            sentences.append(f"Setting {key}: {reason}{got}")
    return ". ".join(sentences) + "."


def _known(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for part in location:
        model = model.model_fields[str(part)].annotation
    return list(model.model_fields)
