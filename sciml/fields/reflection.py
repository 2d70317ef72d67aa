"""Functions of values that are odd or even: the parities of the result, exactly.

A function of an odd argument is neither odd nor even, but its values at the mirror image are those of the function at the negative
argument: half the sum of both is the even part, half the difference the odd one. With several axes and arguments each independent
reflection doubles the number of evaluations.
"""

import itertools
from collections.abc import Callable, Sequence

from jaxtyping import Array

from sciml.fields.arithmetic import add
from sciml.fields.box_basis import GIVEN, NONE


def map_by_parity(
    function: Callable[..., Array], arguments: Sequence[dict[int, Array]], given: bool
) -> dict[int, Array]:
    """Values of a pointwise function of sums of functions of known parity, by parity.

    Args:
        function: acts element by element.
        arguments: for each argument, parity to values.
        given: whether all arguments are given functions: then so is the result.
    """
    parities = {parity for argument in arguments for parity in argument}
    if NONE in parities or (given and GIVEN in parities):
        return {NONE if NONE in parities else GIVEN: function(*(_sum(argument, {}) for argument in arguments))}
    generators = _independent([parity for parity in sorted(parities) if parity > 0])
    spans = [
        (chosen, _xor(generator for generator, used in zip(generators, chosen) if used))
        for chosen in itertools.product((False, True), repeat=len(generators))
    ]
    values = []
    for mirrored in itertools.product((False, True), repeat=len(generators)):
        signs = {parity: _sign(chosen, mirrored) for chosen, parity in spans}
        values.append((mirrored, function(*(_sum(argument, signs) for argument in arguments))))
    result = {}
    for chosen, parity in spans:
        terms = [value * (_sign(chosen, mirrored) / len(values)) for mirrored, value in values]
        result[parity] = sum(terms[1:], terms[0])
    return result


def _sum(argument: dict[int, Array], signs: dict[int, int]) -> Array:
    terms = [values if signs.get(parity, 1) > 0 else -values for parity, values in argument.items()]
    total = terms[0]
    for term in terms[1:]:
        total = add(total, term)
    return total


def _sign(chosen: Sequence[bool], mirrored: Sequence[bool]) -> int:
    return (-1) ** sum(a and b for a, b in zip(chosen, mirrored))


def _xor(parities) -> int:
    total = 0
    for parity in parities:
        total ^= parity
    return total


def _independent(parities: Sequence[int]) -> list[int]:
    """A basis of what the parities span under exclusive or."""
    chosen: list[int] = []
    spanned = {0}
    for parity in parities:
        if parity not in spanned:
            chosen.append(parity)
            spanned |= {parity ^ old for old in spanned}
    return chosen
