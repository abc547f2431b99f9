"""What benchmarks/classic.py has measured, kept in a file; and the pages of results that are made of it."""

import json
from collections.abc import Iterator

from classic_goals import GOALS, REASONS
from common import HERE, table

KEPT = HERE / "results" / "classic.jsonl"
RULE = {512: 1.3}  # of the ratio to the fastest peer on all cores; 1 for what is larger
UNKNOWN = "not known."
NOISE = 1.05  # of two medians: what lies within counts as equal
HEAD = (
    *("operation", "side", "cvkit, 1 core", "cvkit", "cvkit, ms", "peers", "ratio, 1 core", "ratio", "floors"),
    "bytes/pixel",
)
ABOUT = (
    "Medians in nanoseconds a pixel (of boxes a box), on all cores unless said; the ratio is to the fastest peer, "
    "below 1 is faster. Floors: how many times as long as {floor} on one core it takes on one core. Bytes a pixel: "
    "what cvkit needs at most beyond the image, its answer included."
)


def keep(record: dict) -> None:
    """Store a record in the place of an older one of the same operation and size."""
    kept = [other for other in read() if _key(other) != _key(record)]
    KEPT.write_text("".join(json.dumps(one) + "\n" for one in sorted([*kept, record], key=_key)), "utf-8")


def read() -> list[dict]:
    """All records."""
    return [json.loads(line) for line in KEPT.read_text("utf-8").splitlines()] if KEPT.exists() else []


def _key(record: dict) -> tuple:
    return record["part"], record["side"], record["operation"]


def write_pages() -> None:
    """Write a page for each part, and that of the goals."""
    found = read()
    floors = {record["side"]: record["one"] for record in found if record["part"] == "floor"}
    for part in sorted({record["part"] for record in found} - {"floor"}):
        _write(f"classic-{part}", _page([record for record in found if record["part"] == part], floors))
    _write("classic-goals", _goals([record for record in found if record["part"] != "floor"]))


def _write(name: str, parts: Iterator[str]) -> None:
    text = "\n\n".join([f"# {name}", *parts]) + "\n"
    (HERE / "results" / f"{name}.md").write_text(text, "utf-8")
    print(text)


def _page(found: list[dict], floors: dict[int, dict]) -> Iterator[str]:
    yield f"`PYTHONPATH=. python benchmarks/classic.py --parts {found[0]['part']}`"
    yield _runs(found)
    floor = "histogram" if found[0]["part"] == "global" else "copying"
    yield ABOUT.format(floor={"histogram": "counting the values", "copying": "copying the image"}[floor])
    cells = [[side, *(f"{one[name] / side**2 * 1e9:.3f}" for name in ("copying", "histogram"))] for side, one in
             sorted(floors.items())]  # fmt: skip
    yield table(["side", "copying, ns a pixel", "histogram"], cells)
    yield table(HEAD, [_row(record, floors[record["side"]][floor] / record["side"] ** 2) for record in found])
    yield from _slower(found)


def _runs(found: list[dict]) -> str:
    """When and where each size was measured."""
    lines = {}
    for record in found:
        run = record["run"]
        lines.setdefault(json.dumps(run), (run, set()))[1].add(record["side"])
    return "\n".join(
        f"- {', '.join(map(str, sorted(sides)))}: {run['date']}, commit {run['commit']}, {run['processor']}, "
        f"{run['cores']} cores, {run['libraries']}"
        for run, sides in lines.values()
    )


def _row(record: dict, floor: float) -> list:
    ours, pixels = {when: record[when]["cvkit"] for when in ("one", "all")}, record["pixels"]
    ranked = sorted((seconds, peer) for peer, seconds in record["all"].items() if peer != "cvkit")
    return [
        record["operation"] + (f" ({record['says']})" if record["says"] else ""),
        record["side"] if pixels == record["side"] ** 2 else "",
        *(f"{seconds / pixels * 1e9:.2f}" for seconds in ours.values()),
        f"{ours['all'] * 1e3:.2f}",
        ", ".join(f"{peer} {seconds / pixels * 1e9:.2f}" for seconds, peer in ranked) or "none",
        *(f"{value:.2f}" if (value := ratio(record, when)) else "" for when in ("one", "all")),
        f"{ours['one'] / pixels / floor:.0f}" if pixels >= record["side"] ** 2 else "",
        f"{record['bytes'] / pixels:.1f}",
    ]


def ratio(record: dict, when: str = "all") -> float | None:
    """Of our seconds to those of the fastest peer, if there is one."""
    peers = [seconds for peer, seconds in record[when].items() if peer != "cvkit"]
    return record[when]["cvkit"] / min(peers) if peers else None


def _misses(found: list[dict]) -> list[dict]:
    """The operations that are slower than the rule allows."""
    return [one for one in found if (value := ratio(one)) and value > RULE.get(one["side"], 1.0) * NOISE]


def _slower(found: list[dict]) -> Iterator[str]:
    """Why operations are slower than the rule allows."""
    names = list(dict.fromkeys(record["operation"] for record in _misses(found)))
    if names:
        yield "Slower than the fastest peer (more than 1.3 times at 512, at all above), and why:"
        yield "\n".join(f"- {name}: {_reason(name)}" for name in names)


def _reason(name: str) -> str:
    fits = [prefix for prefix in REASONS if name.startswith(prefix)]
    return REASONS[max(fits, key=len)] if fits else UNKNOWN


def _why(name: str, some: list[dict]) -> str:
    """Why a goal is not reached, and whether a peer would reach it."""
    ratios = {one["operation"]: ratio(one) for one in some}
    reason = [f"{ratios[name]:.2f} of the fastest peer's time"] if ratios[name] else []
    return "; ".join([*reason, *([_reason(name)] if _reason(name) != UNKNOWN else [])]) or UNKNOWN


def _goals(found: list[dict]) -> Iterator[str]:
    yield "`PYTHONPATH=. python benchmarks/classic.py`, or `--sizes` with no size from what was measured before"
    yield _runs(found)
    yield "Goals of single operations, on all cores; where several are named the slowest counts."
    rows = []
    for text, part, names, side, unit, goal in GOALS:
        some = [one for one in found if one["part"] == part and one["operation"] in names and one["side"] == side]
        wanted = f"{goal} {unit}" if goal else "the fastest peer"
        if len(some) < len(names):
            rows.append([text, wanted, "not measured", "", ""])
            continue
        value, name = max((_value(one, unit), one["operation"]) for one in some)
        reached = value <= (goal or NOISE)
        cells = [f"{value:.3g} {unit}".replace("ratio", "of the fastest peer"), "yes" if reached else "no"]
        rows.append([text, wanted, *cells, "" if reached else _why(name, some)])
    yield table(["operation", "goal", "measured", "reached", "why not"], rows)
    yield "\n".join(f"{one['operation']}: {one['says']}." for one in found if one["says"])
    yield "The rule: on all cores at most as long as the fastest peer takes, at 512 at most 1.3 times as long."
    rows = []
    for side in sorted({record["side"] for record in found}):
        some = [record for record in found if record["side"] == side and ratio(record)]
        slower = [f"{one['operation']} {ratio(one):.2f}" for one in _misses(some)]
        rows.append([side, len(some), len(some) - len(slower), ", ".join(slower) or "none"])
    yield table(["side", "operations with peers", "within the rule", "not within it, and their ratio"], rows)
    yield from _slower(found)


def _value(record: dict, unit: str) -> float:
    seconds = record["all"]["cvkit"]
    return {"ns": seconds / record["pixels"] * 1e9, "ms": seconds * 1e3, "ratio": ratio(record)}[unit]
