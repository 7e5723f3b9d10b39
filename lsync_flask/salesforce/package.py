"""The package for an org: from the source in `salesforce/` to a zip that the Metadata API deploys.

The source is in SFDX's format, which Salesforce's own tools read; the Metadata API takes one file for each component,
without `-meta.xml`, custom fields inside their object's file, and a manifest (Metadata API guide, "File-Based Calls").
"""

import base64
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lsync_flask.errors import FatalError

API_VERSION = "67.0"
_URL = "https://lsync.example.com"
_EMAIL = "lsync@example.com"
_VERSION = "package from source"
_META = "-meta.xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
_WITH_META = frozenset({"aura", "pages"})
"""Folders whose components are a content and a description beside it."""
_TYPES: Mapping[str, str] = {
    "applications": "CustomApplication",
    "aura": "AuraDefinitionBundle",
    "connectedApps": "ConnectedApp",
    "customPermissions": "CustomPermission",
    "externalClientApps": "ExternalClientApplication",
    "extlClntAppCanvasSettings": "ExtlClntAppCanvasSettings",
    "extlClntAppGlobalOauthSets": "ExtlClntAppGlobalOauthSettings",
    "extlClntAppOauthPolicies": "ExtlClntAppOauthConfigurablePolicies",
    "extlClntAppOauthSettings": "ExtlClntAppOauthSettings",
    "extlClntAppPolicies": "ExtlClntAppConfigurablePolicies",
    "pages": "ApexPage",
    "permissionsets": "PermissionSet",
    "tabs": "CustomTab",
}


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """What is filled in. `certificate` is PEM, for the JWT flow; `is_legacy`: a connected app instead of an ECA."""

    public_url: str
    contact_email: str
    version: str
    certificate: str | None = None
    is_legacy: bool = False


def check_public_url(url: str) -> str:
    """The address without a slash at its end.

    Raises:
        FatalError: Salesforce would not take it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise FatalError(f"“{url[:200]}” is no web address.") from None
    odd = parts.query or parts.fragment or parts.username or parts.password or port == 0
    if parts.scheme != "https" or not parts.hostname or odd or re.search(r"[\s<>\"'\\]", url.strip()):
        raise FatalError(
            f"“{url[:200]}” cannot be LSync's address: Salesforce needs one like https://lsync.example.com"
        )
    return url.strip().rstrip("/")


def build_package(source: Path, options: PackageOptions) -> bytes:
    """The zip; the same options make the same bytes.

    Raises:
        FatalError: the address or the certificate cannot be used.
    """
    check_public_url(options.public_url)
    files = dict(_convert(_read_source(source, options)))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted({**files, "package.xml": _manifest(files)}.items()):
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _read_source(source: Path, options: PackageOptions) -> dict[str, str]:
    """The texts, filled in, by their path below `main/default`."""
    filled = {}
    for root in (source / "main/default", source / "legacy/main/default"):
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            path = file.relative_to(root).as_posix()
            if _is_wanted(path, is_legacy=options.is_legacy):
                filled[path] = _fill(path, file.read_text(), options)
    return filled


def _is_wanted(path: str, *, is_legacy: bool) -> bool:
    folder = path.partition("/")[0]
    if folder == "connectedApps":
        return is_legacy
    return not (is_legacy and folder.startswith("ext"))


def _fill(path: str, text: str, options: PackageOptions) -> str:
    text = text.replace(_URL, escape(check_public_url(options.public_url)))
    text = text.replace(_EMAIL, escape(options.contact_email)).replace(_VERSION, f"package {options.version}")
    if not options.certificate:
        return text
    body = _spell_certificate(options.certificate)
    if path.startswith("extlClntAppGlobalOauthSets/"):
        return text.replace("    <externalClient", f"    <certificate>{body}</certificate>\n    <externalClient", 1)
    if path.startswith("connectedApps/"):
        return text.replace("</callbackUrl>\n", f"</callbackUrl>\n        <certificate>{body}</certificate>\n", 1)
    return text


def _spell_certificate(pem: str) -> str:
    """Base64 without header lines, as the metadata takes it."""
    try:
        return base64.b64encode(x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)).decode()
    except ValueError:
        raise FatalError("The certificate file holds no X.509 certificate in PEM form.") from None


def _convert(source: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    objects: dict[str, list[str]] = defaultdict(list)
    for path, text in source.items():
        folder, _, rest = path.partition("/")
        if folder == "objects":
            objects[rest.partition("/")[0]].append(text)
        else:
            yield path if folder in _WITH_META else path.removesuffix(_META), text
    for name, fields in objects.items():
        yield f"objects/{name}.object", _spell_object(fields)


def _spell_object(fields: list[str]) -> str:
    parts = []
    for text in fields:
        lines = text.strip().splitlines()[2:-1]  # without the declaration and the element that holds all
        parts.append("    <fields>\n" + "".join(f"    {line}\n" for line in lines) + "    </fields>\n")
    return f"{_HEAD}<CustomObject {_NAMESPACE}>\n{''.join(parts)}</CustomObject>\n"


def _manifest(files: Mapping[str, str]) -> str:
    members: dict[str, set[str]] = defaultdict(set)
    for path, text in files.items():
        folder, _, rest = path.partition("/")
        if folder == "objects":
            name = rest.removesuffix(".object")
            members["CustomField"].update(f"{name}.{field}" for field in re.findall(r"<fullName>(\w+)<", text))
        else:
            members[_TYPES[folder]].add(rest.partition("/")[0] if folder == "aura" else rest.partition(".")[0])
    types = "".join(
        "    <types>\n"
        + "".join(f"        <members>{name}</members>\n" for name in sorted(members[kind]))
        + f"        <name>{kind}</name>\n    </types>\n"
        for kind in sorted(members)
    )
    return f"{_HEAD}<Package {_NAMESPACE}>\n{types}    <version>{API_VERSION}</version>\n</Package>\n"
