"""Files that are not what they seem."""

import random
import struct
import time
from collections.abc import Callable
from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image

from penstock import PermanentError
from penstock_upload.magic import is_layer_3
from tests.services.standstill import STANDSTILL
from tests.unit.upload import samples

BINARY = [each for each in samples.ONE_OF_EACH if each not in {"application/json", "text/plain"}]
CUTS: dict[str, Callable[[], bytes]] = {
    **{content_type: samples.ONE_OF_EACH[content_type] for content_type in BINARY},
    "mp4, index at the end": samples.video,
    "mp4, fragments": lambda: samples.video(options=samples.FRAGMENTS),
    "png, animated": lambda: samples.animation("PNG"),
    "webp, animated": lambda: samples.animation("WEBP"),
    "jpeg, progressive": lambda: samples.image_file("JPEG", progressive=True),
    "tiff, compressed": lambda: samples.image_file("TIFF", compression="tiff_lzw"),
}

SOUND_FRAGMENTS = (("movflags", "empty_moov"), ("frag_duration", "500000"))


@pytest.mark.parametrize("left", [0.3, 0.6, 0.9, 0.99, -3])
@pytest.mark.parametrize("kind", CUTS)
def test_a_file_that_was_cut_is_damaged(inspect, kind, left):
    data = CUTS[kind]()
    data = data[:left] if left < 0 else data[: int(len(data) * left)]

    with pytest.raises(PermanentError) as caught:
        inspect(data)

    assert caught.value.code == "file_damaged"
    assert "send it again, or repair it first" in str(caught.value)


def shrunk_mp4():
    """Half of the samples are gone, and the lengths of the boxes say so, too."""
    data = bytearray(samples.video(options=samples.FASTSTART))
    start = data.index(b"mdat") - 4
    length = (len(data) - start) // 2
    data[start : start + 4] = struct.pack(">I", length)
    return data[: start + length]


def recorded_mkv():
    """The length of its segment is unknown; what its header says of the time is not."""
    data = bytearray(samples.video("matroska", "mpeg4", sound=None, frames=250))
    at = data.index(b"\x18\x53\x80\x67") + 4
    data[at : at + 8] = b"\x01" + b"\xff" * 7
    return data[: len(data) // 2]


def flac_without_its_last_frame():
    data = samples.sound("flac", "flac")
    with av.open(BytesIO(data), "r", format="flac") as container:
        *_, last = (packet.pos for packet in container.demux() if packet.size)
    return data[:last]


def webp_with_a_broken_frame():
    noise = np.random.default_rng(1).integers(0, 255, (3, 64, 64, 3), dtype=np.uint8)
    first, *others = map(Image.fromarray, noise)
    data = bytearray(
        samples.image_file("WEBP", first, save_all=True, append_images=others, lossless=True)
    )
    frame = data.index(b"ANMF", data.index(b"ANMF") + 4)
    data[frame + 60 : frame + 160] = b"\xff" * 100
    return data


def mp3_with_broken_frames(count):
    data = bytearray(samples.sound("mp3", "libmp3lame"))
    with av.open(BytesIO(bytes(data)), "r", format="mp3") as container:
        frames = [(packet.pos or 0, packet.size) for packet in container.demux() if packet.size]
    for start, size in frames[5 : 5 + count]:
        data[start + 4 : start + size] = b"\xff" * (size - 4)
    return data


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: samples.animation("GIF")[:-1], "no trailer"),
        (webp_with_a_broken_frame, "failed to read next frame"),
        (shrunk_mp4, "a packet is cut"),
        (recorded_mkv, "ends after 5.000 of 10.000 seconds"),
        (flac_without_its_last_frame, "ends after 1.920 of 2.000 seconds"),
        (lambda: samples.sound("wav", "pcm_s16le")[: 78 + 4096 * 20], "says that it has"),
        (lambda: samples.video(options=samples.FRAGMENTS).partition(b"moof")[0][:-4], "not one"),
        (
            lambda: samples.sound("mp4", "aac", options=SOUND_FRAGMENTS).partition(b"moof")[0][:-4],
            "not one",
        ),
        (lambda: mp3_with_broken_frames(20), "20 of 86 packets are broken"),
    ],
    ids=[
        "gif",
        "webp",
        "mp4",
        "mkv",
        "flac",
        "wav",
        "mp4 without frames",
        "m4a without frames",
        "mp3",
    ],
)
def test_damage_that_a_player_would_not_mind_is_found(inspect, make, reason):
    with pytest.raises(PermanentError, match=reason) as caught:
        inspect(bytes(make()))

    assert caught.value.code == "file_damaged"


def test_a_few_broken_frames_of_an_mp3_are_skipped_as_players_do(inspect):
    assert inspect(bytes(mp3_with_broken_frames(2))).content_type == "audio/mpeg"


@pytest.mark.parametrize("kind", CUTS)
def test_bytes_that_change_on_the_way_never_surprise(inspect, kind):
    """Whatever a decoder does with them, the task ends, and knows how."""
    data = CUTS[kind]()
    chance = random.Random(kind)
    for _ in range(25):
        mutant = bytearray(data)
        for _ in range(chance.choice([1, 3, 20])):
            # Half of the changes hit the header, where they do the most.
            end = chance.choice([min(len(data), 256), len(data)])
            mutant[chance.randrange(end)] = chance.choice([0, 1, 0x7F, 0xFF, chance.randrange(256)])
        if chance.random() < 0.2:
            at = chance.randrange(len(mutant))
            mutant[at:at] = mutant[: chance.randrange(300)]
        started = time.monotonic()
        try:
            inspect(bytes(mutant))
        except PermanentError as error:
            assert error.code != "permanent_error"  # noqa: PT017  (it may also succeed)
        assert time.monotonic() - started < 10 + STANDSTILL


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (samples.zip_file(), "a ZIP archive"),
        (b"\x1f\x8b\x08\x00" + bytes(50), "gzip data"),
        (b"MZ\x90\x00" + bytes(50), "a Windows program"),
        (b"\x7fELF\x02\x01\x01" + bytes(50), "a Linux program"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "an image in HEIF"),
        (random.Random(1).randbytes(10_000), "data of no known type"),
        (b"\xff\xfb\x90\x00" + random.Random(2).randbytes(10_000), "data of no known type"),
        (b"RIFF\x10\0\0\0SOUN\0\0\0\0", "data of no known type"),
        (b"\0", "data of no known type, which starts with the bytes 00"),
    ],
)
def test_what_no_decoder_knows_is_refused_by_name(inspect, data, found):
    with pytest.raises(PermanentError) as caught:
        inspect(data)

    assert caught.value.code == "unsupported_type"
    assert f"got {found}" in str(caught.value)
    assert "supported are images (PNG" in str(caught.value)


@pytest.mark.parametrize("content_type", BINARY)
def test_a_beginning_alone_is_damaged(inspect, content_type):
    """The first bytes of a file, and then something else."""
    data = samples.ONE_OF_EACH[content_type]()
    length = 600 if content_type == "audio/mpeg" else 40

    with pytest.raises(PermanentError) as caught:
        inspect(data[:length] + b"<script>alert(1)</script>" * 200)

    assert caught.value.code == "file_damaged"


def test_a_polyglot_is_what_its_decoder_finds(inspect):
    """A PNG with a ZIP archive behind it shows a picture; that it is an archive, too, is unused."""
    found = inspect(samples.image_file("PNG") + samples.zip_file())

    assert found.content_type == "image/png"


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xfb\x90", b"\xff\xfb\x90\x00" * 3])
def test_a_few_bytes_are_no_sound(data):
    assert not is_layer_3(data)
