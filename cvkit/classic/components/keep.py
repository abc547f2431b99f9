"""Keep the objects for which a condition on their measurements holds, written as one would say it."""

import ast
import operator
from collections.abc import Callable

import numpy as np

from cvkit.arrays import Objects, as_gray, same_shape
from cvkit.classic.components.clean import choose
from cvkit.classic.components.labelling import as_objects
from cvkit.classic.components.regions import column_names, measure
from cvkit.errors import CvkitError

COMPARE = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
CALCULATE = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: np.true_divide,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
LONGEST = 300
EXAMPLE = "write for example 'area > 50 and solidity > .8'"


def keep_if(
    objects: Objects, image: np.ndarray | None = None, *, condition: str = "area >= 64", connectivity: int = 8
) -> Objects:
    """Keep the objects whose measurements fulfil a condition.

    Parameters
    ----------
    objects : (H, W) bool or integer array
        A mask, whose connected components are the objects, or labels.
    image : (H, W) or (H, W, 3) array, optional
        For conditions on the values of an image within the object: mean, min, max, std, total.
    condition : str
        Names of columns of `regions` and numbers, with ``+ - * / **``, compared by ``< <= == != >= >`` and linked by
        ``and``, ``or``, ``not``. Only the columns that are named are computed. A comparison with NaN does not hold.
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    objects : (H, W) bool or int32 array
        As given; labels are numbered anew without gaps.

    Raises
    ------
    ValueError
        If the condition is none, or names a column that there is not.

    Examples
    --------
    >>> keep_if(np.array([[1, 1, 1, 0, 2]]), condition="area > 2 or col == 4 and not area < 2")
    array([[1, 1, 1, 0, 0]], dtype=int32)
    """
    objects = as_objects(objects)
    holds, names = condition_of(condition)
    names = column_names(names, image is not None)
    if image is not None:
        image = as_gray(image)
        same_shape(np.asarray(objects), image, "objects and image")

    def chosen(found, values):
        table = measure(objects, found, values, names, image, connectivity)
        with np.errstate(all="ignore"):  # a division by zero is infinite, and compares as such
            return np.broadcast_to(holds(table), len(values))

    return choose(objects, connectivity, chosen)


def condition_of(condition: str) -> tuple[Callable[[dict], np.ndarray], list[str]]:
    """A function of a table that tells for which rows the condition holds, and the columns that it asks for."""
    if not isinstance(condition, str):
        raise CvkitError("condition-type", "`condition` must be a text", came=repr(condition), remedy=EXAMPLE)
    if len(condition) > LONGEST:  # so that no nesting is too deep for the interpreter
        raise CvkitError(
            "condition-long",
            f"`condition` must have at most {LONGEST} characters",
            came=str(len(condition)),
            remedy="use several steps, one after the other",
        )
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError) as fault:
        raise CvkitError(
            "condition-text", came=f"cannot read the condition {condition!r}: {fault}", remedy=EXAMPLE
        ) from None
    return _truth(tree), sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})


def _truth(node: ast.expr) -> Callable[[dict], np.ndarray]:
    """What is true or false of each row."""
    match node:
        case ast.BoolOp(op=ast.And() | ast.Or() as link, values=parts):
            join = np.logical_and if isinstance(link, ast.And) else np.logical_or
            truths = [_truth(part) for part in parts]
            return lambda table: join.reduce(np.broadcast_arrays(*(truth(table) for truth in truths)))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            truth = _truth(part)
            return lambda table: np.logical_not(truth(table))
        case ast.Compare(left=first, ops=signs, comparators=others) if all(type(sign) in COMPARE for sign in signs):
            values = [_value(part) for part in (first, *others)]
            tests = [(COMPARE[type(sign)], *pair) for sign, *pair in zip(signs, values, values[1:], strict=False)]
            return lambda table: np.logical_and.reduce(
                np.broadcast_arrays(*(test(one(table), other(table)) for test, one, other in tests))
            )
    raise CvkitError(
        "condition-text",
        came=f"{ast.unparse(node)!r} is no condition: compare a column with a number",
        remedy=EXAMPLE,
    )


def _value(node: ast.expr) -> Callable[[dict], np.ndarray]:
    """A number for each row."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return lambda table: np.float64(float(number))
        case ast.Name(id=name):
            return lambda table: table[name].astype(np.float64)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in CALCULATE:
            calculate, one, other = CALCULATE[type(sign)], _value(left), _value(right)
            return lambda table: calculate(one(table), other(table))
        case ast.UnaryOp(op=sign, operand=part) if type(sign) in CALCULATE:
            calculate, value = CALCULATE[type(sign)], _value(part)
            return lambda table: calculate(value(table))
    raise CvkitError("condition-text", came=f"{ast.unparse(node)!r} is neither a column nor a number", remedy=EXAMPLE)
