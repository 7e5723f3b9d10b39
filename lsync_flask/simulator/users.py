"""The people of the org and what their permission sets give them, as one list that is then written as records."""

from dataclasses import dataclass

PERMISSION_SETS = ("LSync_Admin", "LSync_Manager", "LSync_Single_Enrich", "LSync_Auditor")
"""The shipped permission sets; each gives the custom permission of the same name."""
INTEGRATION_SET = "LSync_Integration"
GROUP = "LSync_Operations"
GROUP_SETS = ("LSync_Manager",)
MAIL_DOMAIN = "northbridge.example"

STANDARD = "Standard User"
ADMINISTRATOR = "System Administrator"
INTEGRATION = "Minimum Access - API Only Integrations"
PROFILES = (ADMINISTRATOR, STANDARD, INTEGRATION)


@dataclass(frozen=True, slots=True)
class Person:
    """One user as the org is first set up with. `expired` names sets whose assignment ran out."""

    username: str
    first_name: str
    last_name: str
    profile: str = STANDARD
    sets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    active: bool = True
    locale: str = "en_GB"
    time_zone: str = "Europe/London"
    about: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return self.username


def _username(local: str) -> str:
    return f"{local}@{MAIL_DOMAIN}"


PEOPLE = (
    Person(_username("ada.lindgren"), "Ada", "Lindgren", sets=("LSync_Admin",), about="LSync Admin"),
    Person(
        _username("marco.bianchi"),
        "Marco",
        "Bianchi",
        sets=("LSync_Manager",),
        locale="it_IT",
        time_zone="Europe/Rome",
        about="LSync Manager",
    ),
    Person(_username("sophie.okafor"), "Sophie", "Okafor", sets=("LSync_Single_Enrich",), about="LSync Single Enrich"),
    Person(
        _username("aiko.tanaka"),
        "Aiko",
        "Tanaka",
        sets=("LSync_Auditor",),
        locale="ja_JP",
        time_zone="Asia/Tokyo",
        about="LSync Auditor",
    ),
    Person(
        _username("gustav.aberg"),
        "Gustav",
        "Åberg",
        groups=(GROUP,),
        locale="sv_SE",
        time_zone="Europe/Stockholm",
        about="LSync Manager through a permission set group",
    ),
    Person(
        _username("elena.ruiz"),
        "Elena",
        "Ruiz",
        expired=("LSync_Manager",),
        locale="es_ES",
        time_zone="Europe/Madrid",
        about="LSync Manager, assignment expired",
    ),
    Person(_username("noah.reid"), "Noah", "Reid", about="no permission set"),
    Person(_username("iris.frost"), "Iris", "Frost", sets=("LSync_Manager",), active=False, about="inactive"),
    Person(
        _username("samuel.root"),
        "Samuel",
        "Root",
        profile=ADMINISTRATOR,
        locale="en_US",
        time_zone="America/Los_Angeles",
        about="System Administrator without any set",
    ),
    Person(
        _username("integration"),
        "LSync",
        "Integration",
        profile=INTEGRATION,
        sets=(INTEGRATION_SET,),
        locale="en_US",
        time_zone="GMT",
        about="integration user with View Setup",
    ),
)
