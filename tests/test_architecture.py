"""The rules of the house: who may import whom, what `import cvkit` loads, how long a file may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "cvkit"
FILES = sorted(ROOT.rglob("*.py"))
HEAVY = {"numpy", "cv2", "keras", "tensorflow", "matplotlib", "onnxruntime", "skimage", "scipy"}

# For each room the rooms and libraries that it may import, besides the standard library; the longest prefix holds.
ALLOWED = {
    "": set(),
    "arrays": {"numpy", "cvkit.checks"},
    "checks": {"numpy"},
    "notation": set(),
    "files": set(),
    "cores": set(),
    "reach": set(),
    "levels": {"numpy", "cvkit.arrays"},
    "registry": {"cvkit.notation"},
    "pipeline": {"cvkit.registry", "cvkit.arrays"},
    "io": {"numpy", "cvkit.arrays", "cvkit.decode", "cvkit.encode"},
    "decode": {"numpy", "cv2", "PIL", "tifffile", "cvkit.decode"},
    "encode": {"numpy", "cv2", "tifffile"},
    "encode_objects": {"numpy", "cvkit.arrays", "cvkit.classic"},
    "preprocess": {"numpy", "cv2", "cvkit.arrays", "cvkit.levels", "cvkit.reach"},
    "classic": {"numpy", "cv2", "cvkit.arrays", "cvkit.classic", "cvkit.reach"},
    "classic/share": {"cv2", "cvkit.cores"},
    "classic/cuts": {"numpy", "scipy", "cvkit.arrays"},
    "deep": {"numpy", "keras", "cvkit", "cvkit.arrays", "cvkit.registry", "cvkit.deep"},
    "deep/__init__": {"cvkit.deep"},
    "deep/predict": {"numpy", "cvkit.arrays", "cvkit.cores", "cvkit.registry", "cvkit.deep"},
    "deep/tiles": {"numpy", "cvkit.arrays"},
    "deep/card": {"cvkit.arrays", "cvkit.io", "cvkit.registry", "cvkit.pipeline", "cvkit.deep"},
    "deep/wire": set(),
    "deep/onnx_bounds": set(),
    "deep/onnx_file": {"cvkit.deep"},
    "deep/model_files": {"cvkit.deep"},
    "deep/guard": {"numpy"},
    "deep/engines": {"numpy", "cv2", "onnxruntime", "openvino", "ai_edge_litert", "cvkit.deep"},
    "deep/simplify": {"numpy", "onnx"},
    "deep/decode": {"numpy", "cv2", "cvkit.arrays", "cvkit.classic.components", "cvkit.deep"},
    "deep/start": {"keras", "safetensors", "cvkit", "cvkit.registry", "cvkit.deep"},
    "deep/stars": {"numpy", "cv2"},
    "deep/star_objects": {"numpy", "cv2", "cvkit.arrays", "cvkit.classic.components", "cvkit.deep"},
    "deep/views": {"numpy"},
    "deep/calibration": {"numpy", "cvkit.arrays"},
    "deep/uncertainty": {"numpy", "cvkit.arrays", "cvkit.deep"},
    "deep/tuning": {"numpy", "cvkit.arrays", "cvkit.classic.components", "cvkit.compare", "cvkit.deep"},
    "deep/target": {"numpy", "cv2", "cvkit.arrays", "cvkit.registry"},
    "deep/colour": {"numpy", "cv2"},
    "deep/augment": {"numpy", "cv2", "cvkit", "cvkit.registry", "cvkit.deep"},
    "deep/run": {"numpy", "safetensors", "cvkit.io"},
    "deep/folds": {"numpy", "cvkit.arrays", "cvkit.deep", "cvkit.compare"},
    "deep/fitting": {"numpy", "keras", "tensorflow", "cvkit", "cvkit.registry", "cvkit.deep"},
    "deep/averaging": {"numpy", "keras", "tensorflow"},
    "deep/feed": {"numpy", "tensorflow"},
    "deep/describing": {"numpy", "cv2", "keras", "cvkit.arrays", "cvkit.deep"},
    "deep/keeper": {"numpy", "keras", "cvkit.deep", "cvkit.compare"},
    "deep/data": {"numpy", "cvkit.arrays", "cvkit.deep"},
    "deep/export": {"numpy", "keras", "onnx", "safetensors", "cvkit", "cvkit.registry", "cvkit.deep"},
    "deep/convert": {"numpy", "keras", "openvino", "safetensors", "tensorflow", "cvkit.io", "cvkit.deep"},
    "deep/quantize": {"numpy", "keras", "onnxruntime", "tensorflow", "cvkit.arrays", "cvkit.compare", "cvkit.deep"}
    | {"cvkit.io"},
    "deep/segmenter": {"keras", "tensorflow", "cvkit.deep"},
    "deep/adversarial": {"keras", "tensorflow", "cvkit.arrays", "cvkit.deep"},
    "deep/gan_augment": {"keras", "tensorflow", "cvkit.arrays", "cvkit.deep"},
    "deep/penalties": {"keras", "tensorflow", "cvkit.arrays", "cvkit.notation", "cvkit.deep"},
    "deep/objectives": {"keras", "cvkit.arrays", "cvkit.deep"},
    "deep/named": {"cvkit.notation"},
    "deep/gans/__init__": {"cvkit.registry", "cvkit.notation", "cvkit.deep"},
    "deep/gan_training": {"numpy", "keras", "PIL", "cvkit", "cvkit.arrays", "cvkit.io", "cvkit.notation", "cvkit.deep"},
    "deep/checkpoint": {"numpy", "keras", "safetensors", "cvkit.io"},
    "deep/examples": {"numpy", "cvkit.arrays"},
    "deep/generation": {"numpy", "cvkit.arrays", "cvkit.deep"},
    "deep/generator_card": {"cvkit.registry", "cvkit.notation", "cvkit.deep"},
    "deep/regions": {"keras", "cvkit.registry", "cvkit.deep"},
    "deep/mosaic": {"numpy"},
    "deep/mixture": {"numpy", "cvkit.arrays"},
    "deep/synthesis": {"numpy", "cvkit", "cvkit.arrays", "cvkit.datasets", "cvkit.io", "cvkit.pipeline", "cvkit.deep"}
    | {"cvkit.compare"},
    "deep/synthesis/scenes": {"numpy", "cv2", "cvkit.arrays", "cvkit.classic.components", "cvkit.deep"},
    "deep/synthesis/scores": {"numpy", "cv2", "cvkit.arrays", "cvkit.compare"},
    "deep/blocks": {"keras", "tensorflow"},
    "datasets": {"numpy", "cvkit.arrays", "cvkit.files", "cvkit.io", "cvkit.datasets"},
    "datasets/pages": {"numpy", "scipy", "PIL", "cvkit.arrays"},
    "datasets/coco": {"numpy", "cvkit.arrays", "cvkit.classic", "cvkit.datasets"},
    "compare": {
        "numpy",
        "cvkit",
        "cvkit.io",
        "cvkit.encode_objects",
        "cvkit.arrays",
        "cvkit.registry",
        "cvkit.pipeline",
        "cvkit.compare",
    },
    "compare/metrics": {"numpy", "cvkit.arrays", "cvkit.compare.objects"},
    "compare/borders": {"numpy", "scipy", "cvkit.arrays"},
    "compare/objects": {"numpy", "cvkit.arrays"},
    "compare/documents": {"numpy", "cvkit.arrays", "cvkit.compare"},
    "compare/generation": {"numpy", "cvkit.arrays"},
    "compare/judgement": {"numpy", "cvkit.compare.generation", "cvkit.deep.describing", "cvkit.deep.quiet"},
    "compare/report": {"numpy", "jinja2", "cvkit", "cvkit.encode", "cvkit.io", "cvkit.compare"},
    "compare/learning": {"numpy", "matplotlib", "scipy", "cvkit.compare"},
    "compare/canvas": {"numpy", "matplotlib", "cvkit.compare"},
    "compare/charts": {"numpy", "matplotlib", "cvkit.arrays", "cvkit.compare"},
    "compare/speed": {"numpy", "matplotlib", "cvkit.compare"},
    "compare/curves": {"numpy", "matplotlib", "cvkit.compare"},
    "compare/plot": {"numpy", "matplotlib", "cvkit.arrays", "cvkit.compare"},
    "compare/montage": {"numpy", "matplotlib", "cvkit", "cvkit.classic", "cvkit.arrays", "cvkit.registry"}
    | {"cvkit.pipeline", "cvkit.compare"},
    "scale": {"numpy", "cvkit", "cvkit.arrays", "cvkit.io", "cvkit.pipeline", "cvkit.scale"},
    "scale/batch": {"tqdm", "cvkit", "cvkit.io", "cvkit.pipeline", "cvkit.scale"},
    "scale/crops": {"numpy", "cvkit.classic", "cvkit.scale"},
    "scale/objects": {"numpy", "cvkit.arrays", "cvkit.classic", "cvkit.scale"},
    "scale/seams": {"numpy", "cvkit.arrays", "cvkit.classic", "cvkit.scale"},
    "scale/passes": {"numpy", "cvkit.arrays", "cvkit.classic", "cvkit.deep", "cvkit.registry", "cvkit.scale"},
    "scale/rasters": {"numpy", "cvkit.classic", "cvkit.deep", "cvkit.scale"},
    "scale/stages": {"numpy", "cvkit", "cvkit.classic", "cvkit.deep", "cvkit.pipeline", "cvkit.reach", "cvkit.scale"}
    | {"cvkit.registry"},
    "scale/sources": {"numpy", "tifffile", "zarr", "cvkit.arrays", "cvkit.decode", "cvkit.io", "cvkit.scale"},
    "scale/sinks": {"numpy", "tifffile", "cvkit.scale"},
    "scale/files": {"cvkit.files"},
    "scale/engine": {"cvkit.arrays", "cvkit.cores", "cvkit.scale"},
    "scale/workers": {"cvkit.cores"},
    "scale/cluster": {"distributed"},
    "__main__": {"cvkit.cli"},
    "cli": {"click", "cvkit", "cvkit.arrays", "cvkit.registry", "cvkit.cli", "cvkit.io", "cvkit.decode", "cvkit.deep"}
    | {"cvkit.compare", "cvkit.datasets", "cvkit.files", "cvkit.scale", "tqdm"},
    "web": {
        "numpy",
        "cvkit",
        "cvkit.arrays",
        "cvkit.checks",
        "cvkit.registry",
        "cvkit.pipeline",
        "cvkit.io",
        "cvkit.encode",
    }
    | {"cvkit.classic", "cvkit.compare", "cvkit.deep", "cvkit.encode_objects", "cvkit.web"},
    "web/guard": {"starlette", "uvicorn", "cvkit.web"},
    "web/site": {"starlette", "cvkit", "cvkit.web"},
    "web/server": {"uvicorn", "cvkit.web"},
    "cli/web": {"click", "cvkit.web"},
    "cli/doctor": {"click", "cvkit", "cvkit.registry", "cvkit.cli"},
}


def imports(file):
    """Every module that a file imports, wherever it stands; `from cvkit import x` counts as cvkit.x if that is one."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            within = [name for name in inner if node.module.startswith("cvkit") and is_module(name)]
            yield from within or [node.module]


