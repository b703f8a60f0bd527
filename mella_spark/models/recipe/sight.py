"""First phase of the captioner: the vision tower learns to see before anything is put in words.

Every cell of the feature grid says which thing and which colour lies on it, and two learned
queries look at the whole grid: the first answers (thing, colour, count) for the group on the left
or above, the second for the other one. Many answers a picture teach a small tower far faster than
the words of one caption do. The heads are thrown away afterwards.
"""

import random

import torch
from torch import Tensor, nn
from torch.nn import functional

from mella_spark.sample.draw import layout
from mella_spark.sample.scenes import COLOURS, LANGUAGE_OF, MAX_COUNT, PLAIN, Scene

_THINGS = {name: i + 1 for i, name in enumerate((*PLAIN, *LANGUAGE_OF))}
_COLOURS = {name: i + 1 for i, name in enumerate(COLOURS)}
_SIZES = (len(_THINGS) + 1, len(_COLOURS) + 1, MAX_COUNT + 1)
_LAYOUTS = 3
"""One group, side by side, one above the other."""
_CORE = 0.3
"""A cell shows a thing if its centre is closer to the thing's than this share of its side."""
_CLEAR = 0.75
"""A cell shows the background if it is farther than this from every thing."""
_UNKNOWN = -100


def answers(batch: list[Scene]) -> Tensor:
    """Classes of shape (batch, 7): thing, colour, count of both groups, and the layout."""
    return torch.tensor([_answers(scene) for scene in batch])


def _answers(scene: Scene) -> list[int]:
    groups = list(scene.groups)
    if scene.relation in ("right", "below"):
        groups.reverse()
    row = [
        value
        for group in groups
        for value in (
            _THINGS[group.thing],
            _COLOURS[group.colour] if group.colour else 0,
            group.count,
        )
    ]
    kind = 0 if len(groups) == 1 else 1 + (scene.relation in ("above", "below"))
    return row + [0] * (6 - len(row)) + [kind]


def cells(batch: list[Scene], side: int) -> Tensor:
    """Thing and colour of every grid cell, shape (batch, side * side, 2).

    Places are typical ones, not those of the very picture, so cells near an edge of a thing are
    left out, as are scenes whose copies can be arranged in two ways.
    """
    return torch.tensor([_cells(scene, side) for scene in batch])


def _cells(scene: Scene, side: int) -> list[tuple[int, int]]:
    if scene.relation is None and scene.groups[0].count == MAX_COUNT:
        return [(_UNKNOWN, _UNKNOWN)] * (side * side)
    places = layout(scene, random.Random(0))
    slots = [(g, slot) for g, many in zip(scene.groups, places, strict=True) for slot in many]
    rows = []
    for cell in range(side * side):
        cx, cy = (cell % side + 0.5) / side, (cell // side + 0.5) / side
        away, group = min(
            ((max(abs(cx - x), abs(cy - y)) / s, i) for i, (_, (x, y, s)) in enumerate(slots))
        )
        thing, colour = slots[group][0].thing, slots[group][0].colour
        if away < _CORE:
            rows.append((_THINGS[thing], _COLOURS[colour] if colour else 0))
        else:
            rows.append((0, 0) if away > _CLEAR else (_UNKNOWN, _UNKNOWN))
    return rows


class SightHead(nn.Module):
    """Features of shape (batch, side * side, width) to class scores."""

    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.place = nn.Parameter(torch.randn(side * side, width) * 0.02)
        self.query = nn.Parameter(torch.randn(2, width) * 0.02)
        self.norm = nn.LayerNorm(width)
        self.look = nn.TransformerDecoderLayer(
            width, 4, 2 * width, 0.0, batch_first=True, norm_first=True
        )
        self.group = nn.Linear(width, sum(_SIZES))
        self.layout = nn.Linear(2 * width, _LAYOUTS)
        self.cell = nn.Linear(width, sum(_SIZES[:2]))

    def forward(self, features: Tensor) -> list[Tensor]:
        """Seven score tensors of shape (batch, classes), as :func:`answers`."""
        seen = self.look(self.query.expand(len(features), -1, -1), features + self.place)
        parts = [part for k in range(2) for part in self.group(seen[:, k]).split(_SIZES, dim=-1)]
        return [*parts, self.layout(seen.flatten(1))]

    def loss(self, features: Tensor, batch: list[Scene]) -> tuple[Tensor, float]:
        """Sum of the mean cross-entropies; the share of pictures with all seven answers right."""
        features = self.norm(features)
        wanted = answers(batch)
        scores = self(features)
        losses = [functional.cross_entropy(s, wanted[:, i]) for i, s in enumerate(scores)]
        shown = cells(batch, self.side).flatten(0, 1)
        for i, part in enumerate(self.cell(features).flatten(0, 1).split(_SIZES[:2], dim=-1)):
            losses.append(2 * functional.cross_entropy(part, shown[:, i], ignore_index=_UNKNOWN))
        right = torch.stack([s.argmax(-1) == wanted[:, i] for i, s in enumerate(scores)])
        return torch.stack(losses).sum(), right.all(0).float().mean().item()
