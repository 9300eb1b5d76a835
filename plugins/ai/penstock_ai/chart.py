"""What a chart shows."""

from typing import Annotated, Literal

import msgspec

MAX_SLICES = 12

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Value = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]


class Series(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One row of numbers."""

    name: Annotated[
        str, msgspec.Meta(max_length=80, description="For the legend; needed if there are several.")
    ] = ""
    values: Annotated[
        list[Value],
        msgspec.Meta(min_length=1, max_length=200, description="One for each of the labels."),
    ]


class Chart(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Numbers under labels.

    Raises:
        ValueError: if the numbers do not fit the labels, or the kind of chart. Decoding turns it
            into a ``msgspec.ValidationError``.
    """

    kind: Literal["bar", "line", "pie"]
    title: Annotated[str, msgspec.Meta(max_length=160)] = ""
    labels: Annotated[list[Label], msgspec.Meta(min_length=1, max_length=200)]
    series: Annotated[list[Series], msgspec.Meta(min_length=1, max_length=8)]

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        for index, row in enumerate(self.series):
            if len(row.values) != len(self.labels):
                message = (
                    f"expected series {row.name or index + 1!r} to have a value for each of the "
                    f"{len(self.labels)} labels, got {len(row.values)}; add or remove some"
                )
                raise ValueError(message)
            if len(self.series) > 1 and not row.name.strip():
                message = (
                    f"expected each of {len(self.series)} series to have a 'name', got none for "
                    f"series {index + 1}; name it for the legend"
                )
                raise ValueError(message)
        if self.kind == "pie":
            self._check_pie()

    def _check_pie(self) -> None:
        if len(self.series) > 1 or len(self.labels) > MAX_SLICES:
            message = (
                f"expected a pie to have one series of at most {MAX_SLICES} values, got "
                f"{len(self.series)} of {len(self.labels)}; draw bars, or add small values up"
            )
            raise ValueError(message)
        values = self.series[0].values
        if min(values) < 0 or sum(values) <= 0:
            message = (
                f"expected the values of a pie to be 0 or more, and one above 0, got {values!r}; "
                "draw a bar chart instead"
            )
            raise ValueError(message)
