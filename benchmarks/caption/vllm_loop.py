"""vLLM on a stored model and stored pictures: ``python vllm_loop.py FOLDER PICTURES --tokens N``.

Runs in a process of its own, by any interpreter that has vllm, pyarrow and pillow. Loading the
model and a first run over a few pictures are not timed.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from typing import Any


def main() -> None:
    """Prints the results as a JSON list, or ``{"missing": why}``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("pictures")
    parser.add_argument("--count", type=int)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--prompt", default="Describe the picture.")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    try:
        import vllm
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
        return
    import pyarrow.parquet as pq

    pictures = pq.read_table(given.pictures).slice(0, given.count).column("bytes").to_pylist()
    engine: Any = vllm.LLM(
        model=given.folder, max_model_len=4096, limit_mm_per_prompt={"image": 1}, seed=0
    )
    parameters = vllm.SamplingParams(
        temperature=0.0, max_tokens=given.tokens, min_tokens=given.tokens, ignore_eos=True
    )
    caption(engine, parameters, pictures[:4], given.prompt)
    results = []
    for _ in range(given.rounds):
        begin = time.perf_counter()
        tokens = caption(engine, parameters, pictures, given.prompt)
        seconds = time.perf_counter() - begin
        counts = {"pictures": len(pictures), "tokens": tokens, "errors": 0}
        results.append({"seconds": seconds, **counts})
    print(json.dumps(results))


def caption(engine: Any, parameters: Any, pictures: list[bytes], prompt: str) -> int:
    """Captions encoded pictures; the tokens generated."""
    from PIL import Image

    chats = []
    for data in pictures:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        parts = [{"type": "image_pil", "image_pil": image}, {"type": "text", "text": prompt}]
        chats.append([{"role": "user", "content": parts}])
    outputs = engine.chat(chats, parameters, use_tqdm=False)
    return sum(len(output.outputs[0].token_ids) for output in outputs)


if __name__ == "__main__":
    main()
