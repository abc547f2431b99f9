"""Connected components: label them, clean masks by them, measure them, part the touching ones."""

from cvkit.classic.components.clean import clear_border, fill_holes, hysteresis, largest, remove_large, remove_small
from cvkit.classic.components.flood import watershed
from cvkit.classic.components.keep import keep_if
from cvkit.classic.components.labelling import label, relabel
from cvkit.classic.components.regions import regions
from cvkit.classic.components.splitting import split

__all__ = [
    "clear_border",
    "fill_holes",
    "hysteresis",
    "keep_if",
    "label",
    "largest",
    "regions",
    "relabel",
    "remove_large",
    "remove_small",
    "split",
    "watershed",
]
