"""What may go wrong with a row of a results mapping, said before it is saved."""

from collections.abc import Iterator, Sequence

from lsync_flask.engine.checks import picklist_finder
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.policies import Policy
from lsync_flask.engine.readers import DATE_TYPES, NUMBER_TYPES
from lsync_flask.engine.trials import Trial
from lsync_flask.plugin_api import ProviderField

FEW = 5


def row_warnings(
    output: ProviderField, target: FieldInfo, trials: Sequence[Trial], policy: Policy, *, is_transformed: bool
) -> list[str]:
    """Sentences about type and length; nothing here forbids saving. `trials` are samples through the row."""
    found = [_refused(trial, target) for trial in trials if trial.problem][:1]
    if not is_transformed and not found:
        found += [*_of_length(output, target), *_of_type(output, target), *_of_choices(output, target)]
    if target.type == "boolean" and policy == "fill_blanks":
        found.append(f"{target.label} is a checkbox and never blank: “Fill blanks only” will never change it.")
    if policy == "always" and not target.nillable:
        found.append(f"{target.label} must have a value, so it is never cleared.")
    return found


def _refused(trial: Trial, target: FieldInfo) -> str:
    return f"The sample “{trial.raw}” would be rejected: {trial.problem or target.label}"


def _of_length(output: ProviderField, target: FieldInfo) -> Iterator[str]:
    if target.type in NUMBER_TYPES | DATE_TYPES or not target.length or output.type in NUMBER_TYPES:
        return
    if output.length and output.length > target.length:
        yield (
            f"{output.label} has up to {output.length:,} characters and {target.label} takes {target.length:,}: a "
            "longer value is rejected. Add the transform “Substring”, or choose a longer field."
        )


def _of_type(output: ProviderField, target: FieldInfo) -> Iterator[str]:
    is_text = output.type not in NUMBER_TYPES | DATE_TYPES | {"boolean"}
    if target.type in NUMBER_TYPES and is_text:
        yield f"{output.label} is text, {target.label} a number: what is none is rejected. Add “Number from text”."
    elif target.type in DATE_TYPES and is_text:
        yield f"{output.label} is text, {target.label} a date: what is none is rejected. Add “Date from text”."
    elif target.type == "int" and output.type in NUMBER_TYPES - {"int"}:
        yield f"{target.label} holds whole numbers: decimals are rounded."
    elif target.type == "email" and output.type != "email":
        yield f"What is not an e-mail address is rejected by {target.label}."


def _of_choices(output: ProviderField, target: FieldInfo) -> Iterator[str]:
    if target.type not in {"picklist", "multipicklist"} or not target.values:
        return
    find = picklist_finder(target)
    unknown = [value for value in output.values if find(value) is None]
    few = ", ".join(unknown[:FEW]) + (", …" if unknown[FEW:] else "")
    if unknown and target.restricted:
        yield f"{target.label} does not have {few}: they are rejected. Add a “Value map”, or add them to the picklist."
    elif unknown:
        yield f"{target.label} does not list {few}: Salesforce takes them, but they stand in no filter or report."
    elif target.restricted and not output.values:
        yield f"{target.label} takes its own values alone: a “Value map” turns the provider's words into them."
