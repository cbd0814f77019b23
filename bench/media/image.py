"""Reading pictures as people have them: photographs, cut-outs, scans, screenshots, single frames."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError, features

from bench.files import obstacle
from bench.media.container import UnreadableClip, failures_of

IMAGE_SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif",
    ".jp2", ".ppm", ".pgm",
})  # fmt: skip

BACKGROUND = (255, 255, 255)
"""White stands behind what is transparent, as on most pages and in most viewers."""

LONGEST_SIDE = 8000
"""Pixels; a file of a few bytes may claim any size, and three bytes a pixel are kept."""

SHORTEST_SIDE = 16
"""Pixels of a driving image: no face can be seen in less."""

# Only what decodes to pixels by itself: Pillow would start Ghostscript for EPS, and read other files for a few more.
_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_ELSE = "save it as PNG or JPEG"


def driving_image(path: Path) -> NDArray[np.uint8]:
    """A picture that a face can be seen in; see `read_image`.

    Raises:
        UnreadableClip: see `read_image`, or a side is shorter than `SHORTEST_SIDE`.
    """
    image = read_image(path)
    height, width = image.shape[:2]
    if min(height, width) < SHORTEST_SIDE:
        raise UnreadableClip(path, f"it has {width} x {height} pixels; a face needs {SHORTEST_SIDE} on either side")
    return image


def read_image(path: Path) -> NDArray[np.uint8]:
    """The picture in a file, upright, told by its content whatever the suffix says.

    The rotation of its EXIF data is applied, `BACKGROUND` stands behind what is transparent, 16-bit samples become the
    nearest 8-bit ones, grey, palette and CMYK become RGB; of an animation the first picture is taken. Colours are taken
    for sRGB.

    Returns:
        uint8 [H, W, 3], RGB, contiguous.

    Raises:
        UnreadableClip: it is no regular file, no picture, damaged, of a kind that is not read, or larger than
            `LONGEST_SIDE`.
    """
    path = Path(path)
    if reason := obstacle(path):
        raise UnreadableClip(path, reason)
    with failures_of(path), _opened(path) as image:
        width, height = image.size
        if max(width, height) > LONGEST_SIDE:
            raise UnreadableClip(path, f"it has {width} x {height} pixels, more than {LONGEST_SIDE} on a side")
        try:
            return np.array(_rgb(ImageOps.exif_transpose(image), path))
        except (OSError, SyntaxError, ValueError, EOFError) as error:  # whatever a decoder of Pillow's raises
            if isinstance(error, UnreadableClip) or getattr(error, "errno", None) is not None:
                raise
            raise UnreadableClip(path, f"it is damaged ({str(error).rstrip('.') or type(error).__name__})") from error


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with path.open("rb") as file:
        head = file.read(512)
        file.seek(0)
        if not head:
            raise UnreadableClip(path, "the file is empty")
        known = _readable_formats()
        if reason := _lacking_reader(head, known):
            raise UnreadableClip(path, reason)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on sizes that the limit above refuses or allows, and odd metadata
            try:
                image = Image.open(file, formats=known)
            except Image.DecompressionBombError as error:
                raise UnreadableClip(path, f"it has more than {LONGEST_SIDE} pixels on a side") from error
            except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
                raise UnreadableClip(path, _why_no_image(head)) from error
            with image:
                yield image


def _readable_formats() -> list[str]:
    """The formats that this machine reads; HEIC is one where pillow-heif is installed."""
    with suppress(ImportError):
        import_module("pillow_heif").register_heif_opener()
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _lacking_reader(head: bytes, known: list[str]) -> str | None:
    """Why a picture of a known kind cannot be read here; None if nothing speaks against it."""
    if head[4:8] != b"ftyp":
        return None
    if head[8:12] in _HEIC and "HEIF" not in known:
        return f"it is HEIC, which is read where pillow-heif is installed (pip install pillow-heif); or {_ELSE}"
    if head[8:12] in (b"avif", b"avis") and not features.check("avif"):
        return f"it is AVIF, which Pillow reads from version 11.3 on (pip install -U pillow); or {_ELSE}"
    return None


def _why_no_image(head: bytes) -> str:
    if head[4:8] in (b"ftyp", b"moov", b"mdat") or head[:4] in (b"\x1a\x45\xdf\xa3", b"RIFF", b"\x00\x00\x01\xba"):
        return "it holds video or sound, or a kind of picture that is not read; name a picture such as a PNG or JPEG"
    if head.lstrip()[:4] in (b"<svg", b"<?xm", b"%PDF", b"%!PS"):
        return f"it is a drawing or a page, not pixels; {_ELSE}"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head):
        return "it holds text, not a picture"
    return f"it is no picture that can be read; {_ELSE}"


def _rgb(image: Image.Image, path: Path) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_integers(image, path)
    if image.mode == "F":
        raise UnreadableClip(path, f"its pixels are floating-point numbers of no stated range; {_ELSE}")
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, (*BACKGROUND, 255))
        opaque.alpha_composite(image.convert("RGBA"))
        return opaque.convert("RGB")
    return image.convert("RGB")


def _from_integers(image: Image.Image, path: Path) -> Image.Image:
    """Grey of 16 bits, which Pillow would clip to white at 255."""
    samples = np.array(image).astype(np.int64)
    if samples.size and (samples.min() < 0 or samples.max() > 65535):
        raise UnreadableClip(path, f"its pixels are integers beyond 16 bits; {_ELSE}")
    return Image.fromarray(((samples + 128) // 257).astype(np.uint8)).convert("RGB")
