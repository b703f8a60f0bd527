"""``python -m mella_spark.models.build``: train the shipped models and measure them."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from mella_spark.models import load_captioner, load_translator
from mella_spark.models.keys import EMBEDDED
from mella_spark.models.prompts import load_prompt
from mella_spark.settings import load_settings

_TEST_SEED = 4071
"""Of the scenes and pictures measured on; nothing else draws from it."""


def main() -> None:
    """Train what is asked for, then print its quality as JSON lines."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m mella_spark.models.build")
    parser.add_argument("models", nargs="*", default=["translator", "vlm"], help="which to train")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / EMBEDDED)
    parser.add_argument("--seed", type=int, default=0)
    # One thread: with more, sums are rounded in another order and the weights come out differently.
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--test", type=int, default=1200, help="compositions, sentences a language")
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
        for told in _measure(name, arguments.out / name, arguments.test):
            print(json.dumps({"model": name, "seconds": seconds, **told}), flush=True)


def _train(name: str, out: Path, seed: int) -> None:
    from mella_spark.models.recipe import translator, vlm

    out.mkdir(parents=True, exist_ok=True)
    (vlm if name == "vlm" else translator).train(out, seed)


def _measure(name: str, folder: Path, count: int) -> Iterator[dict[str, object]]:
    from mella_spark.models.recipe import quality

    settings = load_settings(environment={})
    if name == "translator":
        chosen = settings.translate.model_copy(update={"model": str(folder), "batch_size": 128})
        translator = load_translator(chosen)

        def translate(texts: Sequence[str], language: str) -> list[str]:
            return [g.text or "" for g in translator.translate(texts, "en", language)]

        for language, (exact, known) in quality.translating(translate, _TEST_SEED, count).items():
            yield {
                "language": language,
                "exact": round(exact, 4),
                "right_language": round(known, 4),
            }
        return
    asked = settings.caption.model_copy(update={"model": str(folder), "batch_size": 64})
    captioner, prompt = load_captioner(asked), load_prompt(asked.prompt).text

    def caption(pictures: Sequence[Image.Image]) -> list[str]:
        return [g.text or "" for g in captioner.caption(pictures, prompt)]

    samples = {
        "distinct compositions": (True, quality.picture),
        "as served": (True, quality.served),
        "as often as drawn": (False, quality.picture),
    }
    for sample, (distinct, draw) in samples.items():
        scenes = quality.unseen(_TEST_SEED, count, distinct)
        shares, total = quality.captioning(caption, _TEST_SEED, scenes, draw)
        interval = [round(total.low, 4), round(total.high, 4)]
        rounded = {key: round(value, 4) for key, value in shares.items()}
        yield {"sample": sample, "count": total.count, "interval": interval, **rounded}


if __name__ == "__main__":
    main()
