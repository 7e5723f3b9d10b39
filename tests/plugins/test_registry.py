import contextlib
import signal
import sys
import time
from textwrap import dedent

import pytest

from lsync_flask.plugin_api import GROUPS, Field, Operator, Provider, Transform
from lsync_flask.registry import OWN_DISTRIBUTION, Entry, Refused, discover

TRANSFORMS = GROUPS["transform"]


class Shout(Transform):
    """Capital letters and an exclamation mark."""

    name = "shout"
    label = "Shout"
    api = 1

    def apply(self, value, record):
        return f"{value}!".upper()


def plugin(base=Shout, **attributes):
    return type("Made", (base,), {"__doc__": "Made for a test.", "__module__": __name__, **attributes})


def entry(loaded, name="shout", group=TRANSFORMS, distribution="acme-plugins"):
    def load():
        if isinstance(loaded, BaseException):
            raise loaded
        return loaded

    return Entry(group, name, distribution, "1.2", load)


def refusal(loaded, **more):
    registry = discover(None, frozenset(), [entry(loaded, **more)])

    assert not registry.transforms
    (refused,) = registry.refused
    return refused.reason


def test_a_sound_plugin_is_there_with_who_brought_it():
    registry = discover(None, frozenset(), [entry(Shout)])

    assert registry.transforms == {"shout": Shout}
    (installed,) = registry.installed
    assert (installed.kind, installed.name, installed.label) == ("transform", "shout", "Shout")
    assert (installed.distribution, installed.version) == ("acme-plugins", "1.2")
    assert registry.refused == ()


def test_nothing_in_a_registry_can_be_changed():
    registry = discover(None, frozenset(), [entry(Shout)])

    with pytest.raises(TypeError):
        registry.transforms["other"] = Shout
    with pytest.raises(AttributeError):
        registry.refused = ()


@pytest.mark.parametrize(
    "error",
    [ImportError("no module named x"), SystemExit(3), ZeroDivisionError("x"), SyntaxError("bad"), MemoryError()],
)
def test_a_plugin_that_fails_at_import_is_refused_and_the_others_load(error):
    registry = discover(None, frozenset(), [entry(error, name="broken", distribution="a-first"), entry(Shout)])

    assert list(registry.transforms) == ["shout"]
    (refused,) = registry.refused
    assert (refused.group, refused.name, refused.distribution) == (TRANSFORMS, "broken", "a-first")
    assert type(error).__name__ in refused.reason


def test_only_an_interrupt_from_outside_stops_the_search():
    with pytest.raises(KeyboardInterrupt):
        discover(None, frozenset(), [entry(KeyboardInterrupt())])


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


class OwnRoot(BaseException):
    pass


@pytest.mark.parametrize("error", [Unspeakable(), OwnRoot("out"), GeneratorExit(), MemoryError()])
def test_whatever_an_import_raises_the_others_load(error):
    registry = discover(None, frozenset(), [entry(error, name="bad"), entry(Shout)])

    assert list(registry.transforms) == ["shout"]
    assert type(error).__name__ in registry.refused[0].reason


def test_an_import_that_never_ends_and_eats_exceptions_is_refused(monkeypatch):
    monkeypatch.setattr("lsync_flask.registry.LOAD_S", 0.05)

    def hang():
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    slow = Entry(TRANSFORMS, "slow", "acme-plugins", "1", hang)
    registry = discover(None, frozenset(), [slow, entry(Shout)])

    assert list(registry.transforms) == ["shout"]
    assert "not done after" in registry.refused[0].reason


def test_an_alarm_that_was_set_before_goes_on_after_the_plugins_are_loaded():
    before = signal.setitimer(signal.ITIMER_REAL, 60, 0)
    try:
        discover(None, frozenset(), [entry(Shout)])

        assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)


@pytest.mark.parametrize("loaded", [None, 1, "text", int, object(), Operator, Transform, lambda value: value])
def test_what_is_no_transform_is_refused(loaded):
    assert "not a subclass of lsync_flask.plugin_api.Transform" in refusal(loaded)


def test_an_operator_among_the_transforms_is_refused():
    assert "not a subclass" in refusal(plugin(Operator, name="shout", label="Shout", api=1))


@pytest.mark.parametrize("api", [0, 2, "1", None, True])
def test_another_version_of_the_api_is_refused(api):
    assert refusal(plugin(api=api)) == f"It was written for API {api!r}, and this is API 1."


@pytest.mark.parametrize(
    "name", ["", "Shout", "two words", "two_words", "-x", "x-", "a--b", "x" * 61, "ünder", None, 7]
)
def test_a_bad_name_is_refused(name):
    assert "name must be lower-case words" in refusal(plugin(name=name))


def test_a_bad_name_of_the_entry_is_refused():
    assert "name must be lower-case words" in refusal(Shout, name="Sh out")


def test_a_name_that_differs_from_its_entry_is_refused():
    assert "must be equal" in refusal(Shout, name="whisper")


@pytest.mark.parametrize("label", ["", "  ", None, 5, "x" * 81])
def test_a_plugin_without_a_label_is_refused(label):
    assert "needs a label" in refusal(plugin(label=label))


@pytest.mark.parametrize("docstring", [None, "", "   \n"])
def test_a_plugin_without_a_docstring_of_its_own_is_refused(docstring):
    assert "no docstring" in refusal(plugin(__doc__=docstring))


def test_a_default_that_breaks_its_own_rules_is_refused():
    bad = plugin(__annotations__={"width": int}, width=Field(default=0, ge=1, title="Width", description="Characters."))

    assert "default of the parameter width breaks its own rules" in refusal(bad)


