"""Real files of every kind, made by the libraries that people make them with."""

import hashlib
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import typst
from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 160, 30), (30, 30, 220), (255, 255, 255)


def quarters(width=64, height=48):
    """Red and green above, blue and white below: every way of turning it looks different."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def image_file(format_, image=None, **options):
    written = BytesIO()
    (image or quarters()).save(written, format_, **options)
    return written.getvalue()


def turned(orientation, format_="JPEG", width=400, height=300):
    """:func:`quarters`, stored so that it looks upright only if its EXIF data is heeded."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = quarters(width, height)
    if orientation in undo:
        image = image.transpose(undo[orientation])
    return image_file(format_, image, exif=private_exif(orientation))


def private_exif(orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (59.0, 26.0, 13.0)
    return exif.tobytes()


def animation(format_, frames=5, size=(40, 30)):
    pictures = [Image.new("RGB", size, (number * 40 % 256, 90, 200)) for number in range(frames)]
    return image_file(format_, pictures[0], save_all=True, append_images=pictures[1:], duration=40)


@cache
def gif_of(frames, size):
    """A GIF of many frames at the price of one: the same picture, again and again."""
    one = image_file("GIF", Image.linear_gradient("L").resize((size, size)))
    palette = 3 * 2 ** ((one[10] & 7) + 1)
    start = one.index(b"\x2c", 13 + palette)
    return one[:start] + one[start:-1] * frames + b";"


def png_bomb(width=60_000, height=60_000):
    """A valid PNG of a few hundred bytes that claims 3.6 gigapixels."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


def swapped_profile():
    """An RGB profile in which the channels red and green stand for each other's colours."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@cache
def video(format_="mp4", codec="libx264", sound="aac", frames=50, size=(160, 120), options=()):
    """Red at first, blue in its second half, at 25 frames a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video"
        with av.open(path, "w", format=format_, options=dict(options)) as container:
            pictures = container.add_stream(codec, rate=25)
            pictures.width, pictures.height = size
            pictures.pix_fmt = "yuv420p"
            tones = container.add_stream(sound, rate=48_000) if sound else None
            for number in range(frames):
                image = quarters(*size)
                image.paste(RED if number < frames / 2 else BLUE, (0, 0, *size))
                image.paste(WHITE, (0, 0, 8 + number, 8))
                container.mux(pictures.encode(av.VideoFrame.from_image(image)))
                if tones:
                    container.mux(tones.encode(_tone(number)))
            for stream in filter(None, (pictures, tones)):
                container.mux(stream.encode())
        return path.read_bytes()


@cache
def sound(format_, codec, layout="stereo", pieces=50, options=()):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound"
        with av.open(path, "w", format=format_, options=dict(options)) as container:
            stream = container.add_stream(codec, rate=48_000)
            fit = av.AudioResampler(stream.codec_context.format.name, layout, 48_000)
            for number in range(pieces):
                for frame in fit.resample(_tone(number)):
                    container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


def _tone(number):
    """A twenty-fifth of a second, with some noise, so that nothing compresses it away."""
    noise = np.random.default_rng(number).random((2, 1920)) * 0.2
    wave = np.sin(np.arange(1920) / 20) * 0.5 + noise
    frame = av.AudioFrame.from_ndarray(wave.astype(np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts = 48_000, number * 1920
    return frame


def sideways(mp4):
    """The same MP4, to be shown turned by a quarter to the right: phones write such."""
    upright = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    right = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    track = mp4.index(b"tkhd")
    at = mp4.index(upright, track)
    return mp4[:at] + right + mp4[at + 36 :]


@cache
def pdf(pages=2, title="Accounts Ü"):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.typ"
        source.write_text(
            f'#set document(title: "{title}")\n#set page(width: 200pt, height: 100pt)\n'
            + "#pagebreak()\n".join(
                f"Page {number} of the accounts\n#rect(width: 100%, fill: red)\n"
                for number in range(1, pages + 1)
            )
        )
        return typst.compile(source)


def written_pdf(content, *, box="0 0 200 100", trailer="", more=()):
    """A PDF by hand: one page with ``content``."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        *more,
    ]
    written = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        written
        + b"xref\n0 %d\n0000000000 65535 f \n" % size
        + table
        + f"trailer << /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n".encode()
        + b"%d\n%%%%EOF\n" % len(written)
    )


def locked_pdf(password):
    """Encrypted with 40 bits, as in the PDF reference 1.4, 3.5.2; an empty one opens by itself."""
    padding = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
    padded = (password.encode() + padding)[:32]
    owner = _rc4(hashlib.md5(padding).digest()[:5], padded)
    file_id = bytes(range(16))
    rights = struct.pack("<i", -4)
    key = hashlib.md5(padded + owner + rights + file_id).digest()[:5]
    user = _rc4(key, padding)
    content_key = hashlib.md5(key + b"\x04\0\0" + b"\0\0").digest()[:10]
    lock = f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{owner.hex()}> /U <{user.hex()}> >>"
    return written_pdf(
        _rc4(content_key, b"1 0 0 rg 0 0 100 100 re f"),
        trailer=f"/Encrypt 5 0 R /ID [<{file_id.hex()}> <{file_id.hex()}>]",
        more=[lock.encode()],
    )


def _rc4(key, data):
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def zip_file():
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("../../escape.txt", "x")
    return written.getvalue()


FASTSTART = (("movflags", "+faststart"),)
FRAGMENTS = (("movflags", "frag_keyframe+empty_moov"),)

ONE_OF_EACH: dict[str, Callable[[], bytes]] = {
    "image/png": lambda: image_file("PNG"),
    "image/jpeg": lambda: image_file("JPEG"),
    "image/webp": lambda: image_file("WEBP"),
    "image/gif": lambda: animation("GIF"),
    "image/avif": lambda: image_file("AVIF"),
    "image/bmp": lambda: image_file("BMP"),
    "image/tiff": lambda: image_file("TIFF"),
    "video/mp4": lambda: video(options=FASTSTART),
    "video/quicktime": lambda: video("mov"),
    "video/webm": lambda: video("webm", "libvpx-vp9", "libopus"),
    "video/x-matroska": lambda: video("matroska"),
    "video/x-msvideo": lambda: video("avi", "mpeg4", "libmp3lame"),
    "audio/mp4": lambda: sound("mp4", "aac"),
    "audio/mpeg": lambda: sound("mp3", "libmp3lame"),
    "audio/wav": lambda: sound("wav", "pcm_s16le"),
    "audio/ogg": lambda: sound("ogg", "libopus"),
    "audio/flac": lambda: sound("flac", "flac"),
    "application/pdf": pdf,
    "application/json": lambda: b'{"a": [1, 2]}\n',
    "text/plain": "Grüße\nfrom Tallinn\n".encode,
}
"""By the content type that a decoder confirms."""
