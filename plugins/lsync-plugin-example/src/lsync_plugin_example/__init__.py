"""An example of an LSync plugin: one transform with two parameters."""

from collections.abc import Mapping

from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value

__all__ = ["PadLeft"]


class PadLeft(Transform):
    """Pad text on the left to a fixed width, as older finance systems want account numbers.

    An empty field stays empty; text wider than the width rejects the record.
    """

    name = "pad-left"
    label = "Pad on the left"
    api = 1
    examples = (
        # parameters, value, result
        ({"width": 6}, "417", "000417"),
        ({"width": 6, "fill": "*"}, 417, "***417"),
        ({"width": 6}, None, None),
        ({"width": 2}, "417", RecordRejected),
    )

    width: int = Field(title="Width", description="In characters.", ge=1, le=255)
    fill: str = Field("0", title="Fill with", description="One character.", min_length=1, max_length=1)

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        text = "" if value is None else str(value)
        if len(text) > self.width:
            raise RecordRejected(f"“{text}” has more than {self.width} characters.")
        return text.rjust(self.width, self.fill) if text.strip() else None
