"""Video and sound, by FFmpeg (through PyAV).

What is read, and why it is enough: the container's own structure says where the file ends
(:mod:`penstock_upload.completeness`); all packets are read, none may be cut; and the start and the
end are decoded, so that what is called a video shows pictures.
"""

import math
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition
from av.video.frame import VideoFrame
from PIL import Image

from penstock import PermanentError
from penstock_upload.completeness import check_end
from penstock_upload.description import MediaDetails, StreamDetails
from penstock_upload.faults import damaged, decoding
from penstock_upload.finding import Finding, Thumbnail
from penstock_upload.magic import Signature
from penstock_upload.settings import UploadSettings
from penstock_upload.thumbnails import LONGEST_SIDE, thumbnail_of

_CODECS = frozenset(
    (
        *("h264", "hevc", "libdav1d", "av1", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4"),
        *("mpeg1video", "mpeg2video", "h263", "theora", "prores", "mjpeg", "png"),
        *("aac", "mp3", "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "flac"),
        *("alac", "ac3", "eac3", "adpcm_ms", "adpcm_ima_wav", "pcm_alaw", "pcm_mulaw", "pcm_u8"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
    )
)
"""FFmpeg has hundreds more; each is code that reads hostile bytes."""
_MAX_STREAMS = 64
_MAX_FRAMES = 2_000
_MAX_DECODED_PIXELS = 1_000_000_000
_MICROSECONDS = 1_000_000
_POSTER_AT = 1.0
"""In seconds: the very first frame is often black."""
_BAD_PACKETS = {"mp3": 0.05}
"""Which share may be undecodable. An MP3 often has other data at its end; players skip it."""
_MISSING = {"flac": (0.001, 0.0), "mov": (1.0, 0.1), "matroska": (1.0, 0.1)}
"""By how much the packets may end before the declared duration: seconds, and share of it."""
_SOUND = {
    "video/mp4": ("audio/mp4", "m4a"),
    "video/quicktime": ("audio/mp4", "m4a"),
    "video/webm": ("audio/webm", "webm"),
    "video/x-matroska": ("audio/x-matroska", "mka"),
    "video/x-msvideo": ("video/x-msvideo", "avi"),
}
_PICTURES = {"audio/ogg": ("video/ogg", "ogv")}


def inspect_media(path: Path, size: int, signature: Signature, settings: UploadSettings) -> Finding:
    """Read all of a video or a sound, and decode its start and its end.

    Raises:
        PermanentError: ``file_damaged``, ``unsupported_type``, ``video_too_large``.
    """
    with path.open("rb") as file, decoding(signature.label):
        check_end(file, size, signature)
        try:
            # The format is given, so no other one is tried; nothing else can be opened by it.
            with av.open(
                file,
                format=signature.decoder,
                metadata_errors="replace",
                options={
                    "codec_whitelist": ",".join(sorted(_CODECS)),
                    "max_streams": str(_MAX_STREAMS),
                    "protocol_whitelist": "none",
                },
            ) as container:
                return _Reading(container, signature, settings).finding()
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):  # of this machine, not of the file
                raise
            raise damaged(signature.label, error.strerror or type(error).__name__) from error


class _Reading:
    """One file, read from its start to its end, and then its end once more."""

    def __init__(self, container: Any, signature: Signature, settings: UploadSettings) -> None:
        self._container = container
        self._signature = signature
        self._settings = settings
        tracks = [each for each in container.streams if each.type in {"audio", "video"}]
        self._tracks = {each.index: each for each in tracks}
        videos = [each for each in tracks if each.type == "video"]
        self._video = next((each for each in videos if not _is_cover(each)), None)
        self._pictured = self._video or next(iter(videos), None)
        self._start = (container.start_time or 0) / _MICROSECONDS
        self._declared = max(0, container.duration or 0) / _MICROSECONDS
        self._end = 0.0
        """In seconds from the start: where the last packet ends."""
        self._packets = 0
        self._bad_packets = 0
        self._frames: dict[int, int] = {}
        self._poster: VideoFrame | None = None

    def finding(self) -> Finding:
        self._check_tracks()
        self._read_all()
        self._decode_end()
        self._check_outcome()
        content_type, extension = self._signature.content_type, self._signature.extension
        variants = _PICTURES if self._video else _SOUND
        content_type, extension = variants.get(content_type, (content_type, extension))
        width, height = _displayed(self._poster) if self._video and self._poster else (None, None)
        return Finding(
            kind="media",
            content_type=content_type,
            extension=extension,
            thumbnail=_poster(self._poster) if self._poster else None,
            details=MediaDetails(
                container=self._signature.decoder,
                duration=round(self._declared or self._end, 3) or None,
                streams=[_describe(each) for each in self._container.streams],
                width=width,
                height=height,
                frames_per_second=_rate(self._video) if self._video else None,
            ),
        )

    def _check_tracks(self) -> None:
        if not self._tracks:
            raise damaged(self._signature.label, "there is neither video nor sound in it")
        for track in self._tracks.values():
            codec = track.codec_context.name if track.codec_context else "of no known kind"
            if codec not in _CODECS:
                message = f"expected {track.type} in a usual codec, got {codec!r}; convert it first"
                raise PermanentError(message, code="unsupported_type")
            if track.type == "video":
                self._check_size(track.codec_context.width, track.codec_context.height)

    def _check_size(self, width: int, height: int) -> None:
        most = self._settings.max_pixels
        if width * height > most:
            message = (
                f"expected a video of at most {most:,} pixels a frame, got {width} x {height} = "
                f"{width * height:,}; scale it down"
            )
            raise PermanentError(message, code="video_too_large")

    def _read_all(self) -> None:
        """Read every packet, and decode those of the first seconds."""
        budget = _Budget()
        for packet in self._container.demux():
            track = self._tracks.get(packet.stream.index)
            if packet.size:
                if packet.is_corrupt and track:
                    raise damaged(self._signature.label, "a packet is cut")
                self._note_end(packet)
            if track and (self._time(packet) or 0.0) <= self._settings.decoded_seconds:
                self._decode(packet, budget)

    def _decode_end(self) -> None:
        """Decode the last seconds, from a point where that is possible."""
        seconds = self._settings.decoded_seconds
        if self._end <= seconds:
            return
        self._container.seek(int((self._start + self._end - seconds) * _MICROSECONDS))
        budget = _Budget()
        for packet in self._container.demux():
            if packet.stream.index in self._tracks:
                self._decode(packet, budget)

    def _decode(self, packet: Any, budget: "_Budget") -> None:
        if budget.is_spent(packet.stream.index):
            return
        self._packets += 1
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self._bad_packets += 1
            if self._signature.decoder not in _BAD_PACKETS:
                raise
            return
        for frame in frames:
            index = packet.stream.index
            self._frames[index] = self._frames.get(index, 0) + 1
            pixels = 0
            if isinstance(frame, VideoFrame):
                pixels = frame.width * frame.height
                self._check_size(frame.width, frame.height)
                self._consider_as_poster(frame, index)
            budget.spend(index, pixels)

    def _consider_as_poster(self, frame: VideoFrame, index: int) -> None:
        """Keep the last frame until the poster's time has come: of a short video, a middle one."""
        if self._pictured is None or index != self._pictured.index:
            return
        at = min(_POSTER_AT, (self._declared or self._end) / 2)
        before = self._poster is None or (self._poster.time or 0.0) - self._start < at
        after = self._poster is not None and (frame.time or 0.0) < (self._poster.time or 0.0)
        if before and not after:
            self._poster = frame

    def _check_outcome(self) -> None:
        label = self._signature.label
        missing = [each for each in self._tracks if not self._frames.get(each)]
        if len(missing) == len(self._tracks) or (self._video and self._video.index in missing):
            raise damaged(label, "not one frame of it could be decoded")
        if self._bad_packets > self._packets * _BAD_PACKETS.get(self._signature.decoder, 0.0):
            raise damaged(label, f"{self._bad_packets} of {self._packets} packets are broken")
        seconds, share = _MISSING.get(self._signature.decoder, (math.inf, 0.0))
        if self._declared - self._end > seconds + share * self._declared:
            raise damaged(label, f"it ends after {self._end:.3f} of {self._declared:.3f} seconds")

    def _note_end(self, packet: Any) -> None:
        time = self._time(packet)
        if time is not None:
            duration = float((packet.duration or 0) * packet.time_base)
            self._end = max(self._end, time + duration)

    def _time(self, packet: Any) -> float | None:
        """In seconds from the start."""
        if packet.pts is None or packet.time_base is None:
            return None
        return float(packet.pts * packet.time_base) - self._start


class _Budget:
    """How much is decoded in one go, whatever the file says about its times."""

    def __init__(self) -> None:
        self._frames: dict[int, int] = {}
        self._pixels = 0

    def is_spent(self, track: int) -> bool:
        return self._frames.get(track, 0) >= _MAX_FRAMES or self._pixels >= _MAX_DECODED_PIXELS

    def spend(self, track: int, pixels: int) -> None:
        self._frames[track] = self._frames.get(track, 0) + 1
        self._pixels += pixels


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _describe(stream: Any) -> StreamDetails:
    context = stream.codec_context
    codec = context.codec.canonical_name if context else None
    if stream.type == "video":
        return StreamDetails(
            type=stream.type,
            codec=codec,
            width=context.width,
            height=context.height,
            frames_per_second=None if _is_cover(stream) else _rate(stream),
            cover=_is_cover(stream),
        )
    if stream.type == "audio":
        return StreamDetails(
            type=stream.type,
            codec=codec,
            sample_rate=context.sample_rate,
            channels=context.channels,
        )
    return StreamDetails(type=stream.type, codec=codec)


def _rate(stream: Any) -> float | None:
    rate = stream.average_rate
    return round(float(rate), 3) if rate else None


def _displayed(frame: VideoFrame) -> tuple[int, int]:
    if frame.rotation % 180:
        return frame.height, frame.width
    return frame.width, frame.height


def _poster(frame: VideoFrame) -> Thumbnail:
    scale = min(1.0, 2 * LONGEST_SIDE / max(frame.width, frame.height))
    small = frame.reformat(
        width=max(1, round(frame.width * scale)),
        height=max(1, round(frame.height * scale)),
        format="rgb24",
    )
    image: Image.Image = small.to_image()  # type: ignore[no-untyped-call]  # PyAV's own
    return thumbnail_of(image.rotate(frame.rotation, expand=True))
