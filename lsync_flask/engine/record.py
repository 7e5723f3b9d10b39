"""One record as selected, read as typed values where a plugin asks for them."""

from collections.abc import Iterator, Mapping, Sequence

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.engine.paths import resolve_path
from lsync_flask.engine.values import parse_text
from lsync_flask.plugin_api import FieldType, Value

NO_RECORD: Mapping[str, Value] = {}


class RecordView(Mapping[str, Value]):
    """A row of the selection by column; a value is read when it is asked for."""

    __slots__ = ("_index", "_row", "_types")

    def __init__(self, row: Sequence[str | None], index: Mapping[str, int], types: Mapping[str, FieldType]) -> None:
        self._row = row
        self._index = index
        self._types = types

    def __getitem__(self, path: str) -> Value:
        return parse_text(self._types.get(path, "string"), self._row[self._index[path]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


class ColumnTypes(Mapping[str, FieldType]):
    """The type of every column that could be selected, looked up when it is needed."""

    __slots__ = ("_info", "_known")

    def __init__(self, info: ObjectInfo) -> None:
        self._info = info
        self._known: dict[str, FieldType] = {}

    def __getitem__(self, path: str) -> FieldType:
        if path not in self._known:
            found = resolve_path(self._info, path)
            if found is None:
                raise KeyError(path)
            self._known[path] = found[1].type
        return self._known[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._info.fields)

    def __len__(self) -> int:
        return len(self._info.fields)
