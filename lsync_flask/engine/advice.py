"""What to do about an error, in plain words, by its code (Salesforce's codes of `salesforce.md` §4.9, and our own)."""

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "UNABLE_TO_LOCK_ROW": "Somebody else was changing the record. Retry the failed records.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule of your org refused it. Change the record or the rule.",
    "REQUIRED_FIELD_MISSING": "The record lacks a required field. Fill it in, then retry.",
    "STRING_TOO_LONG": "The value is longer than the field. Add a Substring transform or lengthen the field.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist, or map it with a Value map transform.",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": "The value does not fit the field's type. Add a transform to the mapping.",
    "NUMBER_OUTSIDE_VALID_RANGE": "The number has more digits than the field. Round it or enlarge the field.",
    "INVALID_EMAIL_ADDRESS": "The provider's value is no e-mail address. Nothing was changed.",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "The owner may not edit this field. Ask an admin for edit access.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "The owner may not edit this record. Ask an admin for access.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The owner may not see a related record. Ask an admin for access.",
    "ENTITY_IS_DELETED": "The record was deleted or merged meanwhile.",
    "INVALID_CROSS_REFERENCE_KEY": "The record was deleted meanwhile, or is hidden from the owner.",
    "ENTITY_IS_LOCKED": "The record is in an approval process. Retry when it is over.",
    "CANNOT_UPDATE_CONVERTED_LEAD": "The lead was converted meanwhile.",
    "DUPLICATES_DETECTED": "A duplicate rule refused it. Merge the records or change the rule.",
    "DUPLICATE_VALUE": "Another record already has this value in a unique field.",
    "INACTIVE_OWNER_OR_USER": "The record's owner is inactive. Give it another owner.",
    "STORAGE_LIMIT_EXCEEDED": "Your org has no data storage left.",
    "MINIMUM_INPUT": "The record has too little for the provider to find it. Fill in the inputs that it needs.",
    "PROVIDER_ERROR": "The provider could not be reached or failed. Retry later: nothing was paid.",
    "NO_ANSWER": "The provider left the record out of its answer. Retry the failed records.",
    "CHARGE_UNKNOWN": "The provider's answer was lost and may have been paid. Retry to ask again.",
    "PLUGIN_FAILED": "A transform failed. Tell whoever maintains the plugin.",
    "WORKER_DIED": "Several workers died over this bulk. Look at the server's memory and logs, then retry.",
    "INTERNAL_ERROR": "Tell whoever runs LSync; the log on the server says what went wrong. Then retry.",
    "CANCELLED": "The activity was cancelled before these records were written.",
}


def advice(code: str) -> str:
    """What to do; empty when the message must speak for itself."""
    return ADVICE.get(code, "")