def is_module(name):
    path = ROOT.parent / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or path.is_dir()


def room(file):
    name = file.relative_to(ROOT).with_suffix("").as_posix()
    return max((key for key in ALLOWED if name == key or name.startswith(f"{key}/") or key == ""), key=len)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_imports_point_one_way(file):
    allowed = ALLOWED[room(file)]
    for name in imports(file):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or name == "cvkit.errors":
            continue
        known = (
            name in allowed
            or name == "cvkit.errors"
            or any(name.startswith(f"{other}.") for other in allowed if other != "cvkit")
        )
        assert known, f"{file.name} imports {name}"


def test_the_rule_catches_a_wrong_arrow(tmp_path):
    (tmp_path / "bad.py").write_text("def f():\n    import tensorflow\n    from cvkit import deep\n")
    assert list(imports(tmp_path / "bad.py")) == ["tensorflow", "cvkit.deep"]


def loaded_by(code):
    """Run code in a new interpreter; give the heavy libraries that it has loaded."""
    script = f"{code}\nimport sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


@pytest.mark.parametrize(
    "code",
    [
        "import cvkit",
        "import cvkit; cvkit.methods(); cvkit.networks(); dir(cvkit)",
        "import cvkit.compare",
        "import cvkit.cli; dict(cvkit.cli.main.commands)",
    ],
)
def test_loads_the_standard_library_alone(code):
    assert loaded_by(code) == set()


def test_a_trained_model_runs_without_keras():
    code = "import cvkit, numpy; cvkit.segment(numpy.eye(40), 'nuclei | split')"
    assert loaded_by(code) == {"numpy", "cv2", "onnxruntime"}


def test_a_threshold_needs_no_engine():
    assert loaded_by("import cvkit, numpy; cvkit.segment(numpy.eye(9), 'otsu')") == {"numpy", "cv2"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_files_are_short(file):
    assert len(file.read_text("utf-8").splitlines()) <= 300


def length(file):
    """The lines of a file, those of its docstrings not counted: what they promise to users may take its room."""
    text = file.read_text("utf-8")
    kinds = (ast.Module, ast.FunctionDef, ast.ClassDef)
    bodies = [node.body for node in ast.walk(ast.parse(text)) if isinstance(node, kinds) and ast.get_docstring(node)]
    return len(text.splitlines()) - sum(body[0].end_lineno - body[0].lineno + 1 for body in bodies)


def test_half_of_the_files_are_very_short():
    lengths = sorted(length(file) for file in FILES)
    assert lengths[len(lengths) // 2] <= 80
