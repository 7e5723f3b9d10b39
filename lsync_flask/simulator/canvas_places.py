"""Where in Salesforce a Canvas app is shown, and what it is told of that place (reference, §1.3 and §1.8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsync_flask.simulator.canvas import DEVELOPER_NAME

__all__ = ["RECORD_PAGE", "TAB", "VISUALFORCE", "CanvasPlace", "record_page"]


@dataclass(frozen=True, slots=True)
class CanvasPlace:
    """A page with the app in it: its path, what the signed request says of it, and the end of the frame's name."""

    path: str
    display_location: str
    sublocation: str | None = None
    renderer: str = "{number}:0"
    record: Mapping[str, Any] = field(default_factory=dict)

    def instance_id(self, number: int) -> str:
        return f"_:{DEVELOPER_NAME}:{self.renderer.format(number=number)}:canvasapp"


TAB = CanvasPlace(f"/lightning/n/{DEVELOPER_NAME}", "Aura")
VISUALFORCE = CanvasPlace(f"/apex/{DEVELOPER_NAME}", "Visualforce", renderer="j_id0:j_id1")
RECORD_PAGE = "/lightning/r/<object_name>/<record>/view"


def record_page(object_name: str, record: str) -> CanvasPlace:
    """The page of a record, with the app in its layout."""
    path = f"/lightning/r/{object_name}/{record}/view"
    return CanvasPlace(path, "PageLayout", "S1RecordHomeFullview", record={"Id": record})
