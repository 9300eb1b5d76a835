"""Images, by Pillow."""

from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from penstock import PermanentError
from penstock_upload.completeness import check_end
from penstock_upload.description import ImageDetails
from penstock_upload.faults import damaged, decoding
from penstock_upload.finding import Finding, Thumbnail
from penstock_upload.magic import Signature
from penstock_upload.settings import UploadSettings
from penstock_upload.thumbnails import LONGEST_SIDE, SIDEWAYS, thumbnail_of

# Not Image.open(): it tries other formats, and warns above a limit that is set for the process.
_DECODERS: dict[str, type[ImageFile]] = {
    "AVIF": AvifImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
    "WEBP": WebPImageFile,
}
_READ_WHOLE = {"AVIF", "WEBP"}
_MAX_READ_WHOLE = 100_000_000
"""In bytes: Pillow reads files of these formats into memory."""
_ANIMATION_FACTOR = 20


def inspect_image(path: Path, size: int, signature: Signature, settings: UploadSettings) -> Finding:
    """Decode every frame of an image, and make a thumbnail of the first.

    Raises:
        PermanentError: ``image_too_large``, ``too_many_frames``, ``file_damaged``.
    """
    if signature.decoder in _READ_WHOLE and size > _MAX_READ_WHOLE:
        message = (
            f"expected a {signature.label} to have at most {_MAX_READ_WHOLE} bytes, got {size}; "
            "compress it more"
        )
        raise PermanentError(message, code="image_too_large")
    with path.open("rb") as file, decoding(signature.label):
        check_end(file, size, signature)
        try:
            image = _DECODERS[signature.decoder](file)
            return _Reading(image, file, signature, settings).finding()
        except Image.DecompressionBombError as error:
            message = f"expected an image of a reasonable size, got one where {error}; scale it"
            raise PermanentError(message, code="image_too_large") from error


class _Reading:
    """One image, read frame by frame."""

    def __init__(
        self,
        image: ImageFile,
        file: BinaryIO,
        signature: Signature,
        settings: UploadSettings,
    ) -> None:
        self._image = image
        self._file = file
        self._signature = signature
        self._settings = settings
        self._pixels = 0

    def finding(self) -> Finding:
        (width, height), thumbnail = self._first()
        frames = 1
        while self._seek(frames):
            self._check_frame(frames + 1)
            self._image.load()
            frames += 1
        self._check_trailer()
        return Finding(
            kind="image",
            content_type=self._signature.content_type,
            extension=self._signature.extension,
            thumbnail=thumbnail,
            details=ImageDetails(
                format=self._signature.decoder,
                width=width,
                height=height,
                frames=frames,
                animated=frames > 1 and self._signature.decoder != "TIFF",
            ),
        )

    def _first(self) -> tuple[tuple[int, int], Thumbnail]:
        """The size of the first frame as displayed, and its thumbnail."""
        image = self._image
        self._check_frame(1)
        size = image.size
        # Decodes all of a JPEG, but to an eighth of its size at best: a 64th of the memory.
        if isinstance(image, JpegImageFile):
            image.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))
        image.load()
        orientation = _orientation(image)
        if orientation in SIDEWAYS:
            size = (size[1], size[0])
        return size, thumbnail_of(image, orientation=orientation)

    def _seek(self, frame: int) -> bool:
        try:
            self._image.seek(frame)
        except EOFError:
            return False
        return True

    def _check_frame(self, frames: int) -> None:
        width, height = self._image.size
        most = self._settings.max_pixels
        self._pixels += width * height
        if width * height > most:
            message = (
                f"expected an image of at most {most:,} pixels, got {width} x {height} = "
                f"{width * height:,}; scale it down"
            )
            raise PermanentError(message, code="image_too_large")
        if frames > self._settings.max_frames:
            message = (
                f"expected at most {self._settings.max_frames:,} frames in a "
                f"{self._signature.label}, got more; send it as a video"
            )
            raise PermanentError(message, code="too_many_frames")
        if self._pixels > most * _ANIMATION_FACTOR:
            message = (
                f"expected at most {most * _ANIMATION_FACTOR:,} pixels in all frames of a "
                f"{self._signature.label}, got more in the first {frames}; scale it down, or send "
                "it as a video"
            )
            raise PermanentError(message, code="image_too_large")

    def _check_trailer(self) -> None:
        """A GIF ends with a semicolon, which its decoder reads last, and does not miss."""
        if self._signature.decoder == "GIF":
            self._file.seek(-1, 1)
            if self._file.read(1) != b";":
                raise damaged(self._signature.label, "there is no trailer behind its last frame")


def _orientation(image: ImageFile) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  (EXIF data may be broken in any way; the image is not)
        return 1
    return value if isinstance(value, int) else 1
