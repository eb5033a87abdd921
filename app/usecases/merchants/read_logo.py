"""Read a shop's logo: any of three formats in, a small clean PNG out."""

import struct
import threading
import zlib
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import BadRequest, Crowded

# What a browser may send us, and what we would hold in memory to read it: 16 million pixels are 64 MB.
LOGO_BYTES_MAX = 512 * 1024
LOGO_PIXELS_MAX = 16_000_000
# A few bytes can hold many pixels. One picture is read at a time, and nobody waits in a thread for that.
_reading = threading.Lock()
# It is shown at most 220 by 72 pixels large; screens have up to three dots to a pixel.
LOGO_SIZE_MAX = (660, 216)

_FORMATS = ("PNG", "JPEG", "WEBP")
# What Pillow says of a broken picture, by its formats' decoders.
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    struct.error,
    zlib.error,
)


def read_logo(picture: bytes) -> bytes:
    """Make a PNG of a picture: fitted, its first frame only, and nothing in it but pixels.

    Raises BadRequest when it is too large, or no picture that can be read, and Crowded while another one is read.
    """
    if len(picture) > LOGO_BYTES_MAX:
        raise BadRequest(f"The logo's file is too large: at most {LOGO_BYTES_MAX // 1024} kB.")
    if not _reading.acquire(blocking=False):
        raise Crowded
    try:
        return _small(picture)
    finally:
        _reading.release()


def _small(picture: bytes) -> bytes:
    try:
        with Image.open(BytesIO(picture), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > LOGO_PIXELS_MAX:
                raise BadRequest(f"The logo has too many pixels: {width} by {height}; at most 4000 by 4000.")
            logo = ImageOps.exif_transpose(opened).convert("RGBA")
    except _BROKEN:
        raise BadRequest("The logo cannot be read: it must be a PNG, JPEG or WebP picture.") from None
    logo.thumbnail(LOGO_SIZE_MAX)
    clean = BytesIO()
    logo.save(clean, "PNG", optimize=True)
    return clean.getvalue()
