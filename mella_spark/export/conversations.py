"""Conversations as the trainers of LLaVA, InternVL and Qwen-VL read them.

All three share the turn format: ``human`` asks, the picture standing as ``<image>`` on a line of
its own, ``gpt`` answers, and ``image`` is a path below the image folder. They differ around it:

- LLaVA (``llava/train/train.py``): one JSON list; ``--data_path SPLIT.json --image_folder OUT``.
- InternVL (``internvl_chat_finetune.py``): JSON lines, with the picture's size, and a ``meta`` file
  that names them; ``--meta_path SPLIT.meta.json``, started in OUT.
- Qwen-VL (``qwen-vl-finetune``): JSON lines; ``annotation_path`` OUT/SPLIT.jsonl and
  ``data_path`` OUT.

All other columns are carried in ``metadata``, which the trainers pass over.
"""

from __future__ import annotations

import json
import re
from typing import Any, TextIO

from mella_spark.export.rows import Sample, picture_name, to_json
from mella_spark.export.writers import SplitWriter

PLACEHOLDER = "<image>"
_CONTROL = re.compile(r"<(/?[A-Za-z][\w-]*|\|[^<>|\n]*\|)>")
_TOP = ("sample_id", "image", "width", "height", "prompt", "response")


def plain(text: str) -> str:
    """``text`` with what these trainers would take for control tokens in other brackets.

    They tokenise texts as they stand: ``<image>`` in an alt text would ask for a second picture,
    ``<|im_end|>`` end the turn. ``<`` and ``>`` elsewhere stay.
    """
    return _CONTROL.sub(r"‹\1›", text)


class ConversationWriter(SplitWriter):
    """One file of conversations a split, and ``images/`` shared by all, each picture once."""

    suffix = "jsonl"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._path = self.folder / f"{self.split}.{self.suffix}"
        self._file: TextIO = self._path.open("w", encoding="utf-8", newline="\n")

    def write(self, sample: Sample) -> None:
        image = self._picture(sample)
        self._record(to_json(self.record(sample, image)))
        self.samples += 1

    def record(self, sample: Sample, image: str) -> dict[str, Any]:
        """The sample as a conversation on the picture at ``image``."""
        turns = []
        for speaker, before, column in (
            ("human", f"{PLACEHOLDER}\n", "prompt"),
            ("gpt", "", "response"),
        ):
            text = plain(sample[column])
            self.written.texts_changed += text != sample[column]
            turns.append({"from": speaker, "value": before + text})
        return {
            "id": sample["sample_id"],
            "image": image,
            "conversations": turns,
            "metadata": {name: value for name, value in sample.items() if name not in _TOP},
        }

    def close(self) -> None:
        if not self._file.closed:
            self._end()
            self._file.close()
            self.written.add(self._path)

    def _record(self, line: str) -> None:
        self._file.write(f"{line}\n")

    def _end(self) -> None:
        """What follows the last record."""

    def _picture(self, sample: Sample) -> str:
        """Path of the picture below the folder; writes it where it is not there yet.

        Whether it is there, the file system is asked: a set of names would grow with the table.
        """
        name = picture_name(sample)
        # Two levels, for no file system likes millions of files in one folder.
        path = self.folder / "images" / name[:2] / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sample["image"])
            self.written.add(path)
        return path.relative_to(self.folder).as_posix()


class LlavaWriter(ConversationWriter):
    """``SPLIT.json``, one list."""

    suffix = "json"

    def _record(self, line: str) -> None:
        self._file.write(f"{',' if self.samples else '['}\n{line}")

    def _end(self) -> None:
        self._file.write("\n]\n" if self.samples else "[]\n")


class InternVLWriter(ConversationWriter):
    """``SPLIT.jsonl`` with sizes, and ``SPLIT.meta.json`` with paths relative to the folder."""

    def record(self, sample: Sample, image: str) -> dict[str, Any]:
        sizes = {name: sample[name] for name in ("width", "height") if sample.get(name)}
        return {**super().record(sample, image), **sizes}

    def _end(self) -> None:
        meta = {
            f"mella-{self.split}": {
                "root": ".",
                "annotation": self._path.name,
                "data_augment": False,
                "repeat_time": 1,
                "length": self.samples,
            }
        }
        path = self.folder / f"{self.split}.meta.json"
        path.write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")
        self.written.add(path)


class QwenVLWriter(ConversationWriter):
    """``SPLIT.jsonl``."""
