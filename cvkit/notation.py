"""How a pipeline is written: steps with bars between them, each a name with ``name=value`` in brackets or none."""

import ast

from cvkit.errors import CvkitError

LONGEST = 3000  # signs of a step


def split(text: str) -> list[str]:
    """Cut the text of a pipeline at its bars, those within quotes or brackets left alone.

    Examples
    --------
    >>> split("median(size=3) | otsu")
    ['median(size=3)', 'otsu']
    """
    parts, depth, quote, escaped = [""], 0, "", False
    for sign in text:
        if escaped:
            escaped = False
        elif quote:
            quote, escaped = "" if sign == quote else quote, sign == "\\"
        elif sign in "'\"":
            quote = sign
        elif sign == "|" and depth == 0:
            parts.append("")
            continue
        else:
            depth += (sign in "([{") - (sign in ")]}")
        parts[-1] += sign
    return [part.strip() for part in parts]


def parse(text: str) -> tuple[str, dict]:
    """Read one step of a pipeline: its name and its arguments.

    Examples
    --------
    >>> parse("sauvola(window=25, k=0.2)")
    ('sauvola', {'window': 25, 'k': 0.2})
    >>> parse("sauvola(25)")
    Traceback (most recent call last):
    cvkit.errors.CvkitError: in 'sauvola(25)': write each argument as name=value; see `cvkit list NAME`.
    """
    if len(text) > LONGEST:
        raise _written(text, f"a step of {len(text):,} signs, more than {LONGEST:,}")
    name, arguments = text, ""
    if text.endswith(")") and "(" in text and text[:1] not in "'\"":
        name, _, rest = text.partition("(")
        name, arguments = name.strip(), rest[:-1]
    try:
        if name[:1] in ("'", '"') and name[-1:] == name[:1] and len(name) > 2:
            name = ast.literal_eval(name)
        if not name.strip():
            raise ValueError("a step has no name, as in 'median(size=3) | otsu'")
        call = ast.parse(f"f({arguments})", mode="eval").body
        plain = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args
        if not plain or any(word.arg is None for word in call.keywords):
            raise ValueError("write each argument as name=value")
        found = {word.arg: _literal(word) for word in call.keywords}
    except SyntaxError as fault:
        raise _written(text, fault.msg) from None
    except (RecursionError, MemoryError):  # what Python's parser answers to brackets within brackets within brackets
        raise _written(text, "it is nested too deeply") from None
    except ValueError as fault:
        raise _written(text, str(fault)) from None
    if len(found) < len(call.keywords):
        raise _written(text, "an argument stands twice")
    return name, found


def _literal(word: ast.keyword):
    try:
        return ast.literal_eval(word.value)
    except (ValueError, TypeError):
        raise ValueError(f"the value of {word.arg} must be a number, a quoted text, True, False or None") from None


def _written(text: str, fault: str) -> CvkitError:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return CvkitError("pipeline-text", f"in {shown!r}: {fault}", remedy="see `cvkit list NAME`")
