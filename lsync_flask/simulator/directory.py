"""The org's users: set up as records once, and then read from the records, so that both can never differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.ledger import spell_moment
from lsync_flask.simulator.org import Org, SimUser
from lsync_flask.simulator.users import (
    ADMINISTRATOR,
    GROUP,
    GROUP_SETS,
    INTEGRATION_SET,
    PEOPLE,
    PERMISSION_SETS,
    PROFILES,
    Person,
)

_GRANTED = """SELECT DISTINCT {what} FROM PermissionSetAssignment a JOIN PermissionSet p ON p.Id = a.PermissionSetId
LEFT JOIN SetupEntityAccess s ON s.ParentId = p.Id LEFT JOIN CustomPermission c ON c.Id = s.SetupEntityId
WHERE a.AssigneeId = ? AND a.IsActive AND (a.ExpirationDate IS NULL OR a.ExpirationDate > ?)"""
# As the package ships it: LSync's admin creates fields and looks into Setup.
_RIGHTS_OF_SETS = {"LSync_Admin": {"PermissionsViewSetup": True, "PermissionsCustomizeApplication": True}}
_ADMIN_RIGHTS = (
    "PermissionsViewSetup",
    "PermissionsCustomizeApplication",
    "PermissionsManageUsers",
    "PermissionsAssignPermissionSets",
)


@dataclass(frozen=True, slots=True)
class Member:
    """One user of the org as they are now. `approved` says whether the app's policy lets them in."""

    id: str
    person: Person
    profile_id: str
    active: bool
    approved: bool

    @property
    def username(self) -> str:
        return self.person.username

    @property
    def nickname(self) -> str:
        return self.person.username.split("@", maxsplit=1)[0]

    @property
    def first_name(self) -> str:
        return self.person.first_name

    @property
    def last_name(self) -> str:
        return self.person.last_name

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def email(self) -> str:
        return self.person.email

    @property
    def locale(self) -> str:
        return self.person.locale

    @property
    def time_zone(self) -> str:
        return self.person.time_zone

    @property
    def about(self) -> str:
        return self.person.about

    def utc_offset_ms(self, now: datetime) -> int:
        """How far the user's clock is ahead of UTC, without summer time, as userinfo tells it."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        return int(((local.utcoffset() or timedelta()) - (local.dst() or timedelta())).total_seconds() * 1000)


class Directory:
    """Finds users and says what they may do."""

    def __init__(self, org: Org, people: Sequence[Person] = PEOPLE) -> None:
        self._org = org
        self._not_approved: set[str] = set()
        self._known: dict[str, tuple[int, SimUser]] = {}
        records = _Records(org)
        self._people = {records.add_person(person): person for person in people}
        self._profiles = records.profiles
        self._sets = records.sets

    def members(self) -> list[Member]:
        """All users, in the order in which they were set up."""
        return [self._member(user_id) for user_id in self._people]

    def by_id(self, user_id: str) -> Member | None:
        """The user with this id of 15 or 18 characters; None if there is none."""
        whole = to_18(user_id)
        return self._member(whole) if whole in self._people else None

    def by_username(self, username: str) -> Member | None:
        """The user of this name, in any case; None if there is none."""
        wanted = username.lower()
        return next((member for member in self.members() if member.username.lower() == wanted), None)

    def _member(self, user_id: str) -> Member:
        person = self._people[user_id]
        return Member(
            id=user_id,
            person=person,
            profile_id=self._profiles[person.profile],
            active=bool(self._org.store.rows('SELECT IsActive FROM "User" WHERE Id = ?', (user_id,))[0][0]),
            approved=user_id not in self._not_approved,
        )

    def set_active(self, user_id: str, *, active: bool) -> None:
        """Activate or deactivate a user."""
        self._org.update("User", user_id, {"IsActive": active})

    def set_approved(self, user_id: str, *, approved: bool) -> None:
        """Let a user into the connected app, or not."""
        (self._not_approved.discard if approved else self._not_approved.add)(user_id)

    def assign(self, user_id: str, names: Sequence[str], expires_at: datetime | None = None) -> None:
        """Give a user these permission sets in place of the directly assigned ones."""
        rows = self._org.store.rows(
            "SELECT a.Id FROM PermissionSetAssignment a JOIN PermissionSet p ON p.Id = a.PermissionSetId "
            "WHERE a.AssigneeId = ? AND a.PermissionSetGroupId IS NULL AND NOT p.IsOwnedByProfile",
            (user_id,),
        )
        for (assignment,) in rows:
            self._org.delete("PermissionSetAssignment", assignment)
        for name in names:
            self._org.insert(
                "PermissionSetAssignment", _assignment(user_id, self._sets[name], expires_at, self._org.now())
            )

    def set_names(self) -> frozenset[str]:
        """The permission sets that can be assigned."""
        return frozenset(self._sets)

    def permission_sets(self, user_id: str) -> list[str]:
        """The sets that count for a user now; of a group, the sets in it."""
        names = self._granted(user_id, "p.Name, p.Type, p.IsOwnedByProfile")
        held = {name for name, kind, hidden in names if kind != "Group" and not hidden}
        if any(kind == "Group" for _, kind, _ in names):
            held.update(GROUP_SETS)
        return sorted(held)

    def custom_permissions(self, user_id: str) -> frozenset[str]:
        """The custom permissions that a user has now, in whatever way they came."""
        found = self._granted(user_id, "c.DeveloperName")
        return frozenset(str(name) for (name,) in found if name is not None)

    def _granted(self, user_id: str, what: str) -> list[tuple[Any, ...]]:
        return self._org.store.rows(_GRANTED.format(what=what), (user_id, spell_moment(self._org.now())))

    def sim_user(self, user_id: str) -> SimUser:
        """The user as the data plane knows them; remembered until something in setup changes."""
        version = self._org.setup_version
        known = self._known.get(user_id)
        if known is None or known[0] != version:
            known = self._known[user_id] = (version, self._make_sim_user(user_id))
        return known[1]

    def _make_sim_user(self, user_id: str) -> SimUser:
        person = self._people[user_id]
        rights = self._granted(user_id, "p.PermissionsViewSetup, p.PermissionsCustomizeApplication")
        return SimUser(
            id=user_id,
            username=person.username,
            time_zone=person.time_zone,
            locale=person.locale,
            profile=person.profile,
            is_admin=any(customize for _, customize in rights),
            view_setup=any(view for view, _ in rights),
        )


def _assignment(user_id: str, set_id: str, expires_at: datetime | None, now: datetime) -> dict[str, object]:
    return {
        "AssigneeId": user_id,
        "PermissionSetId": set_id,
        "ExpirationDate": spell_moment(expires_at) if expires_at else None,
        "IsActive": expires_at is None or expires_at > now,
    }


class _Records:
    """Writes profiles, permission sets, their group and the users as records of the org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.profiles = {name: org.insert("Profile", {"Name": name, "UserType": "Standard"}) for name in PROFILES}
        self._profile_sets = {name: self._add_profile_set(name) for name in PROFILES}
        permissions = {name: self._add_permission(name) for name in PERMISSION_SETS}
        self.sets = {name: self._add_set(name, _RIGHTS_OF_SETS.get(name)) for name in PERMISSION_SETS}
        for name, set_id in self.sets.items():
            self._give(set_id, permissions[name])
        self.sets[INTEGRATION_SET] = self._add_set(INTEGRATION_SET, dict.fromkeys(_ADMIN_RIGHTS, True))
        self._group = org.insert(
            "PermissionSetGroup", {"DeveloperName": GROUP, "MasterLabel": "LSync Operations", "Status": "Updated"}
        )
        self._group_set = self._add_group_set([permissions[name] for name in GROUP_SETS])

    def _add_permission(self, name: str) -> str:
        label = name.replace("_", " ")
        return self._org.insert("CustomPermission", {"DeveloperName": name, "MasterLabel": label, "Language": "en_US"})

    def _add_set(self, name: str, rights: dict[str, bool] | None = None) -> str:
        values = {"Name": name, "Label": name.replace("_", " "), "Type": "Regular", "IsCustom": True}
        return self._org.insert("PermissionSet", {**values, "PermissionsApiEnabled": True, **(rights or {})})

    def _add_profile_set(self, profile: str) -> str:
        profile_id = self.profiles[profile]
        values = {"Name": f"X{profile_id}", "Label": f"X{profile_id}", "Type": "Profile", "IsOwnedByProfile": True}
        rights = dict.fromkeys((*_ADMIN_RIGHTS, "PermissionsModifyAllData"), profile == ADMINISTRATOR)
        return self._org.insert(
            "PermissionSet", {**values, "ProfileId": profile_id, "PermissionsApiEnabled": True, **rights}
        )

    def _add_group_set(self, permissions: Sequence[str]) -> str:
        values = {"Name": f"X{self._group[:15]}", "Label": "LSync Operations", "Type": "Group"}
        set_id = self._org.insert("PermissionSet", {**values, "PermissionSetGroupId": self._group})
        for permission in permissions:
            self._give(set_id, permission)
        for name in GROUP_SETS:
            pair = {"PermissionSetGroupId": self._group, "PermissionSetId": self.sets[name]}
            self._org.insert("PermissionSetGroupComponent", pair)
        return set_id

    def _give(self, set_id: str, permission: str) -> None:
        access = {"ParentId": set_id, "SetupEntityId": permission, "SetupEntityType": "CustomPermission"}
        self._org.insert("SetupEntityAccess", access)

    def add_person(self, person: Person) -> str:
        """Write one user and what is assigned to them; the user's id."""
        user_id = self._org.insert("User", self._user(person))
        now = self._org.now()
        assign = [_assignment(user_id, self._profile_sets[person.profile], None, now)]
        assign += [_assignment(user_id, self.sets[name], None, now) for name in person.sets]
        assign += [_assignment(user_id, self.sets[name], now - timedelta(days=7), now) for name in person.expired]
        if GROUP in person.groups:
            assign.append(_assignment(user_id, self._group_set, None, now) | {"PermissionSetGroupId": self._group})
        for row in assign:
            self._org.insert("PermissionSetAssignment", row)
        return user_id

    def _user(self, person: Person) -> dict[str, object]:
        alias = (person.first_name[:1] + person.last_name).lower()[:8]
        return {
            "Username": person.username,
            "FirstName": person.first_name,
            "LastName": person.last_name,
            "Email": person.email,
            "Alias": alias,
            "CommunityNickname": person.username.split("@", maxsplit=1)[0],
            "IsActive": person.active,
            "TimeZoneSidKey": person.time_zone,
            "LocaleSidKey": person.locale,
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "ProfileId": self.profiles[person.profile],
            "UserType": "Standard",
        }
