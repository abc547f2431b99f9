"""One image larger than memory: any pipeline on its tiles, with the answer that the whole would get."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.arrays import Table, kind_of, whole
from cvkit.cli._shared import save
from cvkit.errors import CvkitError
from cvkit.pipeline import Pipeline
from cvkit.scale import sinks, sources
from cvkit.scale.engine import executor
from cvkit.scale.passes import Work
from cvkit.scale.rasters import GRID, Tiles
from cvkit.scale.stages import stages