def test_a_plugin_without_its_method_is_refused():
    assert refusal(plugin(Transform, name="shout", label="Shout", api=1)) == "It has no method apply."


def test_a_plugin_that_takes_unknown_parameters_is_refused():
    loose = plugin(model_config={"extra": "allow"})

    assert "refuse unknown parameters" in refusal(loose)


def test_an_operator_needs_types_and_both_meanings():
    bare = plugin(Operator, name="shout", label="Shout", api=1)

    reason = discover(None, frozenset(), [entry(bare, group=GROUPS["operator"])]).refused[0].reason

    assert "no method matches" in reason
    assert "no method conditions" in reason
    assert "types must be a frozenset" in reason


def test_a_provider_says_what_asking_again_costs_and_how_much_it_takes():
    bare = plugin(Provider, name="shout", label="Shout", api=1, max_per_call=0)

    reason = discover(None, frozenset(), [entry(bare, group=GROUPS["provider"])]).refused[0].reason

    assert "idempotency must be one of" in reason
    assert "max_per_call" in reason


def test_of_two_plugins_with_one_name_the_first_distribution_wins():
    entries = [entry(plugin(), distribution="zeta"), entry(Shout, distribution="alpha")]

    registry = discover(None, frozenset(), entries)

    assert registry.transforms["shout"] is Shout
    assert registry.refused == (Refused(TRANSFORMS, "shout", "zeta", "alpha brings a transform of this name already."),)


def test_nobody_takes_the_name_of_a_built_in():
    entries = [entry(plugin(), distribution="aaa"), entry(Shout, distribution=OWN_DISTRIBUTION)]

    registry = discover(None, frozenset(), entries)

    assert registry.transforms["shout"] is Shout
    assert registry.refused[0].distribution == "aaa"


def test_a_broken_plugin_does_not_keep_a_name_from_a_sound_one():
    entries = [entry(ImportError("x"), distribution="alpha"), entry(Shout, distribution="beta")]

    assert discover(None, frozenset(), entries).transforms == {"shout": Shout}


def test_a_transform_and_an_operator_may_have_one_name():
    operator = plugin(
        Operator,
        name="shout",
        label="shouts",
        api=1,
        types=frozenset({"string"}),
        matches=lambda self, value, operand, now: True,
        conditions=lambda self, operand: None,
    )
    entries = [entry(Shout), entry(operator, group=GROUPS["operator"])]

    registry = discover(None, frozenset(), entries)

    assert (list(registry.transforms), list(registry.operators)) == (["shout"], ["shout"])


def test_what_is_not_allowed_is_not_even_imported():
    registry = discover(frozenset({"other"}), frozenset(), [entry(AssertionError("imported"))])

    assert registry.refused[0].reason == "acme-plugins is not on the list of allowed plugins (LSYNC_ALLOWED_PLUGINS)."


def test_distributions_are_allowed_by_any_spelling_and_ours_always():
    entries = [
        entry(Shout, distribution="Acme_Plugins"),
        entry(plugin(name="own"), "own", distribution=OWN_DISTRIBUTION),
    ]

    registry = discover(frozenset({"acme.plugins"}), frozenset(), entries)

    assert set(registry.transforms) == {"shout", "own"}


def test_what_is_switched_off_is_not_even_imported():
    registry = discover(None, frozenset({"shout"}), [entry(AssertionError("imported"))])

    assert registry.refused[0].reason == "It is switched off (LSYNC_PLUGINS_OFF)."


def test_the_order_does_not_depend_on_the_machine():
    entries = [entry(plugin(name=name), name, distribution=d) for d in ("b", "a") for name in (f"{d}-two", f"{d}-one")]

    one, other = discover(None, frozenset(), entries), discover(None, frozenset(), entries[::-1])

    assert one.installed == other.installed
    assert [found.name for found in one.installed] == ["a-one", "a-two", "b-one", "b-two"]


def test_a_reason_is_one_line_of_sane_length():
    reason = refusal(ImportError("long\n" * 1000))

    assert "\n" not in reason
    assert len(reason) <= 300


def test_a_class_that_fails_when_it_is_looked_at_is_refused():
    class Odd(type(Shout)):
        def __getattribute__(cls, name):
            if name == "label":
                raise RuntimeError("do not look at me")
            return super().__getattribute__(name)

    odd = Odd("OddShout", (Shout,), {"__doc__": "Odd.", "__module__": __name__})

    assert "do not look at me" in refusal(odd)


def test_plugins_are_found_as_entry_points_of_installed_distributions(tmp_path, monkeypatch):
    install(tmp_path, "sound-plugin", "sound_plugin", SOUND)
    install(tmp_path, "broken-plugin", "broken_plugin", "import sys\nsys.exit(1)\n")
    monkeypatch.syspath_prepend(tmp_path)

    registry = discover(None, frozenset())

    assert registry.transforms["sing"]().apply("la", {}) == "la la"
    assert ("sound-plugin", "2.5") in {(found.distribution, found.version) for found in registry.installed}
    reasons = {refused.distribution: refused.reason for refused in registry.refused}
    assert "SystemExit" in reasons["broken-plugin"]
    assert "broken_plugin" not in sys.modules


SOUND = dedent('''
    from lsync_flask.plugin_api import Transform

    class Sing(Transform):
        """Says everything twice."""

        name, label, api = "sing", "Sing", 1

        def apply(self, value, record):
            return f"{value} {value}"
''')


def install(folder, distribution, module, source):
    (folder / f"{module}.py").write_text(source)
    about = folder / f"{module}-2.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
    (about / "entry_points.txt").write_text(f"[lsync.transforms]\nsing = {module}:Sing\n")
