from io import BytesIO

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from penstock import PermanentError
from penstock_upload import pdf
from tests.unit.upload import samples


def opened(thumbnail):
    return Image.open(BytesIO(thumbnail.data)).convert("RGB")


def test_a_pdf_is_described(inspect):
    found = inspect(samples.pdf(pages=3))

    assert (found.details.pages, found.details.title) == (3, "Accounts Ü")
    assert found.details.excerpt == (
        "Page 1 of the accounts\n\nPage 2 of the accounts\n\nPage 3 of the accounts"
    )
    assert found.text.read_text() == found.details.excerpt
    assert found.details.characters == len(found.details.excerpt)
    assert found.details.complete


def test_the_first_page_is_the_thumbnail(inspect):
    thumbnail = opened(inspect(samples.pdf()).thumbnail)

    assert thumbnail.size == (320, 160)
    colours = {colour for _, colour in thumbnail.getcolors(maxcolors=100_000)}
    assert (255, 255, 255) in colours
    assert any(red > 200 and green < 100 for red, green, _ in colours)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("0 0 14400 14400", (320, 320)),
        ("0 0 1 5000", (1, 320)),
        ("0 0 10 20", (160, 320)),
        ("-50 -50 50 50", (320, 320)),
    ],
)
def test_pages_of_any_size_have_a_thumbnail_of_that_size(inspect, box, size):
    assert opened(inspect(samples.written_pdf(b"", box=box)).thumbnail).size == size


def test_the_whole_text_is_stored_as_a_file(upload):
    result, files = upload(samples.pdf(pages=200), "report.pdf")

    whole = files[result.details.text.id].decode()
    assert (result.details.text.name, result.details.text.content_type) == (
        "report.txt",
        "text/plain",
    )
    assert "Page 1 of" in whole
    assert "Page 200 of" in whole
    assert result.details.excerpt == whole[:2000]
    assert result.details.characters == len(whole) > 2000


def test_a_pdf_without_text_has_no_text_file(upload):
    result, files = upload(samples.written_pdf(b"1 0 0 rg 0 0 100 100 re f"))

    assert (result.details.text, result.details.excerpt) == (None, "")
    assert result.details.title is None
    assert len(files) == 1


def test_text_is_taken_from_as_many_pages_as_the_operator_says(inspect):
    details = inspect(samples.pdf(pages=3), max_pdf_pages=2).details

    assert (details.pages, details.complete) == (3, False)
    assert "Page 2" in details.excerpt
    assert "Page 3" not in details.excerpt


def test_a_very_long_text_is_cut(inspect, monkeypatch):
    monkeypatch.setattr(pdf, "_MAX_CHARACTERS", 30)

    details = inspect(samples.pdf(pages=3)).details

    assert not details.complete
    assert details.excerpt == "Page 1 of the accounts\n\nPage 2 o"


def test_text_has_no_character_that_a_database_refuses(inspect):
    found = inspect(samples.pdf(title="a\\u{1}b\\u{7f}c"))

    assert found.details.title == "abc"


def test_a_pdf_with_a_password_is_refused(inspect):
    data = samples.locked_pdf("secret")
    pypdfium2.PdfDocument(data, password="secret").close()

    with pytest.raises(PermanentError, match="remove the password") as caught:
        inspect(data)
    assert caught.value.code == "password_protected"


def test_a_pdf_that_is_only_protected_against_changes_is_read(inspect):
    found = inspect(samples.locked_pdf(""))

    assert found.details.pages == 1
    red, green, _ = opened(found.thumbnail).getpixel((50, 80))
    assert (red > 200, green < 100) == (True, True)


def test_a_pdf_whose_pages_are_missing_is_damaged(inspect):
    data = samples.written_pdf(b"").replace(b"/Kids [3 0 R]", b"/Kids [9 0 R]")

    with pytest.raises(PermanentError) as caught:
        inspect(data)
    assert caught.value.code == "file_damaged"
