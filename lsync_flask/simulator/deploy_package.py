"""A package of metadata as it is deployed: a zip, read with care, and what is in it (`salesforce.md` §6.4)."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

__all__ = ["BadPackage", "Component", "Package", "read_package"]

_NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
_MOST_FILES = 10_000
_MOST_BYTES = 400 * 1024 * 1024
_MOST_ZIPPED = 39 * 1024 * 1024
_LISTS = frozenset(
    {
        "fields",
        "value",
        "members",
        "types",
        "applicationVisibilities",
        "customPermissions",
        "fieldPermissions",
        "objectPermissions",
        "pageAccesses",
        "tabSettings",
        "userPermissions",
        "tabs",
    }
)
_NUMBERS = frozenset({"length", "precision", "scale", "visibleLines"})
TYPES = {
    "applications": "CustomApplication",
    "aura": "AuraDefinitionBundle",
    "connectedApps": "ConnectedApp",
    "cspTrustedSites": "CspTrustedSite",
    "customPermissions": "CustomPermission",
    "externalClientApps": "ExternalClientApplication",
    "extlClntAppCanvasSettings": "ExtlClntAppCanvasSettings",
    "extlClntAppGlobalOauthSets": "ExtlClntAppGlobalOauthSettings",
    "extlClntAppOauthPolicies": "ExtlClntAppOauthConfigurablePolicies",
    "extlClntAppOauthSettings": "ExtlClntAppOauthSettings",
    "extlClntAppPolicies": "ExtlClntAppConfigurablePolicies",
    "pages": "ApexPage",
    "permissionsets": "PermissionSet",
    "remoteSiteSettings": "RemoteSiteSetting",
    "tabs": "CustomTab",
}
"""Types by the folder of their files; fields stand in `objects`."""


class BadPackage(Exception):
    """The whole package cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a package. `content` is its XML as nested mappings, empty for what is not XML."""

    type: str
    name: str
    file: str
    content: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """Components in the order of their files, and what `package.xml` names as pairs of type and name."""

    components: tuple[Component, ...]
    named: frozenset[tuple[str, str]]


def read_package(content: bytes) -> Package:
    """Read a zip.

    Raises:
        BadPackage: it is no zip, too large, reaches out of its folder, or has no manifest.
    """
    files = _read_files(content)
    manifest = files.pop("package.xml", None)
    if manifest is None:
        raise BadPackage("No package.xml found")
    named = _read_manifest(manifest)
    return Package(tuple(_read_components(files)), named)


def _read_files(content: bytes) -> dict[str, bytes]:
    """The files by their path from the folder of the manifest on."""
    if len(content) > _MOST_ZIPPED:
        raise BadPackage("Maximum size of request reached. Maximum size of request is 40894464 bytes.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise BadPackage("The package is too large: at most 10,000 files and 400 MB")
            files = {_check_path(entry.filename): opened.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadPackage("The file is not a zip that can be read") from error
    root = next((path for path in sorted(files, key=len) if PurePosixPath(path).name == "package.xml"), "")
    prefix = root.removesuffix("package.xml")
    return {path.removeprefix(prefix): data for path, data in files.items() if path.startswith(prefix)}


def _check_path(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path:
        raise BadPackage(f"The package has a file outside its folder: {path}")
    return path


def _read_manifest(content: bytes) -> frozenset[tuple[str, str]]:
    try:
        manifest = read_xml(content)
    except ValueError as error:
        raise BadPackage(f"package.xml: {error}") from error
    return frozenset(
        (str(kind.get("name")), str(member))
        for kind in manifest.get("types", [])
        if isinstance(kind, dict)
        for member in kind.get("members", [])
    )


def _read_components(files: dict[str, bytes]) -> Iterator[Component]:
    bundles: set[str] = set()
    for path, content in sorted(files.items()):
        folder, _, rest = path.partition("/")
        if folder == "objects":
            yield from _read_fields(path, content)
        elif folder == "aura":
            bundle = rest.partition("/")[0]
            if bundle not in bundles:
                yield Component("AuraDefinitionBundle", bundle, f"aura/{bundle}", {})
            bundles.add(bundle)
        elif not path.endswith("-meta.xml"):
            yield _read_component(folder, path, content)


def _read_component(folder: str, path: str, content: bytes) -> Component:
    name = PurePosixPath(path).name.rpartition(".")[0]
    kind = TYPES.get(folder)
    if kind is None:
        return Component(folder, name, path, {}, f"The folder {folder} holds no type that this org knows")
    if kind == "ApexPage":
        return Component(kind, name, path, {})
    try:
        return Component(kind, name, path, read_xml(content))
    except ValueError as error:
        return Component(kind, name, path, {}, str(error))


def _read_fields(path: str, content: bytes) -> Iterator[Component]:
    object_name = PurePosixPath(path).name.removesuffix(".object")
    try:
        fields = read_xml(content).get("fields", [])
    except ValueError as error:
        yield Component("CustomObject", object_name, path, {}, str(error))
        return
    for field in (one for one in fields if isinstance(one, dict)):
        yield Component("CustomField", f"{object_name}.{field.get('fullName')}", path, field)


def read_xml(content: bytes) -> dict[str, Any]:
    """A metadata file as nested mappings; true, false and numbers are such.

    Raises:
        ValueError: it is no such XML; one with a document type is not read at all, for it could grow without end.
    """
    try:
        text = content.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError("A metadata file has no document type")
        root = ET.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise ValueError(f"The file is no XML: {error}") from error
    if not root.tag.startswith(_NAMESPACE):
        raise ValueError("The file is not in the namespace of metadata")
    return _read_children(root)


def _read_children(element: ET.Element) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for child in element:
        name = child.tag.removeprefix(_NAMESPACE)
        value = _read_children(child) if len(child) else _read_text(name, (child.text or "").strip())
        if name in _LISTS:
            told.setdefault(name, []).append(value)
        else:
            told[name] = value
    return told


def _read_text(name: str, text: str) -> str | bool | int:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if name in _NUMBERS and text.isdecimal() and len(text) < len("1000000000") else text
