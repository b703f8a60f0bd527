"""First phase of the captioner: the vision tower learns to see before anything is put in words.

Every cell of the feature grid says which thing and which colour lies on it, how many copies of it
there are and which group they form, and two learned queries look at the whole grid: the first
answers (thing, colour, count) for the group on the left or above, the second for the other one.
Many answers a picture teach a small tower far faster than the words of one caption do. The heads
are thrown away afterwards.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mella_spark.models.recipe.arrange import Slot
from mella_spark.sample.scenes import COLOURS, LANGUAGE_OF, MAX_COUNT, PLAIN, Scene

_THINGS = {name: i + 1 for i, name in enumerate((*PLAIN, *LANGUAGE_OF))}
_COLOURS = {name: i + 1 for i, name in enumerate(COLOURS)}
_SIZES = (len(_THINGS) + 1, len(_COLOURS) + 1, MAX_COUNT + 1)
_CELL_SIZES = (*_SIZES, 4)
_CELL_WEIGHTS = (2.0, 2.0, 1.0, 1.0)
_LAYOUTS = 3
"""One group, side by side, one above the other."""
_CORE = 0.3
"""A cell shows a thing if its centre is closer to the thing's than this share of its side, or if
the thing's centre lies in it."""
_CLEAR = 0.75
"""A cell shows the background if it is farther than this from every thing."""
_UNKNOWN = -100
_NOTHING, _LEFT_OUT = (0, 0, 0, 0), (_UNKNOWN,) * 4


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


def cells(batch: list[Scene], places: list[list[list[Slot]]], side: int) -> Tensor:
    """What every grid cell shows, shape (batch, side * side, 4).

    Thing and colour; how many copies its group has; whether that is the only group, the first or
    the second one. ``places`` are those of the copies. Cells near the edge of a thing are left out.
    """
    return torch.tensor(
        [_cells(scene, own, side) for scene, own in zip(batch, places, strict=True)]
    )


def _cells(scene: Scene, places: list[list[Slot]], side: int) -> list[tuple[int, int, int, int]]:
    turned = scene.relation in ("right", "below")
    alone = scene.relation is None
    slots = [
        (x, y, s, (_THINGS[g.thing], _COLOURS.get(g.colour or "", 0), g.count, part))
        for i, (g, copies) in enumerate(zip(scene.groups, places, strict=True))
        for part in [1 if alone else 2 + (i != turned)]
        for x, y, s in copies
    ]
    rows = []
    for cell in range(side * side):
        cx, cy = (cell % side + 0.5) / side, (cell // side + 0.5) / side
        away, s, shown = min(
            (max(abs(cx - x), abs(cy - y)) / s, s, told) for x, y, s, told in slots
        )
        if away < _CORE or away * s < 0.5 / side:
            rows.append(shown)
        else:
            rows.append(_NOTHING if away > _CLEAR else _LEFT_OUT)
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
        self.cell = nn.Linear(width, sum(_CELL_SIZES))

    def forward(self, features: Tensor) -> list[Tensor]:
        """Seven score tensors of shape (batch, classes), as :func:`answers`."""
        seen = self.look(self.query.expand(len(features), -1, -1), features + self.place)
        parts = [part for k in range(2) for part in self.group(seen[:, k]).split(_SIZES, dim=-1)]
        return [*parts, self.layout(seen.flatten(1))]

    def loss(self, features: Tensor, batch: list[Scene], shown: Tensor) -> tuple[Tensor, float]:
        """Sum of the mean cross-entropies; the share of pictures with all seven answers right.

        ``shown`` is what :func:`cells` says.
        """
        features = self.norm(features)
        wanted = answers(batch)
        scores = self(features)
        losses = [functional.cross_entropy(s, wanted[:, i]) for i, s in enumerate(scores)]
        parts = self.cell(features).flatten(0, 1).split(_CELL_SIZES, dim=-1)
        for part, weight, told in zip(
            parts, _CELL_WEIGHTS, shown.flatten(0, 1).unbind(-1), strict=True
        ):
            loss = functional.cross_entropy(part, told, ignore_index=_UNKNOWN)
            losses.append(weight * loss)
        right = torch.stack([s.argmax(-1) == wanted[:, i] for i, s in enumerate(scores)])
        return torch.stack(losses).sum(), right.all(0).float().mean().item()
