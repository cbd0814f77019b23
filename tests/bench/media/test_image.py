"""Pictures of every kind that people have, made by Pillow; whatever is none is one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo

from bench.media.container import UnreadableClip
from bench.media.image import BACKGROUND, driving_image, read_image

RED, BLUE = (200, 30, 40), (20, 60, 210)
HEIGHT, WIDTH = 24, 40


def halves(mode: str = "RGB") -> Image.Image:
    """The left half red, the right half blue."""
    image = Image.new("RGB", (WIDTH, HEIGHT), RED)
    image.paste(BLUE, (WIDTH // 2, 0, WIDTH, HEIGHT))
    return image.convert(mode)


def corners(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels near the top left and the bottom right corner."""
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    return image[2, 2].astype(int), image[-3, -3].astype(int)


def assert_halves(image: np.ndarray, within: int) -> None:
    first, last = corners(image)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(first - RED).max() <= within
    assert np.abs(last - BLUE).max() <= within


@pytest.mark.parametrize(
    ("name", "options", "within"),
    [
        ("a.png", {}, 0), ("a.bmp", {}, 0), ("a.tif", {}, 0), ("a.ppm", {}, 0), ("a.webp", {"lossless": True}, 0),
        ("a.gif", {}, 8), ("a.jpg", {"quality": 95}, 8), ("a.webp", {"quality": 90}, 12), ("a.jp2", {}, 12),
        ("a.avif", {"quality": 95}, 16), ("a.heic", {"quality": 95}, 16),
    ],
)  # fmt: skip
def test_formats(tmp_path: Path, name: str, options: dict[str, Any], within: int) -> None:
    if name.endswith(".heic"):
        pytest.importorskip("pillow_heif").register_heif_opener()
    if name.endswith(".avif") and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    halves().save(tmp_path / name, **options)
    assert_halves(read_image(tmp_path / name), within)


@pytest.mark.parametrize(("mode", "name"), [("P", "a.png"), ("CMYK", "a.jpg"), ("CMYK", "a.tif"), ("RGBA", "a.png")])
def test_modes(tmp_path: Path, mode: str, name: str) -> None:
    (halves().quantize(16) if mode == "P" else halves(mode)).save(tmp_path / name)
    assert_halves(read_image(tmp_path / name), 16)


def test_grey_of_8_and_16_bits_are_the_same_picture(tmp_path: Path) -> None:
    grey = np.linspace(0, 255, HEIGHT * WIDTH).round().astype(np.uint8).reshape(HEIGHT, WIDTH)
    Image.fromarray(grey).save(tmp_path / "8.png")
    deep = np.minimum(grey.astype(int) * 257 + 100, 65535).astype(np.uint16)  # nearest to the same 8-bit value
    Image.fromarray(deep).save(tmp_path / "16.png")
    Image.fromarray(deep).save(tmp_path / "16.tif")
    expected = np.repeat(grey[..., None], 3, axis=2)
    for name in ("8.png", "16.png", "16.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name), expected, err_msg=name)
    clipped = np.array(Image.open(tmp_path / "16.png").convert("RGB"))
    assert np.abs(clipped.astype(int) - expected).max() > 100  # what Pillow alone would make of it


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int, name: str) -> None:
    upright = np.array(halves())
    upright[:4] = 0  # tells top from bottom
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.transpose(1, 0, 2),
        6: np.rot90(upright), 7: upright[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / name, exif=exif, quality=100, subsampling=0)
    read = read_image(tmp_path / name)
    assert read.shape == upright.shape
    assert np.abs(read.astype(int) - upright).mean() < 4


