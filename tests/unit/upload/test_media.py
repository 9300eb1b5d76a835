from io import BytesIO

import av
import pytest
from PIL import Image

from penstock import PermanentError
from penstock_upload.description import StreamDetails
from tests.unit.upload import samples

VIDEOS = ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "video/x-msvideo"]
SOUNDS = ["audio/mp4", "audio/mpeg", "audio/wav", "audio/ogg", "audio/flac"]


def opened(thumbnail):
    return Image.open(BytesIO(thumbnail.data)).convert("RGB")


@pytest.mark.parametrize("content_type", VIDEOS)
def test_a_video_is_described(inspect, content_type):
    details = inspect(samples.ONE_OF_EACH[content_type]()).details

    assert details.duration == pytest.approx(2, abs=0.1)
    assert (details.width, details.height, details.frames_per_second) == (160, 120, 25)
    assert [(each.type, each.channels) for each in details.streams] == [
        ("video", None),
        ("audio", 2),
    ]


@pytest.mark.parametrize("content_type", SOUNDS)
def test_a_sound_is_described(inspect, content_type):
    found = inspect(samples.ONE_OF_EACH[content_type]())

    assert found.content_type == content_type
    assert found.details.duration == pytest.approx(2, abs=0.1)
    assert (found.details.width, found.details.frames_per_second) == (None, None)
    (stream,) = found.details.streams
    assert (stream.type, stream.sample_rate, stream.channels) == ("audio", 48_000, 2)
    assert found.thumbnail is None


def test_codecs_have_their_usual_names(inspect):
    codecs = {
        stream.codec
        for content_type in VIDEOS + SOUNDS
        for stream in inspect(samples.ONE_OF_EACH[content_type]()).details.streams
    }

    assert codecs == {
        *("h264", "vp9", "mpeg4"),
        *("aac", "opus", "mp3", "pcm_s16le", "flac"),
    }


@pytest.mark.parametrize("content_type", VIDEOS)
def test_the_poster_is_an_early_frame(inspect, content_type):
    poster = opened(inspect(samples.ONE_OF_EACH[content_type]()).thumbnail)

    assert poster.size == (160, 120)
    red, green, blue = poster.getpixel((80, 90))
    assert max(abs(red - blue), green) > 100  # red in the first half, blue in the second
    white_until = max(x for x in range(160) if min(poster.getpixel((x, 2))) > 200)
    assert 8 <= white_until - 8 <= 34  # one pixel more in each frame: the 25th is at 1 s


def test_a_poster_is_small(inspect):
    data = samples.video(size=(1280, 720), sound=None, frames=3)

    assert opened(inspect(data).thumbnail).size == (320, 180)


def test_a_video_that_lies_on_its_side_is_turned(inspect):
    found = inspect(samples.sideways(samples.video()))

    assert (found.details.width, found.details.height) == (120, 160)
    assert found.details.streams[0].width == 160
    poster = opened(found.thumbnail)
    assert poster.size == (120, 160)
    # The white bar was at the top left: after a turn to the right it is at the top right.
    assert min(poster.getpixel((117, 2))) > 200
    assert min(poster.getpixel((2, 2))) < 100


def test_a_short_video_has_a_poster(inspect):
    assert inspect(samples.video(frames=1, sound=None)).thumbnail


def test_the_cover_of_a_sound_is_its_thumbnail_and_no_video(inspect):
    cover = samples.image_file("PNG", samples.quarters(400, 400))
    written = BytesIO()
    with av.open(written, "w", format="mp3") as container:
        tones = container.add_stream("libmp3lame", rate=48_000)
        picture = container.add_stream("png", rate=1)
        picture.width = picture.height = 400
        picture.pix_fmt = "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
        for number in range(50):
            container.mux(tones.encode(samples._tone(number)))
        packet = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        container.mux(tones.encode())
        container.mux(packet)

    found = inspect(written.getvalue())

    assert found.content_type == "audio/mpeg"
    assert found.details.streams[1] == StreamDetails(
        type="video", codec="png", width=400, height=400, cover=True
    )
    assert (found.details.width, found.details.frames_per_second) == (None, None)
    assert opened(found.thumbnail).size == (320, 320)


def test_the_start_and_the_end_of_a_long_video_are_decoded(inspect, monkeypatch):
    decoded = set()
    from penstock_upload.media import _Reading

    original = _Reading._decode

    def watched(self, packet, budget):
        if packet.pts is not None:
            decoded.add(round(float(packet.pts * packet.time_base)))
        original(self, packet, budget)

    monkeypatch.setattr(_Reading, "_decode", watched)
    data = samples.video("matroska", "mpeg4", sound=None, frames=500)

    details = inspect(data, decoded_seconds=2).details

    assert details.duration == pytest.approx(20, abs=0.1)
    assert decoded == {0, 1, 2, 18, 19, 20}


def test_a_rare_codec_is_refused_by_name(inspect):
    data = samples.video("matroska", "ffv1", sound=None, frames=2)

    with pytest.raises(PermanentError, match="a usual codec, got 'ffv1'") as caught:
        inspect(data)
    assert caught.value.code == "unsupported_type"


def test_a_video_with_too_many_pixels_is_refused(inspect):
    with pytest.raises(PermanentError, match="got 160 x 120 = 19,200") as caught:
        inspect(samples.video(), max_pixels=19_199)
    assert caught.value.code == "video_too_large"


def test_a_playlist_is_text_and_opens_nothing(inspect, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(samples.video())
    playlist = f"#EXTM3U\n#EXTINF:2,\n{tmp_path / 'secret.mp4'}\n#EXT-X-ENDLIST\n"

    assert inspect(playlist.encode()).kind == "text"


def test_other_data_behind_a_sound_is_no_damage(inspect):
    tag = b"TAG" + b"Title".ljust(125, b"\0")

    assert inspect(samples.sound("mp3", "libmp3lame") + tag).details.duration


def test_a_recording_without_an_end_is_accepted(inspect):
    """Its length is unknown, because it was written while it was recorded."""
    data = bytearray(samples.video("matroska"))
    segment = data.index(b"\x18\x53\x80\x67") + 4
    data[segment : segment + 8] = b"\x01" + b"\xff" * 7

    assert inspect(bytes(data)).kind == "media"
