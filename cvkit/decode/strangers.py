"""Files that are no image, or none that is read here: what each is, and what to do."""

import re

from cvkit.errors import CvkitError

_STRANGERS = {
    rb"version https://git-lfs": ("a Git LFS pointer, not the image itself", "fetch that with: git lfs pull"),
    rb"\s*<(!doctype html|html|head)": ("a web page", "download the image itself"),
    rb"\s*(<\?xml.*)?(<!--.*)?<svg": ("an SVG drawing", "export it as PNG"),
    rb".{4}ftyp(hei|hev|mif1|msf1)": ("a HEIC photograph", "export it as JPEG or PNG"),
    rb".{4}ftypavi": ("an AVIF image", "export it as PNG"),
    rb"%PDF": ("a PDF document", "export its pages as PNG"),
    rb"\x93NUMPY": ("a NumPy array", "load it with numpy.load(path, allow_pickle=False)"),
    rb"PK\x03\x04": ("a ZIP archive", "unpack it first"),
    rb"P7\s": ("a PAM image", "convert it to PNG"),
    rb"\0\0\0\x0c(jP  |JXL )|\xff\x4f\xff\x51|\xff\x0a": ("a JPEG 2000 or JPEG XL image", "convert it to PNG or TIFF"),
    rb".{128}DICM": ("a DICOM image", "export it as TIFF"),
    rb"\x08[\x01-\x20]\x12|.{8}\{\"|.{4}TFL3": ("a network", "name the folder of the model that it belongs to"),
    rb"\x89HDF": ("an HDF5 file", "take the array out with h5py"),
    rb"\0+$": ("nothing but zeros", "copy or download it again"),
    rb"[\t\n\r\x20-\x7e]+$": ("text", "name the image itself"),
}


def refusal(head: bytes) -> CvkitError:
    """Give the error of a file that begins so."""
    if not head:
        return CvkitError("file-empty", came="the file is empty", remedy="copy or download it again")
    found = (is_ for start, is_ in _STRANGERS.items() if re.match(start, head, re.DOTALL | re.IGNORECASE))
    what, remedy = next(found, ("none of these", "convert it to PNG or TIFF"))
    expected = "expected a PNG, JPEG, TIFF, BMP, WebP, GIF or PNM image"
    return CvkitError("file-format", f"{expected}, but this seems to be {what}", remedy=remedy)