def test_white_stands_behind_what_is_transparent(tmp_path: Path) -> None:
    image = halves("RGBA")
    image.putpixel((5, 5), (0, 0, 0, 0))
    image.putpixel((6, 5), (0, 0, 0, 128))
    image.save(tmp_path / "a.png")
    read = read_image(tmp_path / "a.png")
    assert tuple(read[5, 5]) == BACKGROUND == (255, 255, 255)
    assert abs(int(read[5, 6, 0]) - 127) <= 1
    palette = halves("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    palette.save(tmp_path / "p.gif", transparency=palette.getpixel((0, 0)))
    assert tuple(read_image(tmp_path / "p.gif")[2, 2]) == BACKGROUND


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_an_animation_gives_its_first_picture(tmp_path: Path, name: str) -> None:
    others = [Image.new("RGB", (WIDTH, HEIGHT), (0, 255, shade)) for shade in (0, 90)]
    options = {"lossless": True} if name.endswith(".webp") else {}
    halves().save(tmp_path / name, save_all=True, append_images=others, **options)
    assert_halves(read_image(tmp_path / name), 8)


def test_the_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    halves().save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert_halves(read_image(tmp_path / "a.jpg"), 0)


def test_sides_up_to_8000_pixels(tmp_path: Path) -> None:
    Image.new("L", (8000, 20), 7).save(tmp_path / "wide.png")
    assert read_image(tmp_path / "wide.png").shape == (20, 8000, 3)
    Image.new("L", (8001, 20), 7).save(tmp_path / "wider.png")
    with pytest.raises(UnreadableClip, match="8001 x 20 pixels, more than 8000 on a side"):
        read_image(tmp_path / "wider.png")


def _bomb(path: Path) -> None:
    """14,000 x 14,000 pixels in a few KB, too many for Pillow itself."""
    Image.new("1", (14000, 14000)).save(path, compression="group4")


def _text_bomb(path: Path) -> None:
    """A compressed comment of 70 MB."""
    info = PngInfo()
    info.add_text("Comment", "a" * (70 << 20), zip=True)
    halves().save(path, pnginfo=info)


def _ghostscript(path: Path) -> None:
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run\n")


def _float(path: Path) -> None:
    Image.fromarray(np.ones((HEIGHT, WIDTH), np.float32)).save(path, format="TIFF")


def _wide_integers(path: Path) -> None:
    Image.fromarray(np.full((HEIGHT, WIDTH), 70000, np.int32)).save(path, format="TIFF")


def _cut(suffix: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path, format=suffix)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return make


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.mkdir(), "not a regular file: a folder"),
        (lambda path: os.mkfifo(path), "not a regular file: a FIFO"),
        (lambda path: None, "there is no such file"),
        (lambda path: path.symlink_to("nowhere"), "a link to nothing"),
        (lambda path: path.write_bytes(b"hello\n"), "it holds text, not a picture"),
        (lambda path: path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "a drawing or a page"),
        (lambda path: path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(64)), "it holds video or sound"),
        (lambda path: path.write_bytes(os.urandom(600)), "it is no picture that can be read"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "it is no picture that can be read"),
        (_ghostscript, "a drawing or a page"),
        (_bomb, "pixels"),
        (_text_bomb, "damaged|no picture"),
        (_float, "floating-point numbers"),
        (_wide_integers, "integers beyond 16 bits"),
        (_cut("PNG"), "it is damaged"),
        (_cut("JPEG"), "it is damaged"),
        (_cut("TIFF"), "it is damaged|no picture"),
        (_cut("WEBP"), "it is damaged|no picture|or a kind of picture"),
        (_cut("GIF"), "it is damaged"),
        (lambda path: Image.new("RGB", (1, 1)).save(path, format="PNG"), "1 x 1 pixels; a face needs 16"),
    ],
)
def test_what_is_no_picture_of_a_face(tmp_path: Path, make: Callable[[Path], object], says: str) -> None:
    path = tmp_path / "a.png"
    make(path)
    with pytest.raises(UnreadableClip, match=says) as raised:
        driving_image(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_heic_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(64))
    monkeypatch.setattr("bench.media.image._readable_formats", lambda: ["PNG", "JPEG"])
    with pytest.raises(UnreadableClip, match="pip install pillow-heif"):
        read_image(tmp_path / "a.heic")


def test_real_pictures(shared: Path) -> None:
    paths = sorted((shared / "media/images").iterdir())
    assert len(paths) > 10
    for path in paths:
        read = driving_image(path)
        with Image.open(path) as image:
            assert read.shape[:2] == image.size[::-1]
            if image.mode == "RGB":
                np.testing.assert_array_equal(read, np.array(image))
