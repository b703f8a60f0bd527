"""``python -m mella_spark.models.build``: train the shipped models and measure them."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mella_spark.models import load_captioner, load_translator
from mella_spark.models.keys import EMBEDDED
from mella_spark.models.prompts import load_prompt
from mella_spark.settings import load_settings

_TEST_SEED = 99


def main() -> None:
    """Train what is asked for, then print its quality as one JSON line."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m mella_spark.models.build")
    parser.add_argument("models", nargs="*", default=["translator", "vlm"], help="which to train")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / EMBEDDED)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--test", type=int, default=1000, help="compositions, sentences a language")
    parser.add_argument("--only-test", action="store_true", help="measure what is there")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.models) - {"translator", "vlm"})
    if unknown:
        parser.error(f"there is no model {unknown[0]!r}: choose translator or vlm")
    torch.set_num_threads(arguments.threads)
    for name in arguments.models:
        begin = time.monotonic()
        if not arguments.only_test:
            _train(name, arguments.out / name, arguments.seed)
        seconds = round(time.monotonic() - begin)
        shares = _measure(name, arguments.out / name, arguments.test)
        print(json.dumps({"model": name, "seconds": seconds, **shares}))


def _train(name: str, out: Path, seed: int) -> None:
    from mella_spark.models.recipe import translator, vlm

    out.mkdir(parents=True, exist_ok=True)
    (vlm if name == "vlm" else translator).train(out, seed)


def _measure(name: str, folder: Path, count: int) -> dict[str, float]:
    from mella_spark.models.recipe import quality

    settings = load_settings(environment={})
    if name == "translator":
        chosen = settings.translate.model_copy(update={"model": str(folder), "batch_size": 128})
        translator = load_translator(chosen)

        def translate(texts: Sequence[str], language: str) -> list[str]:
            return [g.text or "" for g in translator.translate(texts, "en", language)]

        return quality.translating(translate, _TEST_SEED, count)
    asked = settings.caption.model_copy(update={"model": str(folder), "batch_size": 64})
    captioner, prompt = load_captioner(asked), load_prompt(asked.prompt).text

    def caption(pictures: Sequence[Image.Image]) -> list[str]:
        return [g.text or "" for g in captioner.caption(pictures, prompt)]

    return quality.captioning(caption, _TEST_SEED, count)


if __name__ == "__main__":
    main()
