"""Numba's compiler behind one typed decorator, so that the pictures' loops stay typed Python."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile at the first call and keep the machine code beside the source, or in the home's cache.

    Trap: Numba raises RuntimeError at decoration where it may write to neither place, as in a read-only container.
    """
    try:
        return _compiler(cache=True)(function)
    except RuntimeError:
        return _compiler(cache=False)(function)


def _compiler(cache: bool) -> Callable[[F], F]:
    return cast("Callable[[F], F]", numba.njit(cache=cache, nogil=True, fastmath=True, error_model="numpy"))
