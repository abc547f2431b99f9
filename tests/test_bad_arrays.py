"""No array, whatever it is, crashes a public function, meets OpenCV unchecked, or changes an answer by its coat."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def calls():
    """What became of every call of tests/walk.py, which runs in a process of its own."""
    ran = subprocess.run([sys.executable, HERE / "walk.py"], capture_output=True, text=True, timeout=300)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, (
        f"it ended with {ran.returncode} in {lines[-1] if lines else 'nothing'}: {ran.stderr[-800:]}"
    )
    return [asked | became for asked, became in zip(lines[::2], lines[1::2], strict=True)]


def test_the_walk_sees_all_that_takes_an_array(calls):
    from walk import NO_ARRAY

    import cvkit
    from cvkit.classic import components

    seen = {call["call"].split()[0] for call in calls} | {call["call"].removeprefix("segment ") for call in calls}
    assert set(components.__all__) - NO_ARRAY | set(cvkit.steps()) | set(cvkit.methods()) <= seen
    assert {call["with"] for call in calls} >= {"no rows", "object", "NaN", "too large", "4-D"} and len(calls) > 9000


def test_every_refusal_is_a_value_or_type_error_in_our_words(calls):
    wrong = [
        call
        for call in calls
        if call["result"] != "ok" and not (call["ours"] and {"ValueError", "TypeError"} & set(call["kinds"]))
    ]
    # A path in the place of an image is read: that one is missing.
    wrong = [call for call in wrong if call["result"] != "FileMissing" and call["result"] != "FileNotFoundError"]
    assert not wrong, f"{len(wrong)} calls, such as {wrong[:3]}"


def test_what_no_image_can_be_is_refused_everywhere(calls):
    never = {"text", "bytes", "ragged", "object", "complex", "str", "dates", "records", "4-D", "5 channels", "masked"}
    taken = [
        call
        for call in calls
        if call["result"] == "ok"
        and call["with"] in never
        and call["call"] not in ("bootstrap", "write")  # one takes any shape, the other files that hold them
        and (call["call"], call["with"]) != ("grid prediction", "text")  # the reason why there is none
    ]
    assert not taken, f"{len(taken)} calls, such as {taken[:5]}"


def test_the_answer_does_not_depend_on_how_an_array_lies_in_memory(calls):
    coats = [call for call in calls if "same" in call]
    assert len(coats) > 900
    assert not [call for call in coats if not call["same"]]


def test_a_coat_is_never_refused(calls):
    refused = [
        call for call in calls if call["with"] in ("readonly", "strided", "flipped", "fortran", "swapped", "subclass")
    ]
    assert not [call for call in refused if call["result"] != "ok"]
