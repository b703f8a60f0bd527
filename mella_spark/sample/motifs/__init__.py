"""How each thing of a scene is drawn: one function a thing, one module a language."""

from collections.abc import Callable

from . import arabic, czech, hungarian, korean, plain, russian, serbian, thai, vietnamese
from .pen import Pen

DRAWERS: dict[str, Callable[[Pen], None]] = {
    name: drawer
    for module in (plain, arabic, czech, hungarian, korean, russian, serbian, thai, vietnamese)
    for name, drawer in module.DRAWERS.items()
}
"""Draws a thing in the box of a pen, by the thing's id."""

__all__ = ["DRAWERS"]
